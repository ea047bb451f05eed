package dev.weft.json;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A {@link Personal} value: an object that says first whose it is. */
record Owned(Codec value) implements Codec {

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) throw Misfit.token(in, wanted());
        if (!PersonalJson.SUBJECT.equals(in.nextName()))
            throw Misfit.missing(in, PersonalJson.SUBJECT, "whose it is, before all else");
        if (in.nextToken() != JsonToken.VALUE_STRING) throw Misfit.token(in, "a text");
        var subject = in.getString();
        @Nullable Object read = null;
        for (var name = in.nextName(); name != null; name = in.nextName()) {
            in.nextToken();
            switch (name) {
                case PersonalJson.VALUE -> {
                    if (read != null) throw Misfit.twice(in, name);
                    read = value.read(in);
                }
                case PersonalJson.SEALED ->
                        throw Misfit.token(
                                in, "a value; this is sealed, and its storage alone can open it");
                default -> in.skipChildren();
            }
        }
        try {
            return read == null ? Personal.erased(subject) : Personal.of(subject, read);
        } catch (IllegalArgumentException e) {
            throw Misfit.value(in, e);
        }
    }

    @Override
    public void write(Object owned, JsonGenerator out) {
        var personal = (Personal<?>) owned;
        out.writeStartObject();
        out.writeName(PersonalJson.SUBJECT);
        out.writeString(personal.subject());
        var present = personal.value().orElse(null);
        if (present != null) {
            out.writeName(PersonalJson.VALUE);
            value.write(present, out);
        }
        out.writeEndObject();
    }

    @Override
    public String wanted() {
        return "an object with " + PersonalJson.SUBJECT;
    }
}
