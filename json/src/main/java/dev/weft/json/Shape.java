package dev.weft.json;

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.ArrayList;
import java.util.List;

/**
 * A type with its arguments filled in: {@code List<String>}.
 *
 * @param arguments one for each type parameter; none means that nothing is known of them
 */
record Shape(Class<?> type, List<Shape> arguments) {

    private static final Shape ANYTHING = new Shape(Object.class, List.of());

    static Shape of(Class<?> type, List<Shape> arguments) {
        return new Shape(type, arguments);
    }

    /** An option of a sealed type that has this shape; it has the same parameters or none. */
    Shape of(Class<?> option) {
        return new Shape(
                option,
                option.getTypeParameters().length == arguments.size() ? arguments : List.of());
    }

    /** The argument at this place, or anything. */
    Shape argument(int index) {
        return index < arguments.size() ? arguments.get(index) : ANYTHING;
    }

    /** A type as it is declared within this one, its variables replaced by this one's arguments. */
    Shape resolve(Type declared) {
        return switch (declared) {
            case Class<?> plain -> new Shape(plain, List.of());
            case ParameterizedType parameterized -> {
                var arguments = new ArrayList<Shape>();
                for (var argument : parameterized.getActualTypeArguments())
                    arguments.add(resolve(argument));
                yield new Shape((Class<?>) parameterized.getRawType(), List.copyOf(arguments));
            }
            case TypeVariable<?> variable -> {
                var parameters = type.getTypeParameters();
                for (int i = 0; i < parameters.length && i < arguments.size(); i++)
                    if (parameters[i].equals(variable)) yield arguments.get(i);
                yield resolve(variable.getBounds()[0]);
            }
            case WildcardType wildcard -> resolve(wildcard.getUpperBounds()[0]);
            case GenericArrayType array ->
                    throw new IllegalArgumentException(
                            "JSON lists are read into List, not into the array " + array);
            default -> throw new IllegalArgumentException("no JSON for the type " + declared);
        };
    }
}
