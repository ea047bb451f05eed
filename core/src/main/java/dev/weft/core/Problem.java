package dev.weft.core;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An error as a caller sees it (RFC 9457): what kind, what in this case, and which values.
 *
 * @param status the HTTP status
 * @param type the kind, a short word such as {@code unknown-product}; on the wire {@code
 *     urn:weft:problem:unknown-product}
 * @param title the kind in words, the same for each occurrence
 * @param detail this case in a sentence: the value, the limit, the remedy
 * @param members further values by name, in snake_case
 */
public record Problem(
        int status, String type, String title, String detail, Map<String, Object> members) {

    public Problem {
        members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    }

    /** A problem whose title is its type in words. */
    public static Problem of(int status, String type, String detail) {
        var words = type.replace('-', ' ');
        var title =
                words.isEmpty() ? "" : Character.toUpperCase(words.charAt(0)) + words.substring(1);
        return new Problem(status, type, title, detail, Map.of());
    }

    /** 404: the thing that the path names is not there. */
    public static Failure.Answered notFound(String kind, String id) {
        return of(404, kind + "-not-found", "there is no " + kind + " " + id)
                .with(kind + "_id", id)
                .failure();
    }

    /** 422: the request is well formed but names something that is not there. */
    public static Failure.Answered unknown(String kind, String id) {
        return of(422, "unknown-" + kind, "there is no " + kind + " " + id)
                .with(kind + "_id", id)
                .failure();
    }

    public Problem with(String name, Object value) {
        var more = new LinkedHashMap<>(members);
        more.put(name, value);
        return new Problem(status, type, title, detail, more);
    }

    /** This problem as something to throw. */
    public Failure.Answered failure() {
        return new Failure.Answered(this);
    }
}
