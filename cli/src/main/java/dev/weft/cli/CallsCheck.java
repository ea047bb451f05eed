package dev.weft.cli;

import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.PathTemplate;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.client.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Looks for what {@code calls:} of a {@code service.yml} says and cannot have been meant: of a service
 * or an operation that is not there, and a try that takes no less than its call.
 *
 * <p>These are warnings and stop nothing: a service may come later, and whoever makes a {@code timeout}
 * shorter in a file is not to be stopped by a {@code try.timeout} in code.
 */
final class CallsCheck {

    private final Yaml calls;
    private final CallSettings settings;
    private final Set<String> names;
    private final List<Instance> instances;
    private final List<String> warnings = new ArrayList<>();

    private CallsCheck(
            Yaml calls, CallSettings settings, Set<String> names, List<Instance> instances) {
        this.calls = calls;
        this.settings = settings;
        this.names = names;
        this.instances = instances;
    }

    /**
     * One sentence each, with file and line.
     *
     * @param names of the services of the system
     * @param instances what is registered, with the routes
     */
    static List<String> warnings(ServiceFile service, Set<String> names, List<Instance> instances) {
        if (service.said().isEmpty()) return List.of();
        var known = new TreeSet<>(names);
        for (var instance : instances) known.add(instance.service());
        known.removeAll(Set.of(Hosting.HUB, Hosting.GATEWAY));
        var calls = Yaml.read(service.file()).map("calls").orElse(Yaml.NOTHING);
        var check = new CallsCheck(calls, service.calls(), known, instances);
        for (var called : calls.keys()) check.service(called);
        check.tries();
        return check.warnings;
    }

    private void service(String called) {
        if (called.equals(CallSettings.EVERY)) return;
        if (!names.contains(called)) {
            warn(
                    calls,
                    called,
                    "there is no service " + called + hint(called, names) + "; this has no effect");
            return;
        }
        var routes = new TreeSet<String>();
        for (var instance : instances)
            if (instance.service().equals(called)) routes.addAll(instance.routes());
        // A program of another kind need not say its routes, and nothing is known before it is
        // ready.
        if (routes.isEmpty()) return;
        var of = calls.map(called).orElse(Yaml.NOTHING);
        for (var key : of.keys())
            if (of.isMap(key) && routes.stream().noneMatch(route -> meet(key, route)))
                warn(
                        of,
                        key,
                        called + " has no " + key + hint(key, routes) + "; this has no effect");
    }

    private static String hint(String word, Set<String> known) {
        return Spelling.nearest(word, known).map(it -> "; did you mean " + it + "?").orElse("");
    }

    /** Whether there are requests that both are for. */
    private static boolean meet(String operation, String route) {
        var one = operation.split(" ", 2);
        var other = route.split(" ", 2);
        boolean methods =
                one[0].equals(other[0])
                        || (one[0].equals(Method.HEAD.name())
                                && other[0].equals(Method.GET.name()));
        return methods && new PathTemplate(one[1]).meets(new PathTemplate(other[1]));
    }

    private void tries() {
        for (var each : settings.endless()) {
            // The code may give the call more time than it has by itself; then the service says so.
            if (each.options().source(Setting.TIMEOUT).equals(ClientOptions.STANDARD)) continue;
            var of = calls.map(each.service()).orElse(Yaml.NOTHING);
            var at =
                    each.operation().isEmpty() ? of : of.map(each.operation()).orElse(Yaml.NOTHING);
            var said = at.has(Setting.TRY_TIMEOUT.name()) ? Setting.TRY_TIMEOUT : Setting.TIMEOUT;
            if (at.has(said.name())) warn(at, said.name(), each.toString());
        }
    }

    private void warn(Yaml yaml, String key, String what) {
        warnings.add(yaml.place(key) + ": calls: " + what);
    }
}
