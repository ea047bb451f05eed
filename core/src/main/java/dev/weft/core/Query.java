package dev.weft.core;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The query string, kept as it came and read when asked. */
public record Query(String raw) {

    public static final Query NONE = new Query("");

    /** The first value of that name. */
    public Optional<String> get(String name) {
        var values = all().get(name);
        return values == null ? Optional.empty() : Optional.of(values.getFirst());
    }

    /** All values by name, in order; throws {@link Failure.Malformed} on a bad escape. */
    public Map<String, List<String>> all() {
        var all = new LinkedHashMap<String, List<String>>();
        if (raw.isEmpty()) return all;
        for (var pair : raw.split("&")) {
            if (pair.isEmpty()) continue;
            int equals = pair.indexOf('=');
            var name = decode(equals < 0 ? pair : pair.substring(0, equals));
            var value = equals < 0 ? "" : decode(pair.substring(equals + 1));
            all.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        }
        return all;
    }

    public Query and(String name, String value) {
        var pair = encode(name) + "=" + encode(value);
        return new Query(raw.isEmpty() ? pair : raw + "&" + pair);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new Failure.Malformed("the query holds a bad escape: \"" + text + "\"", e);
        }
    }
}
