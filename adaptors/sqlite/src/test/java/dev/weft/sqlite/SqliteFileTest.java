package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.Storage;
import dev.weft.testkit.EventStoreContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** The log in a file keeps the contract. */
class SqliteFileTest extends EventStoreContract {

    @TempDir Path folder;

    @Override
    protected EventStore open() {
        return Storage.open("sqlite:" + folder.resolve("a/log.db"), SystemTime.INSTANCE).events();
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
        return true;
    }

    @Override
    protected boolean survivesReopening() {
        return true;
    }
}
