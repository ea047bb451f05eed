package dev.weft.json;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A value without a declared type: reads maps, lists, texts, {@code Long} or {@code BigInteger},
 * {@code BigDecimal}, booleans; writes whatever type the value turns out to have.
 */
final class Anything implements Codec {

    static final Anything CODEC = new Anything();

    static final Maps MAP = new Maps(text(), CODEC);

    private Anything() {}

    @SuppressWarnings("NullAway") // there is a codec for texts
    private static Scalar text() {
        return Scalar.ALL.get(String.class);
    }

    @Override
    public Object read(JsonParser in) {
        var value = readOrNull(in);
        if (value == null) throw Misfit.token(in, wanted());
        return value;
    }

    private @Nullable Object readOrNull(JsonParser in) {
        return switch (in.currentToken()) {
            case START_OBJECT -> MAP.read(in);
            case START_ARRAY -> list(in);
            case VALUE_STRING -> in.getString();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> Scalar.number(in);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case null, default -> null;
        };
    }

    private Object list(JsonParser in) {
        var elements = new ArrayList<@Nullable Object>();
        while (in.nextToken() != JsonToken.END_ARRAY) elements.add(readOrNull(in));
        return Collections.unmodifiableList(elements);
    }

    @Override
    public void write(@Nullable Object value, JsonGenerator out) {
        if (value == null || value.equals(Optional.empty())) out.writeNull();
        else Types.codecOf(value).write(value, out);
    }

    @Override
    public String wanted() {
        return "a value";
    }
}
