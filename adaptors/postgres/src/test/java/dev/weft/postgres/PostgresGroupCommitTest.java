package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.jdbc.JdbcStorage;
import dev.weft.testkit.GroupCommitContract;

/** Commits on a server. */
class PostgresGroupCommitTest extends GroupCommitContract {

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

    @Override
    protected int queue() {
        return JdbcStorage.MAX_QUEUE;
    }

    @Override
    protected boolean readsBesideWrites() {
        return true;
    }
}
