package dev.weft.json;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The {@link Personal} values within JSON whose type nobody needs to know: finds them and puts others in their place.
 *
 * <p>Such a value is an object whose first member is {@code personal_of}, a text; beside {@code value} it may have {@code sealed}, what
 * a storage made of the value. Everything else stays, but for blanks; also what else is in such an object, as it may be a map that
 * happens to have such a key.
 */
public final class PersonalJson {

    static final String SUBJECT = "personal_of";
    static final String VALUE = "value";
    static final String SEALED = "sealed";

    private static final String MARK = "\"" + SUBJECT + "\"";

    /**
     * One value as it stands there; erased if it has neither.
     *
     * @param value JSON
     */
    public record Part(String subject, Optional<RawJson> value, Optional<String> sealed) {

        public static Part erased(String subject) {
            return new Part(subject, Optional.empty(), Optional.empty());
        }

        public static Part sealed(String subject, String sealed) {
            return new Part(subject, Optional.empty(), Optional.of(sealed));
        }

        public static Part open(String subject, byte[] value) {
            return new Part(subject, Optional.of(new RawJson(value)), Optional.empty());
        }
    }

    /** Another member of such an object. */
    private record Other(String name, RawJson json) {}

    private final UnaryOperator<Part> change;

    private PersonalJson(UnaryOperator<Part> change) {
        this.change = change;
    }

    /** Whether there may be such values in it; cheap, and mostly right when it says yes. */
    public static boolean isIn(byte[] json) {
        return new String(json, StandardCharsets.ISO_8859_1).contains(MARK);
    }

    /** Whether there is a value of this subject in it, open, sealed or erased. */
    public static boolean isOf(String subject, byte[] json) {
        var found = new AtomicBoolean();
        change(
                json,
                part -> {
                    if (part.subject().equals(subject)) found.set(true);
                    return part;
                });
        return found.get();
    }

    /**
     * The JSON with another value in the place of each. Values within a value come before it; those within one that was sealed,
     * behind it. {@link dev.weft.core.Failure.Malformed} if it is no JSON.
     */
    public static byte[] change(byte[] json, UnaryOperator<Part> change) {
        if (!isIn(json)) return json;
        var to = new PersonalJson(change);
        var bytes = new ByteArrayOutputStream(json.length + 128);
        try (var out = Json.generator(bytes)) {
            Json.parsed(
                    json,
                    in -> {
                        to.copy(in, out);
                        return json;
                    });
        }
        return bytes.toByteArray();
    }

    /**
     * The JSON as it may come from others: without what they have sealed. {@link IllegalArgumentException} if a subject's name is
     * none.
     */
    public static byte[] fromOutside(byte[] json) {
        return change(
                json,
                part -> {
                    Personal.requireSubject(part.subject());
                    return part.sealed().isEmpty() ? part : Part.erased(part.subject());
                });
    }

    private void copy(JsonParser in, JsonGenerator out) {
        switch (in.currentToken()) {
            case START_OBJECT -> object(in, out);
            case START_ARRAY -> {
                out.writeStartArray();
                while (in.nextToken() != JsonToken.END_ARRAY) copy(in, out);
                out.writeEndArray();
            }
            case VALUE_STRING -> out.writeString(in.getString());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> out.writeNumber(in.getString());
            case VALUE_TRUE -> out.writeBoolean(true);
            case VALUE_FALSE -> out.writeBoolean(false);
            case VALUE_NULL -> out.writeNull();
            case null, default -> throw Misfit.token(in, "a value");
        }
    }

    private void object(JsonParser in, JsonGenerator out) {
        var name = in.nextName();
        if (SUBJECT.equals(name) && in.nextToken() == JsonToken.VALUE_STRING) {
            var others = new ArrayList<Other>();
            write(changed(read(in, in.getString(), others)), others, out);
            return;
        }
        out.writeStartObject();
        for (; name != null; name = in.nextName()) {
            out.writeName(name);
            if (in.currentToken() == JsonToken.PROPERTY_NAME) in.nextToken();
            copy(in, out);
        }
        out.writeEndObject();
    }

    private Part read(JsonParser in, String subject, List<Other> others) {
        @Nullable RawJson value = null;
        @Nullable String sealed = null;
        for (var name = in.nextName(); name != null; name = in.nextName()) {
            var token = in.nextToken();
            switch (name) {
                case VALUE -> {
                    if (value != null) throw Misfit.twice(in, name);
                    value = raw(in);
                }
                case SEALED -> {
                    if (sealed != null) throw Misfit.twice(in, name);
                    if (token != JsonToken.VALUE_STRING) throw Misfit.token(in, "a text");
                    sealed = in.getString();
                }
                default -> others.add(new Other(name, raw(in)));
            }
        }
        return new Part(subject, Optional.ofNullable(value), Optional.ofNullable(sealed));
    }

    private RawJson raw(JsonParser in) {
        var bytes = new ByteArrayOutputStream(64);
        try (var out = Json.generator(bytes)) {
            copy(in, out);
        }
        return new RawJson(bytes.toByteArray());
    }

    private Part changed(Part part) {
        var changed = change.apply(part);
        if (part.sealed().isEmpty() || changed.value().isEmpty()) return changed;
        return Part.open(changed.subject(), change(changed.value().get().utf8(), change));
    }

    private static void write(Part part, List<Other> others, JsonGenerator out) {
        out.writeStartObject();
        out.writeName(SUBJECT);
        out.writeString(part.subject());
        if (part.value().isPresent()) write(VALUE, part.value().get(), out);
        if (part.sealed().isPresent()) {
            out.writeName(SEALED);
            out.writeString(part.sealed().get());
        }
        for (var other : others) write(other.name, other.json, out);
        out.writeEndObject();
    }

    private static void write(String name, RawJson json, JsonGenerator out) {
        out.writeName(name);
        out.writeRawValue(new String(json.utf8(), StandardCharsets.UTF_8));
    }
}
