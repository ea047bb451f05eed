package dev.weft.json;

import java.lang.invoke.MethodType;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

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
        isMadeOf(codec(type), part -> false, new HashSet<>());
    }

    static boolean holdsPersonal(Class<?> type) {
        return isMadeOf(codec(type), Owned.class::isInstance, new HashSet<>());
    }

    private static boolean isMadeOf(Codec codec, Predicate<Codec> wanted, Set<Shape> seen) {
        if (wanted.test(codec)) return true;
        if (codec instanceof Fields fields
                && (seen.size() >= MAX_REQUIRED || !seen.add(fields.shape()))) return false;
        for (var part : parts(codec)) if (isMadeOf(part, wanted, seen)) return true;
        return false;
    }

    private static Collection<? extends Codec> parts(Codec codec) {
        return switch (codec) {
            case Fields fields -> fields.parts();
            case Choice choice -> choice.options();
            case Lists lists -> List.of(lists.element());
            case Maps maps -> List.of(maps.value());
            case Maybe maybe -> List.of(maybe.value());
            case Owned owned -> List.of(owned.value());
            default -> List.of();
        };
    }

    /** The codec that writes this value when nothing is known but the value. */
    static Codec codecOf(Object value) {
        return switch (value) {
            case Map<?, ?> map -> Anything.MAP;
            case Collection<?> collection -> LIST;
            case Optional<?> optional -> MAYBE;
            case Personal<?> personal -> OWNED;
            case Enum<?> constant -> codec(constant.getDeclaringClass());
            default -> codec(value.getClass());
        };
    }

    private static final Codec LIST = new Lists(Anything.CODEC, false);
    private static final Codec MAYBE = new Maybe(Anything.CODEC);
    private static final Codec OWNED = new Owned(Anything.CODEC);

    private static Codec make(Shape shape) {
        var type = MethodType.methodType(shape.type()).wrap().returnType();
        var scalar = Scalar.ALL.get(type);
        if (scalar != null) return scalar;
        if (type == Object.class) return Anything.CODEC;
        if (type == RawJson.class) return Raw.CODEC;
        if (type.isEnum()) return Scalar.constants(type.getEnumConstants());
        if (type == Personal.class) return new Owned(codec(shape.argument(0)));
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
