package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.RebuildContract;

/** Projections are rebuilt on a server. */
class PostgresRebuildTest extends RebuildContract {

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
