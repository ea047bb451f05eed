package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import dev.weft.testkit.ParkedContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class ParkedFileTest extends ParkedContract {

    @TempDir Path folder;

    @Override
    protected Storage open() {
        return Storage.open("sqlite:" + folder.resolve("house.db"), SystemTime.INSTANCE);
    }
}
