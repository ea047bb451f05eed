package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.StorageContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class SqliteFileStorageTest extends StorageContract {

    @TempDir Path folder;

    @Override
    protected Storage open() {
        return Storage.open("sqlite:" + folder.resolve("log.db"), SystemTime.INSTANCE);
    }

    @Override
    protected Storage again() {
        return open();
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
