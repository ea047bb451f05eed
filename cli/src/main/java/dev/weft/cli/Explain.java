package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.core.client.Explanation;
import dev.weft.core.client.Explanations;
import dev.weft.json.Json;
import dev.weft.supervisor.ProcessState;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what stands around the routes of a running service, and around the calls that it makes. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = {
            "Shows what a running service, or the gateway, does around its routes, and around its calls of others:",
            "the layers in order, their numbers, who set each, and how it sees the instances."
        })
final class Explain implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(paramLabel = "SERVICE", description = "A service that runs, or the gateway.")
    String service = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "CALLED",
            description = "Who is called; else its routes, and all that it has called so far.")
    String called = "";

    @Option(names = "--json", description = "Prints the same as JSON.")
    boolean json;

    @Option(names = "--meaning", description = "Says what each number means.")
    boolean meaning;

    @Override
    public Integer call() {
        try (var admin = new Admin(choice.find())) {
            if (service.equals(Hosting.HUB))
                throw new CommandFailed(
                        "only services and the gateway tell what stands around them, not the hub");
            var processes = Json.readList(admin.supervisor("/admin/processes"), ProcessState.class);
            if (!called.isEmpty()) requireThere(called, admin, processes);
            var query = called.isEmpty() ? Query.NONE : Query.NONE.and("service", called);
            var answer = admin.ask(address(processes), Request.get("/_weft/explain").with(query));
            var bytes = answer.body().bytes();
            if (json) System.out.println(PrettyJson.of(new String(bytes, StandardCharsets.UTF_8)));
            else print(Json.read(bytes, Explanations.class));
            return 0;
        }
    }

    private String address(List<ProcessState> processes) {
        return processes.stream()
                .filter(process -> process.service().equals(service))
                .map(ProcessState::address)
                .filter(address -> !address.isEmpty())
                .findFirst()
                .orElseThrow(() ->
                        missing("no instance of " + service + " runs", service, names(processes)));
    }

    /** A service may also have come to the registry from elsewhere, so that no process of this system is its own. */
    private static void requireThere(String called, Admin admin, List<ProcessState> processes) {
        var names = names(processes);
        if (names.contains(called)) return;
        names.addAll(Registered.at(admin).names());
        names.removeAll(List.of(Hosting.HUB, Hosting.GATEWAY));
        if (!names.contains(called))
            throw missing("there is no service " + called + " to call", called, names);
    }

    private static Set<String> names(List<ProcessState> processes) {
        return processes.stream()
                .map(ProcessState::service)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static CommandFailed missing(String what, String name, Set<String> names) {
        return new CommandFailed(
                what
                        + Spelling.nearest(name, names)
                                .map(it -> "; did you mean " + it + "?")
                                .orElse("")
                        + "; there are "
                        + String.join(", ", names));
    }

    private void print(Explanations all) {
        if (!all.server().isEmpty()) {
            System.out.println("requests → " + service);
            printLayers(all.server());
            System.out.println();
        }
        print(all.calls());
    }

    private void print(List<Explanation> calls) {
        if (calls.isEmpty())
            System.out.println(
                    service
                            + " has called nobody yet; name who is called to see how it would:"
                            + " weft explain "
                            + service
                            + " OTHER");
        for (var each : calls) {
            System.out.println(
                    service
                            + " → "
                            + each.service()
                            + (each.operation().isEmpty() ? "" : ", " + each.operation()));
            print(each);
        }
    }

    private void printLayers(List<Explanation.Step> steps) {
        var layers = new Table("  LAYER", "", "NUMBER", "VALUE", "FROM", meaning ? "MEANING" : "");
        for (var layer : steps) {
            if (layer.numbers().isEmpty())
                layers.row("  " + layer.layer(), layer.does(), "", "", "", "");
            var name = "  " + layer.layer();
            var does = layer.does();
            for (var number : layer.numbers()) {
                layers.row(
                        name,
                        does,
                        number.name(),
                        number.value(),
                        number.from(),
                        meaning ? number.meaning() : "");
                name = "";
                does = "";
            }
        }
        layers.lines().forEach(System.out::println);
    }

    private void print(Explanation stack) {
        printLayers(stack.layers());
        var instances =
                new Table(
                        "  INSTANCE",
                        "ADDRESS",
                        "STATE",
                        "BREAKER",
                        "LATENCY",
                        "PENDING",
                        "CALLS",
                        "FAILED");
        for (var seen : stack.instances())
            instances.row(
                    "  " + seen.instance(),
                    seen.address(),
                    seen.state(),
                    seen.breaker(),
                    seen.latencyMs() + " ms",
                    Long.toString(seen.pending()),
                    Long.toString(seen.calls()),
                    Long.toString(seen.failures()));
        if (stack.instances().isEmpty()) System.out.println("  no instance is known");
        else instances.lines().forEach(System.out::println);
        System.out.println();
    }
}
