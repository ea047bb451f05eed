package dev.weft.core;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Small named values for every service down the line (W3C Baggage).
 *
 * <p>At most {@value #MAX_ENTRIES} entries and {@value #MAX_BYTES} bytes on the wire; what goes
 * beyond is left out, last entries first, as the specification allows. Properties behind a value are
 * not kept.
 */
public record Baggage(Map<String, String> entries) {

    public static final Baggage EMPTY = new Baggage(Map.of());
    public static final int MAX_ENTRIES = 64;
    public static final int MAX_BYTES = 8192;

    public Baggage {
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    public Optional<String> get(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    public Baggage with(String name, String value) {
        var more = new LinkedHashMap<>(entries);
        more.put(name, value);
        return new Baggage(more);
    }

    /** Reads the {@code baggage} header; a malformed member is left out. */
    public static Baggage parse(String header) {
        var entries = new LinkedHashMap<String, String>();
        for (var member : header.split(",")) {
            int semicolon = member.indexOf(';');
            var pair = semicolon < 0 ? member : member.substring(0, semicolon);
            int equals = pair.indexOf('=');
            if (equals <= 0 || entries.size() == MAX_ENTRIES) continue;
            var name = pair.substring(0, equals).trim();
            try {
                var value = pair.substring(equals + 1).trim().replace("+", "%2B");
                if (!name.isEmpty())
                    entries.put(name, URLDecoder.decode(value, StandardCharsets.UTF_8));
            } catch (IllegalArgumentException malformed) {
                entries.remove(name);
            }
        }
        return entries.isEmpty() ? EMPTY : new Baggage(entries);
    }

    /** The {@code baggage} header; empty when there is nothing to carry. */
    @Override
    public String toString() {
        var members =
                entries.entrySet().stream()
                        .limit(MAX_ENTRIES)
                        .map(e ->
                                e.getKey()
                                        + "="
                                        + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8)
                                                .replace("+", "%20"))
                        .collect(Collectors.toList());
        int length = members.stream().mapToInt(m -> m.length() + 1).sum();
        while (length > MAX_BYTES) length -= members.removeLast().length() + 1;
        return String.join(",", members);
    }
}
