package dev.weft.core.client;

import dev.weft.core.Method;
import dev.weft.core.PathTemplate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What was said about calls: of all services, of one, of one operation of one. The narrower wins; of two about the same,
 * the later.
 *
 * @param all for calls of every service
 * @param services by the name of the service that is called
 */
public record CallSettings(ClientOptions all, Map<String, OfService> services) {

    /** What stands for all services in place of a name. */
    public static final String EVERY = "*";

    public static final CallSettings NONE = new CallSettings(ClientOptions.DEFAULT, Map.of());

    /**
     * What was said of one service.
     *
     * @param operations those that differ from the rest
     */
    public record OfService(ClientOptions options, List<Operation> operations) {

        static final OfService NOTHING = new OfService(ClientOptions.DEFAULT, List.of());

        public OfService {
            operations = List.copyOf(operations);
        }
    }

    /** One operation of a service, and what was said of it alone. */
    public record Operation(Method method, PathTemplate path, ClientOptions options) {

        /** As {@code GET /products/{id}}; fails with {@link IllegalArgumentException} if it is not. */
        static Operation named(String name, ClientOptions options) {
            var parts = name.split(" ", 2);
            try {
                return new Operation(
                        Method.valueOf(parts[0]),
                        new PathTemplate(parts.length < 2 ? "" : parts[1]),
                        options);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "an operation is a method and a path such as GET /products/{id}, not \""
                                + name
                                + "\"",
                        e);
            }
        }

        public String name() {
            return method + " " + path.text();
        }
    }

    public CallSettings {
        services = Map.copyOf(services);
    }

    /** With these options for a service, or for {@link #EVERY}, over what is there. */
    public CallSettings with(String service, ClientOptions options) {
        if (service.equals(EVERY)) return new CallSettings(all.and(options), services);
        var there = services.getOrDefault(service, OfService.NOTHING);
        return with(service, new OfService(there.options.and(options), there.operations));
    }

    /** With these options for one operation, such as {@code GET /products/{id}}. */
    public CallSettings with(String service, String operation, ClientOptions options) {
        var there = services.getOrDefault(service, OfService.NOTHING);
        var operations = new ArrayList<Operation>();
        var added = Operation.named(operation, options);
        for (var each : there.operations) {
            if (each.name().equals(added.name()))
                added = new Operation(each.method, each.path, each.options.and(options));
            else operations.add(each);
        }
        operations.add(added);
        return with(service, new OfService(there.options, operations));
    }

    private CallSettings with(String service, OfService what) {
        var more = new LinkedHashMap<>(services);
        more.put(service, what);
        return new CallSettings(all, more);
    }

    /** These, and over them what the others say. */
    public CallSettings and(CallSettings others) {
        var sum = with(EVERY, others.all);
        for (var service : others.services.entrySet()) {
            sum = sum.with(service.getKey(), service.getValue().options);
            for (var operation : service.getValue().operations)
                sum = sum.with(service.getKey(), operation.name(), operation.options);
        }
        return sum;
    }

    /**
     * As a file says it: by service, then by setting or operation, then by setting.
     *
     * @param said texts, and maps of texts for operations
     * @param source where it stands, for messages and explanations
     */
    public static CallSettings read(Map<String, ? extends Map<?, ?>> said, String source) {
        var settings = NONE;
        for (var service : said.entrySet()) {
            for (var each : service.getValue().entrySet()) {
                var name = String.valueOf(each.getKey());
                if (each.getValue() instanceof Map<?, ?> operation) {
                    settings = settings.with(service.getKey(), name, options(operation, source));
                } else {
                    var one = Map.of(name, String.valueOf(each.getValue()));
                    settings = settings.with(service.getKey(), options(one, source));
                }
            }
        }
        return settings;
    }

    private static ClientOptions options(Map<?, ?> said, String source) {
        var options = ClientOptions.DEFAULT;
        for (var each : said.entrySet())
            options =
                    options.read(
                            String.valueOf(each.getKey()), String.valueOf(each.getValue()), source);
        return options;
    }

    /** The options for calls of a service that name no operation of their own. */
    public ClientOptions of(String service) {
        return all.and(services.getOrDefault(service, OfService.NOTHING).options);
    }

    /** The operations of a service that differ, each with all its options. */
    public List<Operation> operations(String service) {
        return services.getOrDefault(service, OfService.NOTHING).operations.stream()
                .map(each -> new Operation(each.method, each.path, of(service).and(each.options)))
                .toList();
    }
}
