package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.jdbc.JdbcStorage;
import dev.weft.testkit.GroupCommitContract;

/** Commits in memory. */
class MemoryGroupCommitTest extends GroupCommitContract {

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

    @Override
    protected int queue() {
        return JdbcStorage.MAX_QUEUE;
    }

    @Override
    protected boolean readsBesideWrites() {
        return false;
    }
}
