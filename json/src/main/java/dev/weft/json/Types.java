package dev.weft.json;

import java.lang.invoke.MethodType;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds the codec of a type. Those of classes are kept with the class and go with it. */
final class Types {

    private static final ClassValue<Codec> OF_CLASS =
            new ClassValue<>() {
                @Override
                protected Codec computeValue(Class<?> type) {
                    return make(new Shape(type, List.of()));
                }
            };

    private Types() {}

    static Codec codec(Shape shape) {
        return shape.arguments().isEmpty() ? codec(shape.type()) : make(shape);
    }

    static Codec codec(Class<?> type) {
        return OF_CLASS.get(type);
    }

    /** The most records that one type is looked through for; a generic one may hold ever others. */
    private static final int MAX_REQUIRED = 1_000;

    /** Finds the codecs of all that the type is made of. */
    static void require(Class<?> type) {
        require(codec(type), new HashSet<>());
    }

    private static void require(Codec codec, Set<Shape> seen) {
        switch (codec) {
            case Fields fields -> {
                if (seen.size() < MAX_REQUIRED && seen.add(fields.shape()))
                    fields.parts().forEach(part -> require(part, seen));
            }
            case Choice choice -> choice.options().forEach(option -> require(option, seen));
            case Lists lists -> require(lists.element(), seen);
            case Maps maps -> require(maps.value(), seen);
            case Maybe maybe -> require(maybe.value(), seen);
            default -> {}
        }
    }

    /** The codec that writes this value when nothing is known but the value. */
    static Codec codecOf(Object value) {
        return switch (value) {
            case Map<?, ?> map -> Anything.MAP;
            case Collection<?> collection -> LIST;
            case Optional<?> optional -> MAYBE;
            case Enum<?> constant -> codec(constant.getDeclaringClass());
            default -> codec(value.getClass());
        };
    }

    private static final Codec LIST = new Lists(Anything.CODEC, false);
    private static final Codec MAYBE = new Maybe(Anything.CODEC);

    private static Codec make(Shape shape) {
        var type = MethodType.methodType(shape.type()).wrap().returnType();
        var scalar = Scalar.ALL.get(type);
        if (scalar != null) return scalar;
        if (type == Object.class) return Anything.CODEC;
        if (type == RawJson.class) return Raw.CODEC;
        if (type.isEnum()) return Scalar.constants(type.getEnumConstants());
        if (type.isRecord()) return new Fields(shape);
        if (type == Optional.class) return new Maybe(codec(shape.argument(0)));
        if (Lists.canRead(type)) return new Lists(codec(shape.argument(0)), type == Set.class);
        if (type == Map.class) return map(shape);
        if (type.isSealed() && type.isInterface()) return new Choice(type, shape);
        throw new IllegalArgumentException(
                "no JSON for "
                        + type.getName()
                        + "; use a record, a sealed interface of records, an enum, List, Set, Map,"
                        + " Optional, a number, text or time");
    }

    private static Codec map(Shape shape) {
        if (shape.arguments().isEmpty()) return Anything.MAP;
        if (!(codec(shape.argument(0)) instanceof Scalar key))
            throw new IllegalArgumentException(
                    "the names of a JSON object are texts; "
                            + shape.argument(0).type().getName()
                            + " is none");
        return new Maps(key, codec(shape.argument(1)));
    }
}
