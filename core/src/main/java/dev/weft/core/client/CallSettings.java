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

    /**
     * With these options for one operation, such as {@code GET /products/{id}}; fails with {@link IllegalArgumentException} if one
     * of them is about the service as a whole.
     */
    public CallSettings with(String service, String operation, ClientOptions options) {
        requireOfOperation(service, operation, options);
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

    private static void requireOfOperation(
            String service, String operation, ClientOptions options) {
        for (var setting : Setting.ALL) {
            if (!setting.ofService() || options.source(setting).equals(ClientOptions.STANDARD))
                continue;
            throw new IllegalArgumentException(
                    options.source(setting)
                            + ": "
                            + setting.name()
                            + " cannot be said of "
                            + operation
                            + " alone: all operations of a service share its instances, its budget"
                            + " and its throttle; say it of "
                            + service);
        }
        if (service.equals(EVERY))
            throw new IllegalArgumentException(
                    options.values().values().stream()
                                    .findFirst()
                                    .map(value -> value.source() + ": ")
                                    .orElse("")
                            + operation
                            + " cannot be said of all services (\"*\"): an operation is one of a"
                            + " service, which has to be named");
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

    /**
     * Calls of which a try may take as long as the call, or longer, so that {@code try.timeout} never ends one.
     *
     * @param service that is called, or {@link #EVERY}
     * @param operation of it; empty for all that are not named
     * @param options all numbers of these calls
     */
    public record Endless(String service, String operation, ClientOptions options) {

        /** A sentence with both numbers, who set them, and what to do. */
        @Override
        public String toString() {
            return "a try of "
                    + (operation.isEmpty() ? "calls of " + service : service + ", " + operation)
                    + " may take "
                    + said(Setting.TRY_TIMEOUT)
                    + " and the whole call "
                    + said(Setting.TIMEOUT)
                    + ", so try.timeout never ends one; make it shorter than timeout";
        }

        private String said(Setting<?> setting) {
            return options.text(setting) + " (" + options.source(setting) + ")";
        }
    }

    /** What of it has a {@code try.timeout} without effect. */
    public List<Endless> endless() {
        var found = new ArrayList<Endless>();
        found.add(new Endless(EVERY, "", all));
        for (var service : services.keySet().stream().sorted().toList()) {
            found.add(new Endless(service, "", of(service)));
            for (var each : operations(service))
                found.add(new Endless(service, each.name(), each.options()));
        }
        found.removeIf(each -> {
            var atMost = each.options.get(Setting.TRY_TIMEOUT);
            return atMost.isZero() || atMost.compareTo(each.options.get(Setting.TIMEOUT)) < 0;
        });
        return found;
    }

    /** The operations of a service that differ, each with all its options. */
    public List<Operation> operations(String service) {
        return services.getOrDefault(service, OfService.NOTHING).operations.stream()
                .map(each -> new Operation(each.method, each.path, of(service).and(each.options)))
                .toList();
    }
}
