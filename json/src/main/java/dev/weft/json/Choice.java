package dev.weft.json;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A sealed interface: one of its records, told apart by the member {@code type}, which holds the
 * record's simple name in kebab-case. Written first; read wherever it stands.
 */
final class Choice implements Codec {

    static final String TYPE = "type";

    private final Map<String, Fields> byName = new LinkedHashMap<>();
    private final Map<Class<?>, String> names = new LinkedHashMap<>();
    private final String wanted;

    Choice(Class<?> sealed, Shape shape) {
        add(sealed, shape);
        wanted = "one of " + String.join(", ", byName.keySet());
    }

    private void add(Class<?> sealed, Shape shape) {
        for (var option : sealed.getPermittedSubclasses()) {
            if (option.isInterface()) {
                add(option, shape);
                continue;
            }
            var codec = Types.codec(shape.of(option));
            if (!(codec instanceof Fields fields))
                throw new IllegalArgumentException(
                        option.getName()
                                + " is no record, so JSON cannot hold it as one of "
                                + sealed.getName());
            if (fields.has(TYPE))
                throw new IllegalArgumentException(
                        "the component \"type\" of "
                                + option.getName()
                                + " would hide which record it is; name it otherwise");
            var name = Names.kebab(option.getSimpleName());
            if (byName.putIfAbsent(name, fields) != null && !names.containsKey(option))
                throw new IllegalArgumentException(
                        "two records of " + sealed.getName() + " are named " + name);
            names.put(option, name);
        }
    }

    Collection<Fields> options() {
        return byName.values();
    }

    /** The records by what {@code type} holds. */
    Map<String, Fields> named() {
        return Collections.unmodifiableMap(byName);
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) throw Misfit.token(in, wanted());
        long start = in.currentTokenLocation().getByteOffset();
        var first = in.nextName();
        if (!TYPE.equals(first)) return lookAhead(in, start).readMembers(in, first, false);
        if (in.nextToken() != JsonToken.VALUE_STRING) throw Misfit.token(in, wanted());
        var fields = byName.get(in.getString());
        if (fields == null) throw Misfit.token(in, wanted());
        return fields.readMembers(in, in.nextName(), true);
    }

    /** Another parser looks for the type; what it skips, the first one reads afterwards. */
    private Fields lookAhead(JsonParser in, long start) {
        if (start < 0) throw Misfit.missing(in, TYPE, wanted());
        try (var ahead = Json.parser(Json.source(in), Math.toIntExact(start))) {
            ahead.nextToken();
            for (var name = ahead.nextName(); name != null; name = ahead.nextName()) {
                var token = ahead.nextToken();
                if (name.equals(TYPE) && token == JsonToken.VALUE_STRING) {
                    var fields = byName.get(ahead.getString());
                    if (fields == null) throw Misfit.token(ahead, wanted());
                    return fields;
                }
                ahead.skipChildren();
            }
        }
        throw Misfit.missing(in, TYPE, wanted());
    }

    @Override
    public void write(Object value, JsonGenerator out) {
        var name = names.get(value.getClass());
        var fields = name == null ? null : byName.get(name);
        if (name == null || fields == null)
            throw new IllegalArgumentException(value.getClass().getName() + " is not " + wanted);
        out.writeStartObject();
        out.writeName(TYPE);
        out.writeString(name);
        fields.writeMembers(value, out);
        out.writeEndObject();
    }

    @Override
    public String wanted() {
        return "an object whose \"type\" is " + wanted;
    }
}
