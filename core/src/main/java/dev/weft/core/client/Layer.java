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
 * @param filter the layer itself
 */
public record Layer(
        Role role, String does, List<Setting<?>> settings, Filter<Request, Response> filter) {

    public Layer {
        settings = List.copyOf(settings);
    }
}
