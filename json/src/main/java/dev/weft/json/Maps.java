package dev.weft.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** An object whose names are data, in the order in which they came. A null member is left out. */
record Maps(Scalar key, Codec value) implements Codec {

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_OBJECT) throw Misfit.token(in, wanted());
        var members = new LinkedHashMap<Object, Object>();
        for (var name = in.nextName(); name != null; name = in.nextName()) {
            var at = key.parse(name, name);
            if (in.nextToken() == JsonToken.VALUE_NULL) continue;
            var before = members.put(at, value.read(in));
            if (before != null) throw Misfit.twice(in, name);
        }
        return Collections.unmodifiableMap(members);
    }

    @Override
    public void write(Object map, JsonGenerator out) {
        out.writeStartObject();
        ((Map<?, ?>) map)
                .forEach((name, member) -> {
                    if (member == null) return;
                    out.writeName(Scalar.name(name));
                    value.write(member, out);
                });
        out.writeEndObject();
    }

    @Override
    public String wanted() {
        return "an object";
    }
}
