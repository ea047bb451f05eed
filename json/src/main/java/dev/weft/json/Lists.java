package dev.weft.json;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A list, or a set in the order in which it came. From a path or query: texts between commas.
 *
 * @param unique whether it is a set; then an element that is there twice counts once
 */
record Lists(Codec element, boolean unique) implements Codec {

    @Override
    public Object read(JsonParser in) {
        if (in.currentToken() != JsonToken.START_ARRAY) throw Misfit.token(in, wanted());
        var elements = new ArrayList<Object>();
        while (in.nextToken() != JsonToken.END_ARRAY) elements.add(element.read(in));
        return fixed(elements);
    }

    @Override
    public Object parse(String name, String text) {
        var elements = new ArrayList<Object>();
        if (!text.isEmpty())
            for (var part : text.split(",", -1)) elements.add(element.parse(name, part));
        return fixed(elements);
    }

    private Object fixed(List<Object> elements) {
        return unique
                ? Collections.unmodifiableSet(new LinkedHashSet<>(elements))
                : Collections.unmodifiableList(elements);
    }

    @Override
    public void write(Object value, JsonGenerator out) {
        out.writeStartArray();
        for (var each : (Collection<?>) value) element.write(each, out);
        out.writeEndArray();
    }

    @Override
    public String wanted() {
        return "a list";
    }

    static boolean canRead(Class<?> type) {
        return type == List.class || type == Collection.class || type == Set.class;
    }
}
