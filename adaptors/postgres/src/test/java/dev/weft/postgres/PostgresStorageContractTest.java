package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.StorageContract;
import java.sql.SQLException;

class PostgresStorageContractTest extends StorageContract {

    private static final String SCHEMA = freshSchema();

    /** There before the first case. */
    private static String freshSchema() {
        var schema = TestServer.freshSchema();
        Storage.open(TestServer.url(schema), SystemTime.INSTANCE).close();
        return schema;
    }

    @Override
    protected Storage open() throws SQLException {
        TestServer.empty(SCHEMA);
        return again();
    }

    @Override
    protected Storage again() {
        return Storage.open(TestServer.url(SCHEMA), SystemTime.INSTANCE);
    }

    @Override
    protected boolean survivesReopening() {
        return true;
    }

    @Override
    protected boolean shared() {
        return true;
    }

    @Override
    protected boolean readsWhileWriting() {
        return true;
    }
}
