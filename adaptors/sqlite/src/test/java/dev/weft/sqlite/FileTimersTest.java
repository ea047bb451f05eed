package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.TimersContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Timers, on a file. */
class FileTimersTest extends TimersContract {

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
}
