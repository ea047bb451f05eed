/** A service's log and tables in a database that is spoken to by JDBC. */
@org.jspecify.annotations.NullMarked
module dev.weft.jdbc {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires transitive java.sql;

    exports dev.weft.jdbc;
}
