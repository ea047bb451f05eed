package dev.weft.http;

import dev.weft.core.Headers;
import java.util.List;
import java.util.Locale;

/** The headers that concern one connection and its framing; a transport neither shows nor takes them. */
final class HopByHop {

    private HopByHop() {}

    static boolean isOne(String name) {
        return switch (name.length()) {
            case 2 -> name.equalsIgnoreCase("TE");
            case 6 -> name.equalsIgnoreCase("Expect");
            case 7 -> name.equalsIgnoreCase("Upgrade") || name.equalsIgnoreCase("Trailer");
            case 10 -> name.equalsIgnoreCase("Connection") || name.equalsIgnoreCase("Keep-Alive");
            case 14 -> name.equalsIgnoreCase("Content-Length");
            case 16 -> name.equalsIgnoreCase("Proxy-Connection");
            case 17 -> name.equalsIgnoreCase("Transfer-Encoding");
            default -> false;
        };
    }

    /** Without those that the header {@code Connection} names. */
    static Headers without(List<String> connection, Headers headers) {
        for (var value : connection)
            for (var name : value.split(",")) {
                var header = name.strip().toLowerCase(Locale.ROOT);
                if (!header.equals("close") && !header.equals("keep-alive"))
                    headers = headers.without(header);
            }
        return headers;
    }
}
