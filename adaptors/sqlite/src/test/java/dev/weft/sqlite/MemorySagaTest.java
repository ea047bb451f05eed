package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.SagaContract;

/** Sagas, in memory. */
class MemorySagaTest extends SagaContract {

    @Override
    protected Storage open() {
        return Storage.open("memory:", SystemTime.INSTANCE);
    }

    @Override
    protected Storage reopen() {
        return open();
    }

    @Override
    protected boolean isShared() {
        return false;
    }
}
