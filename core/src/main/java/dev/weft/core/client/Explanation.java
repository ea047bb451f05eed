package dev.weft.core.client;

import dev.weft.core.policy.Node;
import java.util.List;
import java.util.Locale;

/**
 * A client as people see it: its layers with their numbers, and the instances with their health.
 *
 * @param service that is called
 * @param operation that it is for; empty for all that are not named
 */
public record Explanation(
        String service, String operation, List<Step> layers, List<Seen> instances) {

    /** One layer; its name is the {@link Role}'s in lower case. */
    public record Step(String layer, String does, List<Figure> numbers) {}

    /**
     * One number.
     *
     * @param from {@code default}, {@code code}, or the file or variable that says it
     */
    public record Figure(String name, String value, String from, String meaning) {}

    /** One instance as this client sees it. */
    public record Seen(
            String instance,
            String address,
            String state,
            String breaker,
            double latencyMs,
            long pending,
            long calls,
            long failures) {}

    /** One for each stack of the client. */
    public static List<Explanation> of(Client client) {
        var seen = client.nodes().stream().map(Explanation::seen).toList();
        return client.stacks().stream().map(stack -> of(stack, seen)).toList();
    }

    private static Explanation of(ClientStack stack, List<Seen> seen) {
        var steps =
                stack.layers().stream()
                        .map(layer ->
                                new Step(
                                        lower(layer.role()),
                                        layer.does(),
                                        layer.settings().stream()
                                                .map(setting -> number(setting, stack.options()))
                                                .toList()))
                        .toList();
        return new Explanation(stack.service(), stack.operation(), steps, seen);
    }

    private static Figure number(Setting<?> setting, ClientOptions options) {
        return new Figure(
                setting.name(), options.text(setting), options.source(setting), setting.meaning());
    }

    private static Seen seen(Node node) {
        var instance = node.instance();
        return new Seen(
                instance.id(),
                instance.address().toString(),
                lower(instance.state()),
                lower(node.breaker().state()),
                Math.round(node.load().latencyNanos() / 1e4) / 1e2,
                node.load().pending(),
                node.calls(),
                node.failures());
    }

    private static String lower(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
