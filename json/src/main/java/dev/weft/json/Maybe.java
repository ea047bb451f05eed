package dev.weft.json;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** An {@code Optional}: absent, null, or a value. Whoever writes a component leaves it out if empty. */
record Maybe(Codec value) implements Codec {

    @Override
    public Object read(JsonParser in) {
        return in.currentToken() == JsonToken.VALUE_NULL
                ? Optional.empty()
                : Optional.of(value.read(in));
    }

    @Override
    public Object parse(String name, String text) {
        return Optional.of(value.parse(name, text));
    }

    @Override
    public void write(Object maybe, JsonGenerator out) {
        var present = ((Optional<?>) maybe).orElse(null);
        if (present == null) out.writeNull();
        else value.write(present, out);
    }

    @Override
    public @Nullable Object absent() {
        return Optional.empty();
    }

    @Override
    public String wanted() {
        return value.wanted();
    }
}
