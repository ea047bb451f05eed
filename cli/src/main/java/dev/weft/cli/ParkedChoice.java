package dev.weft.cli;

import dev.weft.core.Query;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which parked keys a command is about: those that fit all that is said. */
class ParkedChoice {

    @Option(names = "--service", paramLabel = "NAME", description = "Keys of this service.")
    String service = "";

    @Option(names = "--listener", paramLabel = "NAME", description = "Keys of this listener.")
    String listener = "";

    @Option(names = "--source", paramLabel = "NAME", description = "Keys of this source's events.")
    String source = "";

    @Option(names = "--key", paramLabel = "KEY", description = "This key.")
    String key = "";

    @Option(
            names = "--cause",
            paramLabel = "TEXT",
            description =
                    "Keys whose error contains this, in its class or message: ConnectException.")
    String cause = "";

    /** All that is said, by its names in the API, but for the service. */
    Map<String, Object> selection(String event) {
        var said = new LinkedHashMap<String, Object>();
        if (!event.isEmpty()) said.put("event", event);
        if (!listener.isEmpty()) said.put("listener", listener);
        if (!source.isEmpty()) said.put("source", source);
        if (!key.isEmpty()) said.put("key", key);
        if (!cause.isEmpty()) said.put("cause", cause);
        return said;
    }

    /** The same as a query, the service with it. */
    Query query(String event) {
        var query = Query.NONE;
        for (var each : selection(event).entrySet())
            query = query.and(each.getKey(), (String) each.getValue());
        return service.isEmpty() ? query : query.and("service", service);
    }
}
