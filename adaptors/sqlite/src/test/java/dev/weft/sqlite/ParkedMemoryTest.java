package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.ParkedContract;

class ParkedMemoryTest extends ParkedContract {

    @Override
    protected Storage open() {
        return Storage.open("memory:", SystemTime.INSTANCE);
    }
}
