package dev.weft.contracts;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What both kinds of documents are made of. */
final class Parts {

    private Parts() {}

    /** An object to be filled; its members keep their order. */
    static Map<String, Object> object() {
        return new LinkedHashMap<>();
    }

    /** An object that is there, to be filled on; a new one if there is none. */
    static Map<String, Object> object(@Nullable Object value) {
        return Node.object(value);
    }

    /** Services have no versions of their own; what they promise is compared instead. */
    static Map<String, Object> info(String title) {
        var info = object();
        info.put("title", title);
        info.put("version", "1");
        return info;
    }
}
