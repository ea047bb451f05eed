package dev.weft.json;

import dev.weft.core.Failure;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A record, as an object with one member per component.
 *
 * <p>The components' codecs and the constructor are found at first use and not before, so that a
 * record may hold itself. Two threads may find them at once; they find the same.
 */
final class Fields implements Codec {

    /** One component. */
    private record Field(String name, Codec codec, MethodHandle accessor) {}

    private final Shape shape;
    private final Map<String, Integer> places = new HashMap<>();
    private @Nullable MethodHandle constructor;
    private Field @Nullable [] fields;

    Fields(Shape shape) {
        this.shape = shape;
        var components = shape.type().getRecordComponents();
        for (int i = 0; i < components.length; i++)
            places.put(Names.snake(components[i].getName()), i);
    }

    Shape shape() {
        return shape;
    }

    /** The codecs of its components. Cheaper than a first use: no handle is made for it. */
    List<Codec> parts() {
        var components = shape.type().getRecordComponents();
        try {
            open(canonical(components), shape.type());
        } catch (NoSuchMethodException e) {
            throw closed(shape.type(), e);
        }
        return Stream.of(components).map(this::codec).toList();
    }

    private Codec codec(RecordComponent component) {
        return Types.codec(shape.resolve(component.getGenericType()));
    }

    boolean has(String name) {
        return places.containsKey(name);
    }

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) throw Misfit.token(in, wanted());
        return readMembers(in, in.nextName(), false);
    }

    /**
     * Reads on from a member's name, or null at the object's end.
     *
     * @param typed whether the discriminator was read already and must not come again
     */
    Object readMembers(JsonParser in, @Nullable String name, boolean typed) {
        var values = new @Nullable Object[places.size()];
        fill(in, name, typed, values);
        return complete(values, in);
    }

    /** One record of texts and of the members of a body, if there is one. */
    Object bind(Map<String, String> texts, @Nullable JsonParser in) {
        var fields = fields();
        var values = new @Nullable Object[fields.length];
        if (in != null) {
            if (in.currentToken() != JsonToken.START_OBJECT) throw Misfit.token(in, wanted());
            fill(in, in.nextName(), false, values);
        }
        for (int i = 0; i < fields.length; i++) {
            var field = fields[i];
            var text = texts.get(field.name);
            if (text == null) continue;
            var value = field.codec.parse(field.name, text);
            var inBody = values[i];
            if (inBody != null && !inBody.equals(value))
                throw new Failure.Malformed(
                        field.name
                                + " is "
                                + value
                                + " in the path or query and "
                                + inBody
                                + " in the body; they have to agree");
            values[i] = value;
        }
        return complete(values, in);
    }

    private void fill(
            JsonParser in, @Nullable String first, boolean typed, @Nullable Object[] values) {
        var fields = fields();
        for (var name = first; name != null; name = in.nextName()) {
            in.nextToken();
            var place = places.get(name);
            if (place == null) {
                if (name.equals(Choice.TYPE)) {
                    if (typed) throw Misfit.twice(in, name);
                    typed = true;
                }
                in.skipChildren();
                continue;
            }
            var value = fields[place].codec.read(in);
            if (values[place] != null) throw Misfit.twice(in, name);
            values[place] = value;
        }
    }

    private Object complete(@Nullable Object[] values, @Nullable JsonParser in) {
        var fields = fields();
        for (int i = 0; i < values.length; i++) {
            if (values[i] == null) values[i] = fields[i].codec.absent();
            if (values[i] == null)
                throw Misfit.missing(in, fields[i].name, fields[i].codec.wanted());
        }
        try {
            return (Object) constructor().invokeExact(values);
        } catch (IllegalArgumentException e) {
            throw Misfit.value(in, e);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new UndeclaredThrowableException(e);
        }
    }

    @Override
    public void write(Object value, JsonGenerator out) {
        out.writeStartObject();
        writeMembers(value, out);
        out.writeEndObject();
    }

    void writeMembers(Object record, JsonGenerator out) {
        for (var field : fields()) {
            var value = get(field, record);
            if (value == null)
                throw new IllegalArgumentException(
                        field.name
                                + " of "
                                + shape.type().getName()
                                + " is null; a component that may be absent is an Optional");
            if (value instanceof Optional<?> maybe && maybe.isEmpty()) continue;
            out.writeName(field.name);
            field.codec.write(value, out);
        }
    }

    @Override
    public String wanted() {
        return "an object";
    }

    private Field[] fields() {
        var found = fields;
        if (found == null) {
            found =
                    Stream.of(shape.type().getRecordComponents())
                            .map(component ->
                                    new Field(
                                            Names.snake(component.getName()),
                                            codec(component),
                                            accessor(component)))
                            .toArray(Field[]::new);
            fields = found;
        }
        return found;
    }

    private @Nullable Object get(Field field, Object record) {
        try {
            return (@Nullable Object) field.accessor.invokeExact(record);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new UndeclaredThrowableException(e);
        }
    }

    private MethodHandle constructor() {
        var found = constructor;
        if (found == null) {
            found = constructor(shape.type().getRecordComponents());
            constructor = found;
        }
        return found;
    }

    private Constructor<?> canonical(RecordComponent[] components) throws NoSuchMethodException {
        var types = Stream.of(components).map(RecordComponent::getType).toArray(Class[]::new);
        return shape.type().getDeclaredConstructor(types);
    }

    private MethodHandle constructor(RecordComponent[] components) {
        var type = shape.type();
        try {
            var constructor = canonical(components);
            open(constructor, type);
            return MethodHandles.lookup()
                    .unreflectConstructor(constructor)
                    .asSpreader(Object[].class, components.length)
                    .asType(MethodType.methodType(Object.class, Object[].class));
        } catch (ReflectiveOperationException e) {
            throw closed(type, e);
        }
    }

    private static MethodHandle accessor(RecordComponent component) {
        var type = component.getDeclaringRecord();
        try {
            open(component.getAccessor(), type);
            return MethodHandles.lookup()
                    .unreflect(component.getAccessor())
                    .asType(MethodType.methodType(Object.class, Object.class));
        } catch (ReflectiveOperationException e) {
            throw closed(type, e);
        }
    }

    private static void open(AccessibleObject member, Class<?> type) {
        if (!member.trySetAccessible()) throw closed(type, null);
    }

    private static IllegalArgumentException closed(Class<?> type, @Nullable Throwable cause) {
        return new IllegalArgumentException(
                type.getName()
                        + " cannot be read as JSON: make it public in an exported package, or open"
                        + " its package to dev.weft.json",
                cause);
    }
}
