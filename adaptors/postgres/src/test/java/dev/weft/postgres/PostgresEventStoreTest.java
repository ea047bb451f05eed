package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.Storage;
import dev.weft.testkit.EventStoreContract;

class PostgresEventStoreTest extends EventStoreContract {

    private String schema = "";

    @Override
    protected EventStore open() {
        schema = TestServer.freshSchema();
        return reopen();
    }

    @Override
    protected EventStore reopen() {
        return Storage.open(TestServer.url(schema), SystemTime.INSTANCE).events();
    }

    @Override
    protected boolean survivesReopening() {
        return true;
    }
}
