package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.Storage;
import dev.weft.testkit.EventStoreContract;

/** The log in a database in memory keeps the contract. */
class SqliteMemoryTest extends EventStoreContract {

    @Override
    protected EventStore open() {
        return Storage.open("memory:", SystemTime.INSTANCE).events();
    }

    @Override
    protected EventStore reopen() {
        return open();
    }

    @Override
    protected EventStore node() {
        return open();
    }

    @Override
    protected boolean shared() {
        return false;
    }

    @Override
    protected boolean survivesReopening() {
        return false;
    }
}
