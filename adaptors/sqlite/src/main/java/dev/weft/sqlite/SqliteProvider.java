package dev.weft.sqlite;

import dev.weft.core.Time;
import dev.weft.events.Storage;
import java.nio.file.Path;

/**
 * Opens {@code sqlite:FILE}, the file absolute or relative to the working folder, and {@code
 * memory:}.
 */
public final class SqliteProvider implements Storage.Provider {

    private static final String FILE = "sqlite:";
    private static final String MEMORY = "memory:";

    public SqliteProvider() {}

    @Override
    public boolean knows(String url) {
        return url.startsWith(FILE) || url.startsWith(MEMORY);
    }

    @Override
    public Storage open(String url, Time time) {
        if (url.equals(MEMORY)) return Sqlite.inMemory(time);
        if (!url.startsWith(FILE) || url.length() == FILE.length())
            throw new IllegalArgumentException(
                    "a storage is named sqlite:FILE or memory:, not " + url);
        return Sqlite.open(Path.of(url.substring(FILE.length())), time);
    }
}
