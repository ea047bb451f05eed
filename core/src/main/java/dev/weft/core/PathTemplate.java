package dev.weft.core;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A path with named segments: {@code /carts/{customer_id}/items}.
 *
 * <p>A segment is either literal or one {@code {name}}; a last segment {@code {name...}} takes the
 * rest of the path, slashes included.
 */
public final class PathTemplate {

    private final String text;
    private final List<String> segments;
    private final List<String> variables;

    public PathTemplate(String text) {
        if (!text.startsWith("/"))
            throw new IllegalArgumentException("a path begins with \"/\", not \"" + text + "\"");
        var names = new LinkedHashSet<String>();
        this.text = text;
        this.segments = split(text);
        for (int i = 0; i < segments.size(); i++) {
            var segment = segments.get(i);
            if (isVariable(segment)) {
                if (!names.add(name(segment)))
                    throw new IllegalArgumentException(segment + " occurs twice in " + text);
                if (isRest(segment) && i < segments.size() - 1)
                    throw new IllegalArgumentException(segment + " must be the last of " + text);
            } else if (segment.contains("{") || segment.contains("}")) {
                throw new IllegalArgumentException(
                        "a segment is literal or one {name}, not \"" + segment + "\" in " + text);
            }
        }
        this.variables = List.copyOf(names);
    }

    public String text() {
        return text;
    }

    List<String> segments() {
        return segments;
    }

    /** The names of the variable segments, in order. */
    public List<String> variables() {
        return variables;
    }

    /** What a path that fits has in the places of the variables, unescaped. */
    Map<String, String> variables(String path) {
        if (variables.isEmpty()) return Map.of();
        var values = LinkedHashMap.<String, String>newLinkedHashMap(variables.size());
        int at = first(path);
        for (var segment : segments) {
            int end = isRest(segment) ? path.length() : end(path, at);
            if (isVariable(segment))
                values.put(name(segment), decode(end < at ? "" : path.substring(at, end)));
            at = end + 1;
        }
        return values;
    }

    /** The path with the values in their places, escaped. */
    public String fill(Map<String, String> values) {
        var path = new StringBuilder(2 * text.length());
        for (var segment : segments)
            path.append('/')
                    .append(
                            isVariable(segment)
                                    ? escape(value(values, segment), isRest(segment))
                                    : segment);
        return path.isEmpty() ? "/" : path.toString();
    }

    /** Whether there are paths that fit both. */
    public boolean meets(PathTemplate other) {
        int both = Math.min(segments.size(), other.segments.size());
        for (int i = 0; i < both; i++) {
            var mine = segments.get(i);
            var others = other.segments.get(i);
            if (isRest(mine) || isRest(others)) return true;
            if (!isVariable(mine) && !isVariable(others) && !mine.equals(others)) return false;
        }
        if (segments.size() == other.segments.size()) return true;
        // Of what is left, only "/" and an empty rest are one path.
        var longer = segments.size() > both ? segments : other.segments;
        return both == 0 && isRest(longer.getFirst());
    }

    private String value(Map<String, String> values, String segment) {
        var value = values.get(name(segment));
        if (value == null || value.isEmpty())
            throw new IllegalArgumentException("no value for " + segment + " of " + text);
        return value;
    }

    private static String escape(String value, boolean rest) {
        var escaped = URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
        if (rest) return escaped.replace("%2F", "/");
        return escaped.equals(".") ? "%2E" : escaped.equals("..") ? "%2E%2E" : escaped;
    }

    static boolean isVariable(String segment) {
        return segment.startsWith("{") && segment.endsWith("}");
    }

    static boolean isRest(String segment) {
        return segment.endsWith("...}");
    }

    static String name(String segment) {
        return segment.substring(1, segment.length() - (isRest(segment) ? 4 : 1));
    }

    private static List<String> split(String path) {
        return path.equals("/") ? List.of() : List.of(path.substring(1).split("/", -1));
    }

    /** Where the first segment of a path begins; behind its end if it has none. */
    static int first(String path) {
        return path.equals("/") ? path.length() + 1 : 1;
    }

    /** Where the segment ends that begins there; the next one begins behind that. */
    static int end(String path, int at) {
        int slash = path.indexOf('/', at);
        return slash < 0 ? path.length() : slash;
    }

    static String decode(String segment) {
        if (segment.indexOf('%') < 0) return segment;
        try {
            return URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new Failure.Malformed("the path holds a bad escape: \"" + segment + "\"", e);
        }
    }

    /** Whether it is a template of the same text. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PathTemplate it && it.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }
}
