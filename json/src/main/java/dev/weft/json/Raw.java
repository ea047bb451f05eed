package dev.weft.json;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** Any value as the bytes that it has in JSON. */
final class Raw implements Codec {

    static final Raw CODEC = new Raw();

    private Raw() {}

    @Override
    public Object read(JsonParser in) {
        var bytes = new ByteArrayOutputStream(128);
        try (var out = Json.generator(bytes)) {
            copy(in, out);
        }
        return new RawJson(bytes.toByteArray());
    }

    private void copy(JsonParser in, JsonGenerator out) {
        int depth = 0;
        while (true) {
            switch (in.currentToken()) {
                case START_OBJECT -> {
                    out.writeStartObject();
                    depth++;
                }
                case START_ARRAY -> {
                    out.writeStartArray();
                    depth++;
                }
                case END_OBJECT -> {
                    out.writeEndObject();
                    depth--;
                }
                case END_ARRAY -> {
                    out.writeEndArray();
                    depth--;
                }
                case PROPERTY_NAME -> out.writeName(in.currentName());
                case VALUE_STRING -> out.writeString(in.getString());
                case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> out.writeNumber(in.getString());
                case VALUE_TRUE -> out.writeBoolean(true);
                case VALUE_FALSE -> out.writeBoolean(false);
                case VALUE_NULL -> out.writeNull();
                case null, default -> throw Misfit.token(in, wanted());
            }
            if (depth == 0) return;
            in.nextToken();
        }
    }

    @Override
    public void write(Object value, JsonGenerator out) {
        out.writeRawValue(new String(((RawJson) value).utf8(), StandardCharsets.UTF_8));
    }

    @Override
    public String wanted() {
        return "a value";
    }
}
