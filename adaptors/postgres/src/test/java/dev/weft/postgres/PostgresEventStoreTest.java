package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.Storage;
import dev.weft.testkit.EventStoreContract;
import java.sql.SQLException;

class PostgresEventStoreTest extends EventStoreContract {

    private static final String SCHEMA = freshSchema();

    /** There before the first case. */
    private static String freshSchema() {
        var schema = TestServer.freshSchema();
        Storage.open(TestServer.url(schema), SystemTime.INSTANCE).close();
        return schema;
    }

    @Override
    protected EventStore open() throws SQLException {
        TestServer.empty(SCHEMA);
        return reopen();
    }

    @Override
    protected EventStore reopen() {
        return Storage.open(TestServer.url(SCHEMA), SystemTime.INSTANCE).events();
    }

    @Override
    protected EventStore node() {
        return reopen();
    }

    @Override
    protected boolean shared() {
        return true;
    }

    @Override
    protected boolean survivesReopening() {
        return true;
    }
}
