package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.TablesContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Tables in a file. */
class FileTablesTest extends TablesContract {

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
    protected boolean survivesErrors() {
        return true;
    }
}
