package dev.weft.http;

import dev.weft.core.Headers;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The headers that concern one connection and its framing (RFC 9110, 7.6.1); a transport neither shows nor takes them. */
public final class HopByHop {

    private HopByHop() {}

    static boolean isOne(String name) {
        return ofConnection(name)
                || (name.length() == 14 && name.equalsIgnoreCase("Content-Length"));
    }

    /** Whether it goes no further than one connection; the length of a body may. */
    public static boolean ofConnection(String name) {
        return switch (name.length()) {
            case 2 -> name.equalsIgnoreCase("TE");
            case 6 -> name.equalsIgnoreCase("Expect");
            case 7 -> name.equalsIgnoreCase("Upgrade") || name.equalsIgnoreCase("Trailer");
            case 10 -> name.equalsIgnoreCase("Connection") || name.equalsIgnoreCase("Keep-Alive");
            case 16 -> name.equalsIgnoreCase("Proxy-Connection");
            case 17 -> name.equalsIgnoreCase("Transfer-Encoding");
            default -> false;
        };
    }

    /** Without those that the header {@code Connection} names. */
    static Headers without(List<String> connection, Headers headers) {
        var named = named(connection);
        if (named.isEmpty()) return headers;
        return headers.only(name -> !named.contains(name.toLowerCase(Locale.ROOT)));
    }

    /**
     * The headers that belong to one connection because it says so, in lower case.
     *
     * @param connection the values of the header {@code Connection}
     */
    public static Set<String> named(List<String> connection) {
        if (connection.isEmpty()) return Set.of();
        var named = new HashSet<String>();
        for (var value : connection)
            for (var each : value.split(",")) {
                var name = each.strip().toLowerCase(Locale.ROOT);
                if (!name.equals("close") && !name.equals("keep-alive")) named.add(name);
            }
        return named;
    }
}
