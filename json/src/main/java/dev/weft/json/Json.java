package dev.weft.json;

import dev.weft.core.Failure;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Records and sealed types to JSON (UTF-8) and back.
 *
 * <ul>
 *   <li>A record is an object, its components' names in snake_case. A component is there, or it is
 *       an {@code Optional}: that may be absent or null, and is left out when it is empty.
 *   <li>A sealed interface of records is the record with a member {@code type}, its simple name in
 *       kebab-case; where the record itself is the declared type, there is no such member.
 *   <li>An enum is its constant's name in lower case: {@code out_of_stock}.
 *   <li>{@code BigDecimal} is exact, plain, and keeps its trailing zeros. Times and durations are
 *       ISO texts, {@code byte[]} is Base64, {@link RawJson} is itself. There is no NaN.
 *   <li>A {@link Personal} value is an object that names its subject.
 *   <li>Readers ignore members that they don't know, and never take a text for a number or a number
 *       for a text. The same member twice, more than {@value #MAX_DEPTH} levels, a number of more
 *       than {@value #MAX_NUMBER_LENGTH} digits: {@link Failure.Malformed}, as is anything that does
 *       not fit. It names the place, what was found and what is wanted.
 *   <li>An {@link IllegalArgumentException} of a record's constructor is such a misfit, too.
 * </ul>
 *
 * <p>What cannot be JSON at all, as a class that is no record or a null that is no Optional, is an
 * {@link IllegalArgumentException}. On the module path a record is public in an exported package,
 * or its package is open to {@code dev.weft.json}.
 */
public final class Json {

    static final int MAX_DEPTH = 100;
    static final int MAX_NUMBER_LENGTH = 1000;

    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(MAX_DEPTH)
                                    .maxNumberLength(MAX_NUMBER_LENGTH)
                                    .build())
                    .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
                    .build();

    private Json() {}

    /**
     * Finds out now what the first value would: whether the type, and all that it is made of, can be
     * JSON. {@link IllegalArgumentException} if not.
     */
    public static void require(Class<?> type) {
        Types.require(type);
    }

    /** Whether a value of the type, or what it is made of, may be {@link Personal}. */
    public static boolean holdsPersonal(Class<?> type) {
        return Types.holdsPersonal(type);
    }

    /** The JSON of a value, by the class that it has. */
    public static byte[] write(Object value) {
        return write(value, Types.codecOf(value));
    }

    /** The JSON of a value, by a declared type: with {@code type} if that is a sealed interface. */
    public static byte[] write(Object value, Class<?> declared) {
        return write(
                value, declared.isInstance(value) ? Types.codec(declared) : Types.codecOf(value));
    }

    public static String text(Object value) {
        return new String(write(value), StandardCharsets.UTF_8);
    }

    private static byte[] write(Object value, Codec codec) {
        var bytes = new ByteArrayOutputStream(256);
        try (var out = generator(bytes)) {
            codec.write(value, out);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(
                    value.getClass().getName() + " cannot be JSON: " + e.getOriginalMessage(), e);
        }
        return bytes.toByteArray();
    }

    public static <T> T read(byte[] json, Class<T> type) {
        return read(json, type, Types.codec(type));
    }

    public static <T> T read(String json, Class<T> type) {
        return read(json.getBytes(StandardCharsets.UTF_8), type);
    }

    /** A JSON list. */
    public static <T> List<T> readList(byte[] json, Class<T> type) {
        var list = read(json, List.class, new Lists(Types.codec(type), false));
        @SuppressWarnings("unchecked") // its elements were read by the codec of that type
        var elements = (List<T>) list;
        return elements;
    }

    /** A JSON object as it is: maps, lists, texts, {@code Long}, {@code BigDecimal}, booleans. */
    public static Map<String, Object> readMap(byte[] json) {
        var map = read(json, Map.class, Anything.MAP);
        @SuppressWarnings("unchecked") // the names of a JSON object are texts
        var members = (Map<String, Object>) map;
        return members;
    }

    /**
     * A record from the texts of path and query and the members of a body.
     *
     * <p>A text is converted to its component's type; commas part the elements of a list. A value
     * that is in both has to be the same in both. Texts that are no component's are ignored. If the
     * type is no record, it is read from the body alone.
     *
     * @param json may be empty
     */
    public static <T> T read(byte[] json, Map<String, String> texts, Class<T> type) {
        var codec = Types.codec(type);
        if (!(codec instanceof Fields fields)) return read(json, type, codec);
        if (json.length == 0) return type.cast(fields.bind(texts, null));
        return type.cast(parsed(json, in -> fields.bind(texts, in)));
    }

    static <T> T read(byte[] json, Class<T> type, Codec codec) {
        if (json.length == 0)
            throw new Failure.Malformed("there is no JSON, wanted " + codec.wanted());
        var value = parsed(json, codec::read);
        @SuppressWarnings("unchecked") // primitive types have the codec of their class
        var cast = type.isPrimitive() ? (T) value : type.cast(value);
        return cast;
    }

    interface Reading {
        Object read(JsonParser in);
    }

    static Object parsed(byte[] json, Reading reading) {
        try (var in = parser(json, 0)) {
            in.nextToken();
            var value = reading.read(in);
            if (in.nextToken() != null)
                throw new Failure.Malformed("more stands behind the JSON's end");
            return value;
        } catch (StreamConstraintsException e) {
            throw new Failure.Malformed(
                    "the JSON is nested deeper than "
                            + MAX_DEPTH
                            + " levels, or holds a number of more than "
                            + MAX_NUMBER_LENGTH
                            + " digits",
                    e);
        } catch (JacksonException e) {
            var at = e.getLocation();
            throw new Failure.Malformed(
                    "no valid JSON"
                            + (at == null
                                    ? ""
                                    : " at line " + at.getLineNr() + ", column " + at.getColumnNr())
                            + ": "
                            + complaint(e),
                    e);
        }
    }

    /** The parser's words, without where it keeps its source and how it could be set. */
    private static String complaint(JacksonException e) {
        var words = e.getOriginalMessage();
        for (var aside : List.of(" (start marker at ", ": enable `")) {
            int at = words.indexOf(aside);
            if (at >= 0) words = words.substring(0, at);
        }
        return words;
    }

    static JsonGenerator generator(OutputStream out) {
        return FACTORY.createGenerator(ObjectWriteContext.empty(), out);
    }

    /** A parser that remembers what it parses, as the value of its root; see {@link #source}. */
    static JsonParser parser(byte[] json, int start) {
        var in = FACTORY.createParser(ObjectReadContext.empty(), json, start, json.length - start);
        in.assignCurrentValue(json);
        return in;
    }

    /** All that is being parsed. */
    static byte[] source(JsonParser in) {
        var context = in.streamReadContext();
        while (context.getParent() != null) context = context.getParent();
        return (byte[]) context.currentValue();
    }
}
