package dev.weft.json;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;

/** Reads and writes the values of one type. Used by many threads at once. */
interface Codec {

    /** The value whose first token is the current one; leaves the parser on its last token. */
    Object read(JsonParser in);

    void write(Object value, JsonGenerator out);

    /** What a reader expects, for error messages: "a whole number". */
    String wanted();

    /**
     * The value of a text from a path or a query.
     *
     * @param name whose value it is, for the error message
     */
    default Object parse(String name, String text) {
        throw Misfit.text(name, text, wanted() + ", which only the body can hold");
    }

    /** What a component holds that is not there; null if it has to be there. */
    default @Nullable Object absent() {
        return null;
    }
}
