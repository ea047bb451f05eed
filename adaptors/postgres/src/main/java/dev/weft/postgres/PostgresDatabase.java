package dev.weft.postgres;

import dev.weft.core.Failure;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;

/** A database on a PostgreSQL server, in which each service has a schema. Its text has no password. */
public final class PostgresDatabase {

    private static final String RIGHTS =
            """
            SELECT current_setting('server_version_num')::integer / 10000 AS version,
                pg_is_in_recovery() AS replica,
                has_database_privilege(current_database(), 'CREATE') AS may_create
            """;

    private static final String SCHEMA =
            """
            SELECT has_schema_privilege(oid, 'USAGE') AND has_schema_privilege(oid, 'CREATE')
            FROM pg_catalog.pg_namespace WHERE nspname = ?
            """;

    private final String url;
    private final Address address;

    private PostgresDatabase(String url, Address address) {
        this.url = url;
        this.address = address;
    }

    /**
     * The database that the URL names: {@code postgresql://USER:PASSWORD@HOST:PORT/DATABASE}. {@link IllegalArgumentException} if
     * it is none, or names a schema, without telling the password.
     */
    public static PostgresDatabase of(String url) {
        if (!Address.isOne(url))
            throw new IllegalArgumentException(
                    "a database is named postgresql://USER:PASSWORD@HOST:PORT/DATABASE, not "
                            + Address.withoutPassword(url));
        var address = Address.of(url);
        if (Address.namesSchema(url))
            throw new IllegalArgumentException(
                    "the database "
                            + Address.withoutPassword(url)
                            + " is named with a schema, but each service gets one of its own: leave schema= out");
        return new PostgresDatabase(url, address);
    }

    /** The URL of a storage in a schema of this database. */
    public String schema(String name) {
        return url + (url.contains("?") ? "&" : "?") + "schema=" + name;
    }

    /** Whether it takes connections now. */
    public boolean answers() {
        try (var _ = connect()) {
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /**
     * Checks that storages can be in these schemas, which are there or can be made; {@link Failure.Storage} says what is missing
     * and how to mend it.
     */
    public void requireUsable(Collection<String> schemas) {
        try (var connection = connect()) {
            boolean mayCreate = mayCreate(connection);
            var refused = new ArrayList<String>();
            for (var schema : schemas)
                if (!mayUse(connection, schema, mayCreate)) refused.add(schema);
            if (!refused.isEmpty())
                throw new Failure.Storage(
                        this
                                + " does not let this user keep data in the schemas "
                                + String.join(", ", refused)
                                + "; grant it CREATE on the database, or make each of them and grant it USAGE and CREATE on it",
                        null);
        } catch (SQLException e) {
            throw new Failure.Storage(this + Errors.remedy(e) + ": " + e.getMessage(), e);
        }
    }

    private boolean mayCreate(Connection connection) throws SQLException {
        try (var statement = connection.prepareStatement(RIGHTS);
                var found = statement.executeQuery()) {
            found.next();
            int version = found.getInt("version");
            if (version < PostgresCluster.OLDEST)
                throw new Failure.Storage(
                        this
                                + " is on PostgreSQL "
                                + version
                                + "; "
                                + PostgresCluster.OLDEST
                                + " or later is needed",
                        null);
            if (found.getBoolean("replica"))
                throw new Failure.Storage(
                        this + " is on a replica, which takes no changes; name its primary", null);
            return found.getBoolean("may_create");
        }
    }

    private static boolean mayUse(Connection connection, String schema, boolean mayCreate)
            throws SQLException {
        try (var statement = connection.prepareStatement(SCHEMA)) {
            statement.setString(1, schema);
            try (var found = statement.executeQuery()) {
                return found.next() ? found.getBoolean(1) : mayCreate;
            }
        }
    }

    private Connection connect() throws SQLException {
        var properties = address.properties();
        properties.putIfAbsent("ApplicationName", "weft");
        properties.putIfAbsent("connectTimeout", String.valueOf(Postgres.CONNECTING.toSeconds()));
        properties.putIfAbsent("socketTimeout", String.valueOf(Postgres.CONNECTING.toSeconds()));
        return DriverManager.getConnection(address.jdbcUrl(), properties);
    }

    /** {@code postgresql://HOST:PORT/DATABASE}. */
    @Override
    public String toString() {
        return address.place();
    }
}
