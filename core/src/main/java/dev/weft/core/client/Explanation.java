package dev.weft.core.client;

import dev.weft.core.policy.Node;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

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

    /**
     * One instance as this client sees it.
     *
     * @param breaker its state, and why it does not count if it is not closed and calls are made all the same: {@code
     *     open, ignored: panic}
     */
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
        var seen = client.nodes().stream().map(node -> seen(node, client.ignoring(node))).toList();
        return client.stacks().stream().map(stack -> of(stack, seen)).toList();
    }

    private static Explanation of(ClientStack stack, List<Seen> seen) {
        var steps =
                stack.layers().stream()
                        .map(layer ->
                                new Step(
                                        lower(layer.role()),
                                        layer.does(),
                                        numbers(layer, stack.options())))
                        .toList();
        return new Explanation(stack.service(), stack.operation(), steps, seen);
    }

    private static List<Figure> numbers(Layer layer, ClientOptions options) {
        return Stream.concat(
                        layer.settings().stream().map(setting -> number(setting, options)),
                        layer.fixed().stream()
                                .map(it ->
                                        new Figure(
                                                it.name(),
                                                it.value(),
                                                ClientOptions.STANDARD,
                                                it.meaning())))
                .toList();
    }

    private static Figure number(Setting<?> setting, ClientOptions options) {
        return new Figure(
                setting.name(), options.text(setting), options.source(setting), setting.meaning());
    }

    private static Seen seen(Node node, String ignoring) {
        var instance = node.instance();
        return new Seen(
                instance.id(),
                instance.address().toString(),
                lower(instance.state()),
                lower(node.breaker().state())
                        + (ignoring.isEmpty() ? "" : ", ignored: " + ignoring),
                Math.round(node.load().latencyNanos() / 1e4) / 1e2,
                node.load().pending(),
                node.calls(),
                node.failures());
    }

    private static String lower(Enum<?> word) {
        return word.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
