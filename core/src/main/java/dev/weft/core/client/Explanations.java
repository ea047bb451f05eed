package dev.weft.core.client;

import java.util.List;
import java.util.Optional;

/**
 * What a process tells people about itself: what stands around its routes, and around its calls by who is called.
 *
 * @param service who tells
 * @param server the layers around its routes, outermost first; nothing, if one that is called was named
 */
public record Explanations(String service, List<Explanation.Step> server, List<Explanation> calls) {

    /**
     * As things are now.
     *
     * @param called one service, whether or not it was called yet; else the routes, and all that were called so far
     */
    public static Explanations of(
            String service,
            List<Explanation.Step> server,
            Clients clients,
            Optional<String> called) {
        var all = called.map(name -> List.of(clients.of(name))).orElseGet(clients::made);
        return new Explanations(
                service,
                called.isPresent() ? List.of() : server,
                all.stream().flatMap(each -> Explanation.of(each).stream()).toList());
    }
}
