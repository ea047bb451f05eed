package dev.weft.core;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Small named values for every service down the line (W3C Baggage).
 *
 * <p>At most {@value #MAX_ENTRIES} entries and {@value #MAX_BYTES} bytes on the wire; what goes
 * beyond is left out, last entries first, as the specification allows. A malformed member of a
 * header is left out; of two with the same name the last one counts.
 *
 * @param entries the values by name; a name is a token of HTTP (RFC 9110, 5.6.2)
 * @param properties what stands behind the value of a name, {@code p=1;q}, passed on unread; most
 *     names have none
 */
public record Baggage(Map<String, String> entries, Map<String, String> properties) {

    public static final Baggage EMPTY = new Baggage(Map.of());
    public static final int MAX_ENTRIES = 64;
    public static final int MAX_BYTES = 8192;

    public Baggage {
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        properties = Map.copyOf(properties);
        for (var name : entries.keySet())
            if (!isToken(name))
                throw new IllegalArgumentException(
                        "a name in baggage is a token such as user-id, not \"" + name + "\"");
    }

    /** Values without properties. */
    public Baggage(Map<String, String> entries) {
        this(entries, Map.of());
    }

    public Optional<String> get(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    /** With this value, which has no properties. */
    public Baggage with(String name, String value) {
        var more = new LinkedHashMap<>(entries);
        more.put(name, value);
        var others = new LinkedHashMap<>(properties);
        others.remove(name);
        return new Baggage(more, others);
    }

    /** Reads the {@code baggage} header. */
    public static Baggage parse(String header) {
        var entries = new LinkedHashMap<String, String>();
        var properties = new LinkedHashMap<String, String>();
        for (var member : header.split(",")) {
            var parts = member.split(";", -1);
            int equals = parts[0].indexOf('=');
            if (equals < 0) continue;
            var name = trimmed(parts[0].substring(0, equals));
            var value = trimmed(parts[0].substring(equals + 1));
            if (!isToken(name) || !isOctets(value)) continue;
            if (entries.size() == MAX_ENTRIES && !entries.containsKey(name)) continue;
            try {
                entries.put(
                        name, URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8));
            } catch (IllegalArgumentException malformed) {
                continue;
            }
            var kept = properties(parts);
            if (kept.isEmpty()) properties.remove(name);
            else properties.put(name, kept);
        }
        return entries.isEmpty() ? EMPTY : new Baggage(entries, properties);
    }

    /** Those behind the value that are well formed, as they came but for the blanks. */
    private static String properties(String[] parts) {
        var kept = new ArrayList<String>();
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            var name = trimmed(equals < 0 ? parts[i] : parts[i].substring(0, equals));
            var value = equals < 0 ? "" : trimmed(parts[i].substring(equals + 1));
            if (isToken(name) && isOctets(value)) kept.add(equals < 0 ? name : name + "=" + value);
        }
        return String.join(";", kept);
    }

    private static String trimmed(String text) {
        int from = 0;
        int end = text.length();
        while (from < end && isBlank(text.charAt(from))) from++;
        while (end > from && isBlank(text.charAt(end - 1))) end--;
        return text.substring(from, end);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c > '~' || "\"(),/:;<=>?@[\\]{}".indexOf(c) >= 0) return false;
        }
        return !text.isEmpty();
    }

    private static boolean isOctets(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == ';' || c == '\\') return false;
        }
        return true;
    }

    /** The {@code baggage} header; empty when there is nothing to carry. */
    @Override
    public String toString() {
        if (entries.isEmpty()) return "";
        var header = new StringBuilder();
        int count = 0;
        for (var entry : entries.entrySet()) {
            var member = member(entry.getKey(), entry.getValue());
            int separator = header.isEmpty() ? 0 : 1;
            if (++count > MAX_ENTRIES || header.length() + separator + member.length() > MAX_BYTES)
                break;
            if (separator > 0) header.append(',');
            header.append(member);
        }
        return header.toString();
    }

    private String member(String name, String value) {
        var encoded = URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
        var behind = properties.getOrDefault(name, "");
        return name + "=" + encoded + (behind.isEmpty() ? "" : ";" + behind);
    }
}
