package dev.weft.json;

import static java.util.Map.entry;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A value of one token. A text is never taken for a number within JSON, nor a number for a text.
 *
 * @param fromText throws {@link IllegalArgumentException}, {@link ArithmeticException} or {@link
 *     DateTimeException} for a text that is no such value
 */
record Scalar(
        String wanted,
        Kind kind,
        Function<String, Object> fromText,
        BiConsumer<Object, JsonGenerator> writer)
        implements Codec {

    /** The token that holds it. */
    enum Kind {
        TEXT,
        BOOLEAN,
        WHOLE,
        NUMBER
    }

    /** A decimal of a larger scale is no number that anyone means, but a way to fill memory. */
    private static final int MAX_SCALE = 9999;

    static final Map<Class<?>, Scalar> ALL =
            Map.ofEntries(
                    entry(
                            String.class,
                            new Scalar(
                                    "a text",
                                    Kind.TEXT,
                                    t -> t,
                                    (v, out) -> out.writeString((String) v))),
                    entry(
                            Character.class,
                            text(
                                    "a text of one character",
                                    t -> {
                                        if (t.length() != 1) throw new IllegalArgumentException(t);
                                        return t.charAt(0);
                                    })),
                    entry(Instant.class, text("a time like 2026-01-31T09:30:00Z", Instant::parse)),
                    entry(Duration.class, text("a duration like PT1.5S", Duration::parse)),
                    entry(LocalDate.class, text("a date like 2026-01-31", LocalDate::parse)),
                    entry(LocalTime.class, text("a time of day like 09:30:00", LocalTime::parse)),
                    entry(
                            LocalDateTime.class,
                            text("a date and time like 2026-01-31T09:30:00", LocalDateTime::parse)),
                    entry(
                            OffsetDateTime.class,
                            text("a time like 2026-01-31T09:30:00+01:00", OffsetDateTime::parse)),
                    entry(UUID.class, text("a UUID", Scalar::uuid)),
                    entry(URI.class, text("a URI", URI::create)),
                    entry(
                            byte[].class,
                            new Scalar(
                                    "bytes as Base64 text",
                                    Kind.TEXT,
                                    t -> Base64.getDecoder().decode(t),
                                    (v, out) ->
                                            out.writeString(
                                                    Base64.getEncoder()
                                                            .encodeToString((byte[]) v)))),
                    entry(
                            Boolean.class,
                            new Scalar(
                                    "true or false",
                                    Kind.BOOLEAN,
                                    Scalar::bool,
                                    (v, out) -> out.writeBoolean((Boolean) v))),
                    entry(Byte.class, whole(Byte.MIN_VALUE, Byte.MAX_VALUE, t -> Byte.valueOf(t))),
                    entry(
                            Short.class,
                            whole(Short.MIN_VALUE, Short.MAX_VALUE, t -> Short.valueOf(t))),
                    entry(
                            Integer.class,
                            whole(Integer.MIN_VALUE, Integer.MAX_VALUE, t -> Integer.valueOf(t))),
                    entry(Long.class, whole(Long.MIN_VALUE, Long.MAX_VALUE, t -> Long.valueOf(t))),
                    entry(
                            BigInteger.class,
                            new Scalar(
                                    "a whole number",
                                    Kind.WHOLE,
                                    Scalar::bigInteger,
                                    (v, out) -> out.writeNumber((BigInteger) v))),
                    entry(
                            BigDecimal.class,
                            new Scalar(
                                    "a decimal number",
                                    Kind.NUMBER,
                                    Scalar::decimal,
                                    (v, out) -> out.writeNumber((BigDecimal) v))),
                    entry(
                            Double.class,
                            new Scalar(
                                    "a number",
                                    Kind.NUMBER,
                                    t -> finite(Double.parseDouble(number(t))),
                                    (v, out) -> out.writeNumber(finite((Double) v)))),
                    entry(
                            Float.class,
                            new Scalar(
                                    "a number",
                                    Kind.NUMBER,
                                    t -> (float) finite(Float.parseFloat(number(t))),
                                    (v, out) -> {
                                        finite((Float) v);
                                        out.writeNumber((Float) v);
                                    })));

    /** The constants of an enum by their names in lower case: {@code out_of_stock}. */
    static Scalar constants(Object[] constants) {
        var byName = new LinkedHashMap<String, Object>();
        for (var constant : constants) byName.put(name((Enum<?>) constant), constant);
        var wanted = "one of " + String.join(", ", byName.keySet());
        return new Scalar(
                wanted,
                Kind.TEXT,
                text -> {
                    var constant = byName.get(text);
                    if (constant == null) throw new IllegalArgumentException(text);
                    return constant;
                },
                (value, out) -> out.writeString(name((Enum<?>) value)));
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** A value as the name of a member. */
    static String name(Object key) {
        return key instanceof Enum<?> constant ? name(constant) : key.toString();
    }

    private static Scalar text(String wanted, Function<String, Object> fromText) {
        return new Scalar(
                wanted, Kind.TEXT, fromText, (value, out) -> out.writeString(value.toString()));
    }

    private static Scalar whole(long from, long to, Function<String, Object> fromText) {
        return new Scalar(
                "a whole number from " + from + " to " + to,
                Kind.WHOLE,
                fromText,
                (value, out) -> out.writeNumber(((Number) value).longValue()));
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() == JsonToken.VALUE_NULL || !fits(in.currentToken()))
            throw Misfit.token(in, wanted);
        var value = value(in.getString());
        if (value == null) throw Misfit.token(in, wanted);
        return value;
    }

    private boolean fits(@Nullable JsonToken token) {
        return switch (kind) {
            case TEXT -> token == JsonToken.VALUE_STRING;
            case BOOLEAN -> token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE;
            case WHOLE -> token == JsonToken.VALUE_NUMBER_INT;
            case NUMBER ->
                    token == JsonToken.VALUE_NUMBER_INT || token == JsonToken.VALUE_NUMBER_FLOAT;
        };
    }

    @Override
    public Object parse(String name, String text) {
        var value = value(text);
        if (value == null) throw Misfit.text(name, text, wanted);
        return value;
    }

    /** The text's value, or null if it has none. */
    private @Nullable Object value(String text) {
        try {
            return fromText.apply(text);
        } catch (IllegalArgumentException | ArithmeticException | DateTimeException noSuchValue) {
            return null;
        }
    }

    @Override
    public void write(Object value, JsonGenerator out) {
        writer.accept(value, out);
    }

    /** A whole number as the smallest of {@code Long} and {@code BigInteger}, any other exact. */
    static Object number(JsonParser in) {
        if (in.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            try {
                return decimal(in.getString());
            } catch (IllegalArgumentException | ArithmeticException e) {
                throw Misfit.token(in, "a decimal number");
            }
        }
        return switch (in.getNumberType()) {
            case INT, LONG -> in.getLongValue();
            case null, default -> in.getBigIntegerValue();
        };
    }

    private static Object bool(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static Object uuid(String text) {
        if (text.length() != 36) throw new IllegalArgumentException(text);
        return UUID.fromString(text);
    }

    private static Object bigInteger(String text) {
        if (text.length() > Json.MAX_NUMBER_LENGTH) throw new IllegalArgumentException(text);
        return new BigInteger(text);
    }

    private static Object decimal(String text) {
        if (text.length() > Json.MAX_NUMBER_LENGTH) throw new IllegalArgumentException(text);
        var decimal = new BigDecimal(text);
        if (Math.abs((long) decimal.scale()) > MAX_SCALE) throw new ArithmeticException(text);
        return decimal;
    }

    /** Java also takes {@code 1d}, {@code 0x1p3} and blanks for a number. */
    private static String number(String text) {
        for (int i = 0; i < text.length(); i++)
            if ("0123456789+-.eE".indexOf(text.charAt(i)) < 0)
                throw new IllegalArgumentException(text);
        return text;
    }

    private static double finite(double number) {
        if (!Double.isFinite(number))
            throw new IllegalArgumentException("JSON knows no number " + number);
        return number;
    }
}
