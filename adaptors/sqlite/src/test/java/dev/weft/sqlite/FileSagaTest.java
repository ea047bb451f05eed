package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.SagaContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Sagas, on a file. */
class FileSagaTest extends SagaContract {

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
