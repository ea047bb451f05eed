/**
 * The embedded storage: log and tables of one service in one SQLite file, or in memory.
 *
 * <p>{@link dev.weft.sqlite.SqliteStorage} is the whole of it. One thread writes: it takes all that
 * waits, appends and transactions alike, into one transaction and so into one sync of the disk.
 * Reads go beside it, on connections of their own, and see the last commit (write-ahead log).
 * Several processes may have one file open; the database's write lock orders them.
 */
package dev.weft.sqlite;
