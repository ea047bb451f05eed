/** The embedded event store, on SQLite. */
@org.jspecify.annotations.NullMarked
module dev.weft.sqlite {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires transitive dev.weft.jdbc;
    requires org.xerial.sqlitejdbc;

    exports dev.weft.sqlite;

    provides dev.weft.events.Storage.Provider with
            dev.weft.sqlite.SqliteProvider;
}
