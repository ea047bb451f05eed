/** The embedded event store, on SQLite. */
package dev.weft.sqlite;
