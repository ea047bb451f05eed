package dev.weft.cli;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The services that the hub knows, as it tells them. */
record Registered(List<Known> services) {

    /** One service. */
    record Known(String service, List<Instance> instances) {}

    /** One instance of it. */
    record Instance(String id) {}

    /** Of the hub that is asked. */
    static Registered at(Admin admin) {
        return admin.read("/admin/services", Registered.class);
    }

    Set<String> names() {
        return services.stream().map(Known::service).collect(Collectors.toUnmodifiableSet());
    }

    /** The services that have more than one instance. */
    Set<String> several() {
        return services.stream()
                .filter(each -> each.instances().size() > 1)
                .map(Known::service)
                .collect(Collectors.toUnmodifiableSet());
    }
}
