package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.StorageContract;

class SqliteMemoryStorageTest extends StorageContract {

    @Override
    protected Storage open() {
        return Storage.open("memory:", SystemTime.INSTANCE);
    }

    @Override
    protected Storage again() {
        return open();
    }

    @Override
    protected boolean survivesReopening() {
        return false;
    }

    @Override
    protected boolean shared() {
        return false;
    }

    @Override
    protected boolean readsWhileWriting() {
        return false;
    }
}
