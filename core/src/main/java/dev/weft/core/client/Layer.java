package dev.weft.core.client;

import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.util.List;

/**
 * One layer of a client.
 *
 * @param does what it does, in a sentence
 * @param settings the numbers that it was built from
 * @param fixed the numbers of it that nobody can set
 * @param filter the layer itself
 */
public record Layer(
        Role role,
        String does,
        List<Setting<?>> settings,
        List<Fixed> fixed,
        Filter<Request, Response> filter) {

    /** A number that is as it is. */
    public record Fixed(String name, String value, String meaning) {}

    public Layer {
        settings = List.copyOf(settings);
        fixed = List.copyOf(fixed);
    }

    /** One all of whose numbers can be set. */
    public Layer(
            Role role, String does, List<Setting<?>> settings, Filter<Request, Response> filter) {
        this(role, does, settings, List.of(), filter);
    }
}
