package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.SagaContract;

/** Sagas on a server. */
class PostgresSagaTest extends SagaContract {

    private String schema = "";

    @Override
    protected Storage open() {
        schema = TestServer.freshSchema();
        return reopen();
    }

    @Override
    protected Storage reopen() {
        return Storage.open(TestServer.url(schema), SystemTime.INSTANCE);
    }

    @Override
    protected boolean isShared() {
        return true;
    }
}
