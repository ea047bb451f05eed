/** Storage on PostgreSQL. The driver is found by the JDK's service loader. */
@org.jspecify.annotations.NullMarked
module dev.weft.postgres {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires transitive dev.weft.jdbc;

    exports dev.weft.postgres;

    uses java.sql.Driver;

    provides dev.weft.events.Storage.Provider with
            dev.weft.postgres.PostgresProvider;
}
