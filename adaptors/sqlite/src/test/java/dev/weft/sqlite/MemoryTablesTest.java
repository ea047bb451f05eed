package dev.weft.sqlite;

import dev.weft.core.SystemTime;

/** Tables in memory do what tables in a file do. */
class MemoryTablesTest extends TablesTest {

    @Override
    SqliteStorage open() {
        return SqliteStorage.inMemory(SystemTime.INSTANCE);
    }
}
