package dev.weft.postgres;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;

/**
 * Where a service's storage is: {@code postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME}, also {@code postgres://}.
 *
 * <p>What is left out is taken as PostgreSQL's own programs take it: user from {@code PGUSER} or the system, password from
 * {@code PGPASSWORD} or none, host {@code localhost}, port 5432, a database of the user's name. The schema is {@code public} if
 * none is named. More parameters, such as {@code sslmode} and {@code sslrootcert}, go to the driver as they are
 * (jdbc.postgresql.org/documentation/use).
 *
 * @param schema holds the tables, and is made if it is missing
 * @param options the driver's properties
 */
record Address(String host, int port, String database, String schema, Map<String, String> options) {

    private static final int PORT = 5432;
    private static final String SCHEMA = "[a-z_][a-z0-9_$-]{0,62}";

    static boolean isOne(String url) {
        return url.startsWith("postgresql://") || url.startsWith("postgres://");
    }

    static Address of(String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw wrong("is no URL: " + e.getReason(), withoutPassword(url));
        }
        var shown = withoutPassword(url);
        if (uri.getHost() == null && uri.getRawAuthority() != null)
            throw wrong("names no host", shown);
        var options = new LinkedHashMap<String, String>();
        environment("PGUSER", "user", options);
        environment("PGPASSWORD", "password", options);
        userInfo(uri, options);
        var schema = "public";
        var query = uri.getRawQuery();
        if (query != null)
            for (var pair : query.split("&", -1)) {
                int is = pair.indexOf('=');
                if (is < 1)
                    throw wrong("has the parameter \"" + pair + "\", not NAME=VALUE", shown);
                var name = decode(pair.substring(0, is));
                var value = decode(pair.substring(is + 1));
                if (name.equals("schema")) schema = value;
                else options.put(name, value);
            }
        if (!schema.matches(SCHEMA))
            throw wrong(
                    "names the schema \""
                            + schema
                            + "\", which must be up to 63 of a-z, 0-9, \"_\", \"-\" and \"$\", not beginning with a digit",
                    shown);
        var path = uri.getPath() == null ? "" : uri.getPath().replaceFirst("^/", "");
        var user = options.getOrDefault("user", System.getProperty("user.name", ""));
        return new Address(
                uri.getHost() == null ? "localhost" : uri.getHost(),
                uri.getPort() < 0 ? PORT : uri.getPort(),
                path.isEmpty() ? user : path,
                schema,
                Map.copyOf(options));
    }

    private static void environment(String variable, String option, Map<String, String> options) {
        var value = System.getenv(variable);
        if (value != null && !value.isEmpty()) options.put(option, value);
    }

    private static void userInfo(URI uri, Map<String, String> options) {
        var info = uri.getRawUserInfo();
        if (info == null) return;
        int colon = info.indexOf(':');
        options.put("user", decode(colon < 0 ? info : info.substring(0, colon)));
        if (colon >= 0) options.put("password", decode(info.substring(colon + 1)));
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static IllegalArgumentException wrong(String what, String url) {
        return new IllegalArgumentException(
                "the storage "
                        + url
                        + " "
                        + what
                        + "; it is named postgresql://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME");
    }

    /** Whether the URL, which is one, says a schema. */
    static boolean namesSchema(String url) {
        return url.matches(".*[?&]schema=.*");
    }

    static String withoutPassword(String url) {
        return url.replaceFirst("(//[^:/@]*):[^@]*@", "$1:***@")
                .replaceAll(":[^:/@]*@", ":***@")
                .replaceAll("(password=)[^&\\s]*", "$1***");
    }

    String jdbcUrl() {
        return "jdbc:postgresql://" + host + ":" + port + "/" + database;
    }

    /** Without user and password. */
    String place() {
        return "postgresql://" + host + ":" + port + "/" + database;
    }

    Properties properties() {
        var properties = new Properties();
        properties.putAll(options);
        return properties;
    }

    /** Without the password. */
    @Override
    public String toString() {
        return "schema " + schema + " of " + place();
    }
}
