package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.jdbc.JdbcStorage;

/** Tables in memory do what tables in a file do. */
class MemoryTablesTest extends TablesTest {

    @Override
    JdbcStorage open() {
        return Sqlite.inMemory(SystemTime.INSTANCE);
    }
}
