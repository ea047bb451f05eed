package dev.weft.json;

import static java.util.Map.entry;

import java.lang.invoke.MethodType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What {@link Json} reads and writes of types, as JSON Schema (draft 2020-12, with the formats of the OpenAPI registry).
 *
 * <p>A record or sealed interface is defined once, under its simple name, and referred to; so one may hold itself. A component
 * that is an {@code Optional} is not required, and says nothing of the null that readers take for it. What a constructor
 * checks is not in a schema. Not for several threads.
 */
public final class Schemas {

    /** What {@link Scalar} knows. */
    static final Map<Class<?>, Map<String, Object>> SCALARS =
            Map.ofEntries(
                    entry(String.class, scalar("string", "", "")),
                    entry(Character.class, text("char")),
                    entry(Instant.class, text("date-time")),
                    entry(Duration.class, text("duration")),
                    entry(LocalDate.class, text("date")),
                    entry(LocalTime.class, text("time-local")),
                    entry(LocalDateTime.class, text("date-time-local")),
                    entry(OffsetDateTime.class, text("date-time")),
                    entry(UUID.class, text("uuid")),
                    entry(URI.class, text("uri-reference")),
                    entry(byte[].class, scalar("string", "contentEncoding", "base64")),
                    entry(Boolean.class, scalar("boolean", "", "")),
                    entry(Byte.class, scalar("integer", "format", "int8")),
                    entry(Short.class, scalar("integer", "format", "int16")),
                    entry(Integer.class, scalar("integer", "format", "int32")),
                    entry(Long.class, scalar("integer", "format", "int64")),
                    entry(BigInteger.class, scalar("integer", "", "")),
                    entry(BigDecimal.class, scalar("number", "format", "decimal")),
                    entry(Double.class, scalar("number", "format", "double")),
                    entry(Float.class, scalar("number", "format", "float")));

    private final String prefix;
    private final Map<Shape, String> names = new HashMap<>();
    private final Map<String, Object> definitions = new TreeMap<>();

    /**
     * @param prefix of references, such as {@code #/components/schemas/}
     */
    public Schemas(String prefix) {
        this.prefix = prefix;
    }

    private static Map<String, Object> text(String format) {
        return scalar("string", "format", format);
    }

    private static Map<String, Object> scalar(String type, String keyword, String value) {
        var schema = node(type);
        if (!keyword.isEmpty()) schema.put(keyword, value);
        return Collections.unmodifiableMap(schema);
    }

    /** In the order in which it is filled, so that what is written of it is the same each time. */
    private static Map<String, Object> node(String type) {
        var schema = new LinkedHashMap<String, Object>();
        schema.put("type", type);
        return schema;
    }

    /** The schema of a type; {@link IllegalArgumentException} if it cannot be JSON. */
    public Map<String, Object> of(Class<?> type) {
        Json.require(type);
        return of(new Shape(type, List.of()));
    }

    /** What the schemas so far refer to, by name. */
    public Map<String, Object> definitions() {
        return new TreeMap<>(definitions);
    }

    private Map<String, Object> of(Shape shape) {
        var type = MethodType.methodType(shape.type()).wrap().returnType();
        var scalar = SCALARS.get(type);
        if (scalar != null) return scalar;
        if (type.isEnum()) return constants(type);
        return switch (Types.codec(shape)) {
            case Fields fields -> reference(shape, () -> object(shape, Optional.empty()));
            case Choice choice -> reference(shape, () -> choice(choice));
            case Lists lists -> with("array", "items", of(shape.argument(0)));
            case Maps maps -> with("object", "additionalProperties", of(shape.argument(1)));
            case Maybe maybe -> of(shape.argument(0));
            case Owned owned -> owned(of(shape.argument(0)));
            default -> Map.of();
        };
    }

    /** A personal value, which may be gone. */
    private static Map<String, Object> owned(Map<String, Object> value) {
        var properties = new LinkedHashMap<String, Object>();
        properties.put(PersonalJson.SUBJECT, node("string"));
        properties.put(PersonalJson.VALUE, value);
        var schema = node("object");
        schema.put("properties", properties);
        schema.put("required", List.of(PersonalJson.SUBJECT));
        return schema;
    }

    private static Map<String, Object> constants(Class<?> type) {
        var schema = node("string");
        schema.put("enum", Stream.of(type.getEnumConstants()).map(Scalar::name).toList());
        return schema;
    }

    /** A schema that says nothing is left out. */
    private static Map<String, Object> with(String type, String keyword, Map<String, Object> of) {
        var schema = node(type);
        if (!of.isEmpty()) schema.put(keyword, of);
        return schema;
    }

    private interface Definition {
        Map<String, Object> schema();
    }

    private Map<String, Object> reference(Shape shape, Definition definition) {
        var known = names.get(shape);
        if (known == null) {
            known = free(shape);
            names.put(shape, known);
            // Taken before what it is made of, which may refer to it.
            definitions.put(known, Map.of());
            definitions.put(known, definition.schema());
        }
        return Map.of("$ref", prefix + known);
    }

    /** The simple name; where another type has that, the one around it before it; or a number behind it. */
    private String free(Shape shape) {
        var name = name(shape);
        if (!definitions.containsKey(name)) return name;
        var around = shape.type().getEnclosingClass();
        if (around != null) name = around.getSimpleName() + "." + name;
        var free = name;
        for (int n = 2; definitions.containsKey(free); n++) free = name + n;
        return free;
    }

    /** {@code Page}, {@code PageOfProduct}. */
    private static String name(Shape shape) {
        var name = shape.type().getSimpleName();
        return shape.arguments().isEmpty()
                ? name
                : name
                        + "Of"
                        + shape.arguments().stream()
                                .map(Schemas::name)
                                .collect(Collectors.joining("And"));
    }

    private Map<String, Object> choice(Choice choice) {
        var cases = new ArrayList<Object>();
        choice.named()
                .forEach((name, fields) -> cases.add(object(fields.shape(), Optional.of(name))));
        return Map.of("oneOf", cases);
    }

    /**
     * A record.
     *
     * @param name what its member {@code type} holds, if it has one
     */
    private Map<String, Object> object(Shape shape, Optional<String> name) {
        var properties = new LinkedHashMap<String, Object>();
        var required = new ArrayList<String>();
        name.ifPresent(it -> {
            properties.put(Choice.TYPE, Map.of("const", it));
            required.add(Choice.TYPE);
        });
        for (var component : shape.type().getRecordComponents()) {
            var member = Names.snake(component.getName());
            var of = shape.resolve(component.getGenericType());
            properties.put(member, of(of));
            if (of.type() != Optional.class) required.add(member);
        }
        var schema = node("object");
        schema.put("properties", properties);
        if (!required.isEmpty()) schema.put("required", required);
        return schema;
    }
}
