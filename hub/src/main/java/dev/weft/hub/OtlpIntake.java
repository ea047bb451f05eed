package dev.weft.hub;

import dev.weft.core.Failure;
import dev.weft.core.Span;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Takes an {@code ExportTraceServiceRequest} of OTLP 1 apart, from protobuf or from JSON, into the
 * trace store.
 *
 * <p>A span keeps at most {@link #MAX_ATTRIBUTES} attributes, a text {@link #MAX_TEXT} characters;
 * what is longer is cut. A span without valid ids is refused and counted, the others are kept.
 * Safe for many threads.
 */
final class OtlpIntake {

    static final int MAX_ATTRIBUTES = 64;
    static final int MAX_TEXT = 1_024;

    /** Texts that are the same in many spans are kept once; at most so many, then anew. */
    private static final int MAX_TEXTS = 10_000;

    private static final int MAX_TEXT_SHARED = 128;
    private static final int MAX_DEPTH = 8;

    private static final Span.Kind[] KINDS = {
        Span.Kind.INTERNAL,
        Span.Kind.INTERNAL,
        Span.Kind.SERVER,
        Span.Kind.CLIENT,
        Span.Kind.PRODUCER,
        Span.Kind.CONSUMER
    };

    private final TraceStore store;

    /** Guarded by itself. */
    private final Map<String, String> texts = new HashMap<>();

    OtlpIntake(TraceStore store) {
        this.store = store;
    }

    /** A span while its fields come in. */
    private static final class Draft {
        byte[] trace = {};
        byte[] id = {};
        byte[] parent = {};
        String name = "";
        int kind;
        long startNanos;
        long endNanos;
        String message = "";
        boolean failed;
        final List<Object> attributes = new ArrayList<>();
    }

    /** Keeps the spans of a protobuf message; tells how many were refused. */
    int protobuf(byte[] message) {
        var request = new Wire(message);
        int refused = 0;
        for (int field = request.next(); field != 0; field = request.next()) {
            if (field == 1) refused += resourceSpans(request.message());
            else request.skip();
        }
        return refused;
    }

    private int resourceSpans(Wire in) {
        var resource = new ArrayList<Object>();
        var scopes = new ArrayList<Wire>();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> resource(in.message(), resource);
                case 2 -> scopes.add(in.message());
                default -> in.skip();
            }
        }
        int refused = 0;
        for (var scope : scopes)
            for (int field = scope.next(); field != 0; field = scope.next()) {
                if (field != 2) scope.skip();
                else if (!keep(span(scope.message()), resource)) refused++;
            }
        return refused;
    }

    private void resource(Wire in, List<Object> attributes) {
        for (int field = in.next(); field != 0; field = in.next()) {
            if (field == 1) attribute(in.message(), attributes);
            else in.skip();
        }
    }

    private Draft span(Wire in) {
        var draft = new Draft();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> draft.trace = in.bytes();
                case 2 -> draft.id = in.bytes();
                case 4 -> draft.parent = in.bytes();
                case 5 -> draft.name = in.text();
                case 6 -> draft.kind = (int) in.number();
                case 7 -> draft.startNanos = in.number();
                case 8 -> draft.endNanos = in.number();
                case 9 -> attribute(in.message(), draft.attributes);
                case 15 -> status(in.message(), draft);
                default -> in.skip();
            }
        }
        return draft;
    }

    private static void status(Wire in, Draft draft) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 2 -> draft.message = in.text();
                case 3 -> draft.failed = in.number() == 2;
                default -> in.skip();
            }
        }
    }

    private void attribute(Wire in, List<Object> attributes) {
        String key = "";
        Object value = "";
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> key = in.text();
                case 2 -> value = value(in.message(), 0);
                default -> in.skip();
            }
        }
        add(attributes, key, value);
    }

    /** Text, number, truth; lists and maps as their text. */
    private static Object value(Wire in, int depth) {
        if (depth == MAX_DEPTH) throw tooDeep();
        Object value = "";
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> value = in.text();
                case 2 -> value = in.number() != 0;
                case 3 -> value = in.number();
                case 4 -> value = Double.longBitsToDouble(in.number());
                case 5, 6 -> value = values(in.message(), field == 6, depth).toString();
                case 7 -> value = HexFormat.of().formatHex(in.bytes());
                default -> in.skip();
            }
        }
        return value;
    }

    private static List<Object> values(Wire in, boolean named, int depth) {
        var values = new ArrayList<Object>();
        for (int field = in.next(); field != 0; field = in.next()) {
            if (field != 1) in.skip();
            else if (named) values.add(named(in.message(), depth + 1));
            else values.add(value(in.message(), depth + 1));
        }
        return values;
    }

    private static String named(Wire in, int depth) {
        String key = "";
        Object value = "";
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> key = in.text();
                case 2 -> value = value(in.message(), depth);
                default -> in.skip();
            }
        }
        return key + "=" + value;
    }

    /** Keeps the spans of a JSON message; tells how many were refused. */
    int json(Map<String, Object> request) {
        int refused = 0;
        for (var resourceSpans : objects(request, "resourceSpans")) {
            var resource = new ArrayList<Object>();
            attributes(object(resourceSpans, "resource"), resource);
            for (var scope : objects(resourceSpans, "scopeSpans"))
                for (var span : objects(scope, "spans")) if (!keep(span(span), resource)) refused++;
        }
        return refused;
    }

    private Draft span(Map<String, Object> in) {
        var draft = new Draft();
        draft.trace = hex(in, "traceId");
        draft.id = hex(in, "spanId");
        draft.parent = hex(in, "parentSpanId");
        draft.name = text(in, "name");
        draft.kind = (int) number(in, "kind");
        draft.startNanos = number(in, "startTimeUnixNano");
        draft.endNanos = number(in, "endTimeUnixNano");
        attributes(in, draft.attributes);
        var status = object(in, "status");
        draft.message = text(status, "message");
        draft.failed = number(status, "code") == 2;
        return draft;
    }

    private void attributes(Map<String, Object> in, List<Object> attributes) {
        for (var pair : objects(in, "attributes"))
            add(attributes, text(pair, "key"), value(object(pair, "value")));
    }

    /** The one member of an {@code AnyValue}; lists and maps as their text. */
    private static Object value(Map<String, Object> any) {
        if (any.isEmpty()) return "";
        var member = any.entrySet().iterator().next();
        var value = member.getValue();
        return switch (member.getKey()) {
            case "boolValue" -> value.equals(true);
            case "intValue" -> number(any, "intValue");
            case "doubleValue" -> value instanceof Number n ? (Object) n.doubleValue() : "" + value;
            default -> value.toString();
        };
    }

    private static List<Map<String, Object>> objects(Map<String, Object> in, String name) {
        var value = in.getOrDefault(name, List.of());
        if (!(value instanceof List<?> list)) throw unfit(name, "a list");
        var objects = new ArrayList<Map<String, Object>>();
        for (var element : list) objects.add(object(element, name));
        return objects;
    }

    private static Map<String, Object> object(Map<String, Object> in, String name) {
        return object(in.getOrDefault(name, Map.of()), name);
    }

    private static Map<String, Object> object(Object value, String name) {
        if (!(value instanceof Map<?, ?> map)) throw unfit(name, "an object");
        var object = new HashMap<String, Object>();
        map.forEach((key, member) -> {
            if (member != null) object.put(key.toString(), member);
        });
        return object;
    }

    private static String text(Map<String, Object> in, String name) {
        return in.getOrDefault(name, "").toString();
    }

    /** A whole number; 64-bit ones are texts in OTLP's JSON. */
    private static long number(Map<String, Object> in, String name) {
        var value = in.getOrDefault(name, 0L);
        if (value instanceof Number number) return number.longValue();
        try {
            return Long.parseUnsignedLong(value.toString());
        } catch (NumberFormatException e) {
            try {
                return Long.parseLong(value.toString());
            } catch (NumberFormatException negative) {
                throw unfit(name, "a whole number");
            }
        }
    }

    private static byte[] hex(Map<String, Object> in, String name) {
        try {
            return HexFormat.of().parseHex(text(in, name));
        } catch (IllegalArgumentException e) {
            throw unfit(name, "hexadecimal digits");
        }
    }

    private static Failure.Malformed unfit(String name, String wanted) {
        return new Failure.Malformed("\"" + name + "\" of the OTLP message is not " + wanted);
    }

    private static Failure.Malformed tooDeep() {
        return new Failure.Malformed(
                "an attribute of the OTLP message is nested deeper than " + MAX_DEPTH + " levels");
    }

    private void add(List<Object> attributes, String key, Object value) {
        if (attributes.size() >= 2 * MAX_ATTRIBUTES) return;
        attributes.add(shared(cut(key)));
        attributes.add(
                switch (value) {
                    case String text -> shared(cut(text));
                    // JSON knows neither NaN nor infinity.
                    case Double number when !Double.isFinite(number) -> number.toString();
                    default -> value;
                });
    }

    private boolean keep(Draft draft, List<Object> resource) {
        if (draft.trace.length != 16 || draft.id.length != 8) return false;
        var trace = ByteBuffer.wrap(draft.trace);
        var id = new TraceId(trace.getLong(), trace.getLong());
        boolean root = draft.parent.length != 8;
        store.add(
                id,
                new StoredSpan(
                        ByteBuffer.wrap(draft.id).getLong(),
                        root ? 0 : ByteBuffer.wrap(draft.parent).getLong(),
                        of(resource, "service.name", "unknown_service"),
                        of(resource, "service.instance.id", ""),
                        shared(cut(draft.name)),
                        KINDS[draft.kind < 0 || draft.kind >= KINDS.length ? 0 : draft.kind],
                        draft.startNanos,
                        Math.max(0, draft.endNanos - draft.startNanos),
                        draft.attributes.toArray(),
                        draft.failed
                                ? cut(draft.message.isEmpty() ? "error" : draft.message)
                                : ""));
        return true;
    }

    private static String of(List<Object> attributes, String name, String otherwise) {
        for (int i = 0; i + 1 < attributes.size(); i += 2)
            if (attributes.get(i).equals(name)) return attributes.get(i + 1).toString();
        return otherwise;
    }

    private static String cut(String text) {
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…";
    }

    private String shared(String text) {
        if (text.length() > MAX_TEXT_SHARED) return text;
        synchronized (texts) {
            if (texts.size() >= MAX_TEXTS) texts.clear();
            var before = texts.putIfAbsent(text, text);
            return before == null ? text : before;
        }
    }
}
