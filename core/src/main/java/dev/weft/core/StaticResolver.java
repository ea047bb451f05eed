package dev.weft.core;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A list of instances that never changes; each counts as ready.
 *
 * <p>Written as {@code product=http://10.0.0.1:8080,http://10.0.0.2:8080;customer=http://10.0.0.3:80}.
 */
public final class StaticResolver implements Resolver {

    private static final String FORM =
            "a list is written product=http://10.0.0.1:8080,http://10.0.0.2:8080;"
                    + "customer=http://10.0.0.3:8080";

    private final List<Instance> instances;

    public StaticResolver(List<Instance> instances) {
        this.instances = List.copyOf(instances);
    }

    /**
     * Reads a list.
     *
     * @throws IllegalArgumentException that names what cannot be read, and the form
     */
    public static StaticResolver parse(String list) {
        var instances = new ArrayList<Instance>();
        Set<String> seen = new LinkedHashSet<>();
        for (var entry : list.split(";", -1)) {
            if (entry.isBlank()) continue;
            int equals = entry.indexOf('=');
            var service = equals < 0 ? "" : entry.substring(0, equals).strip();
            if (service.isEmpty()) throw wrong(entry, "names no service");
            if (!seen.add(service)) throw wrong(service, "stands there twice");
            for (var address : entry.substring(equals + 1).split(",", -1))
                instances.add(instance(service, address.strip(), seen));
        }
        if (instances.isEmpty()) throw wrong(list, "names no instance");
        return new StaticResolver(instances);
    }

    private static Instance instance(String service, String address, Set<String> seen) {
        var uri = uri(address);
        if (uri.getScheme() == null || uri.getHost() == null || uri.getPort() < 0)
            throw wrong(address, "is no address such as http://10.0.0.1:8080");
        if (!uri.toString().equals(uri.getScheme() + "://" + uri.getAuthority()))
            throw wrong(address, "is more than an address; the path belongs to the request");
        var id = service + "@" + uri.getAuthority();
        if (!seen.add(id)) throw wrong(address, "stands there twice for " + service);
        return new Instance(service, id, uri, Instance.State.READY, List.of());
    }

    private static URI uri(String address) {
        try {
            return URI.create(address);
        } catch (IllegalArgumentException e) {
            throw wrong(address, "is no address such as http://10.0.0.1:8080");
        }
    }

    private static IllegalArgumentException wrong(String part, String why) {
        return new IllegalArgumentException("\"" + part + "\" " + why + "; " + FORM);
    }

    @Override
    public List<Instance> instances() {
        return instances;
    }

    @Override
    public Watch watch(Consumer<List<Instance>> listener) {
        listener.accept(instances);
        return () -> {};
    }

    /** Zero: what is written is so. */
    @Override
    public Duration age() {
        return Duration.ZERO;
    }

    @Override
    public void close() {}
}
