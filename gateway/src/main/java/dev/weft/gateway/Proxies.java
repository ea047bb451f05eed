package dev.weft.gateway;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Headers;
import dev.weft.core.Request;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Who is believed about where a request came from: proxies that stand before the gateway.
 *
 * <p>Anybody can write anything into these headers, so they count only where the connection comes
 * from one of the addresses, and are read from their end: the last entry was added by the proxy that
 * we see, the one before by whom that entry names, as long as that is a proxy of ours too. The first
 * address that is none is the client. An entry that holds no address ends the reading.
 *
 * @param addresses of the proxies; none are believed if it is empty
 * @param header which of the headers they set; the other is not looked at, for they pass it on unread
 */
public record Proxies(List<Subnet> addresses, Header header) {

    /** How proxies say it. */
    public enum Header {
        /** {@code X-Forwarded-For}, and {@code -Proto} and {@code -Host}, of which the last value counts. */
        X_FORWARDED_FOR,

        /** RFC 7239. */
        FORWARDED
    }

    /** Nobody is believed. */
    public static final Proxies NONE = new Proxies(List.of(), Header.X_FORWARDED_FOR);

    /** More than any chain of proxies has. */
    private static final int MAX_ENTRIES = 32;

    public Proxies {
        addresses = List.copyOf(addresses);
    }

    /**
     * Where it came from.
     *
     * @param scheme that it came by to this process
     */
    Origin origin(Request request, String scheme) {
        var headers = request.headers();
        var direct =
                new Origin(
                        headers.get(ContextHeaders.PEER).orElse(""),
                        scheme,
                        headers.get("Host").orElse(""));
        if (!trusts(direct.client())) return direct;
        return switch (header) {
            case FORWARDED -> walked(direct, elements(joined(headers, "Forwarded")));
            case X_FORWARDED_FOR -> {
                var elements = new ArrayList<Map<String, String>>();
                for (var one : joined(headers, "X-Forwarded-For").split(",", -1))
                    elements.add(Map.of("for", one.strip()));
                var client = walked(direct, elements).client();
                yield new Origin(
                        client,
                        scheme(last(headers, "X-Forwarded-Proto"), direct.scheme()),
                        host(last(headers, "X-Forwarded-Host"), direct.host()));
            }
        };
    }

    private boolean trusts(String client) {
        if (addresses.isEmpty()) return false;
        return Subnet.address(client).filter(this::trusts).isPresent();
    }

    private boolean trusts(InetAddress address) {
        return addresses.stream().anyMatch(subnet -> subnet.contains(address));
    }

    /** From the last element on, as long as the one that it names is a proxy too. */
    private Origin walked(Origin from, List<Map<String, String>> elements) {
        var origin = from;
        int end = Math.max(0, elements.size() - MAX_ENTRIES);
        for (int i = elements.size() - 1; i >= end; i--) {
            var element = elements.get(i);
            var address = Subnet.address(withoutPort(element.getOrDefault("for", "")));
            if (address.isEmpty()) return origin;
            origin =
                    new Origin(
                            address.get().getHostAddress(),
                            scheme(element.getOrDefault("proto", ""), origin.scheme()),
                            host(element.getOrDefault("host", ""), origin.host()));
            if (!trusts(address.get())) return origin;
        }
        return origin;
    }

    private static String joined(Headers headers, String name) {
        return String.join(",", headers.all(name));
    }

    private static String last(Headers headers, String name) {
        var all = joined(headers, name);
        return all.substring(all.lastIndexOf(',') + 1).strip();
    }

    private static String scheme(String said, String otherwise) {
        var lower = said.toLowerCase(Locale.ROOT);
        return lower.equals("http") || lower.equals("https") ? lower : otherwise;
    }

    private static String host(String said, String otherwise) {
        return said.matches("[A-Za-z0-9._:\\[\\]-]{1,255}") ? said : otherwise;
    }

    /** {@code 1.2.3.4:56} and {@code [::1]:56} without the port and the brackets. */
    private static String withoutPort(String node) {
        if (node.startsWith("[")) {
            int end = node.indexOf(']');
            return end < 0 ? "" : node.substring(1, end);
        }
        int colon = node.indexOf(':');
        return colon >= 0 && colon == node.lastIndexOf(':') ? node.substring(0, colon) : node;
    }

    /** The elements of a {@code Forwarded}: pairs parted by ";", elements by ",", values may be quoted. */
    private static List<Map<String, String>> elements(String header) {
        var elements = new ArrayList<Map<String, String>>();
        var element = new HashMap<String, String>();
        var name = "";
        var text = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i <= header.length(); i++) {
            char c = i < header.length() ? header.charAt(i) : ',';
            if (quoted && i < header.length()) {
                if (c == '"') quoted = false;
                else if (c == '\\' && i + 1 < header.length()) text.append(header.charAt(++i));
                else text.append(c);
                continue;
            }
            switch (c) {
                case '"' -> quoted = true;
                case '=' -> {
                    name = text.toString().strip().toLowerCase(Locale.ROOT);
                    text.setLength(0);
                }
                case ';', ',' -> {
                    element.putIfAbsent(name, text.toString().strip());
                    name = "";
                    text.setLength(0);
                    if (c == ';') continue;
                    elements.add(element);
                    element = new HashMap<>();
                }
                default -> text.append(c);
            }
        }
        return elements;
    }
}
