package dev.weft.hub;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.json.Json;

/** JSON in and out of the hub's routes. */
final class Answers {

    private Answers() {}

    static Response json(Object value) {
        return Response.of(200)
                .header("Content-Type", "application/json")
                .with(Body.of(Json.write(value)));
    }

    static <T> T read(Request request, Class<T> type) {
        return Json.read(request.body().bytes(), type);
    }

    /** A whole number of the query. */
    static long number(Request request, String name, long otherwise, long least, long most) {
        var text = request.query().get(name);
        if (text.isEmpty()) return otherwise;
        try {
            long number = Long.parseLong(text.get());
            if (number >= least && number <= most) return number;
        } catch (NumberFormatException e) {
            throw wanted(name, text.get(), least, most);
        }
        throw wanted(name, text.get(), least, most);
    }

    private static Failure.Malformed wanted(String name, String text, long least, long most) {
        return new Failure.Malformed(
                name + " is a number from " + least + " to " + most + ", not \"" + text + "\"");
    }
}
