package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.jdbc.JdbcStorage;
import dev.weft.testkit.GroupCommitContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Commits in a file. */
class FileGroupCommitTest extends GroupCommitContract {

    @TempDir Path folder;

    @Override
    protected Storage open() {
        return Storage.open("sqlite:" + folder.resolve("a/house.db"), SystemTime.INSTANCE);
    }

    @Override
    protected Storage reopen() {
        return open();
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
