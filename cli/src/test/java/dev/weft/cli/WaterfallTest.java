package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WaterfallTest {

    private static final Ink PLAIN = new Ink(false);

    private static WholeTrace.Step step(
            String id, String parent, String service, String name, double offset, double took) {
        return new WholeTrace.Step(
                id,
                parent.isEmpty() ? Optional.empty() : Optional.of(parent),
                service,
                service + "-1",
                name,
                "internal",
                offset,
                took,
                Map.of(),
                Optional.empty());
    }

    private static WholeTrace.Step failed(WholeTrace.Step step, String error) {
        return new WholeTrace.Step(
                step.spanId(),
                step.parentId(),
                step.service(),
                step.instance(),
                step.name(),
                step.kind(),
                step.offsetMs(),
                step.durationMs(),
                step.attributes(),
                Optional.of(error));
    }

    private static WholeTrace.Step status(WholeTrace.Step step, long status) {
        return new WholeTrace.Step(
                step.spanId(),
                step.parentId(),
                step.service(),
                step.instance(),
                step.name(),
                step.kind(),
                step.offsetMs(),
                step.durationMs(),
                Map.of("http.response.status_code", status),
                step.error());
    }

    private static WholeTrace trace(double took, WholeTrace.Step... steps) {
        return new WholeTrace("4bf92f3577b34da6", Instant.EPOCH, took, 0, List.of(steps));
    }

    private static List<String> draw(WholeTrace trace, int width) {
        return Waterfall.draw(trace, Set.of(), width, PLAIN);
    }

    private static WholeTrace.Step at(WholeTrace.Step step, String instance) {
        return new WholeTrace.Step(
                step.spanId(),
                step.parentId(),
                step.service(),
                instance,
                step.name(),
                step.kind(),
                step.offsetMs(),
                step.durationMs(),
                step.attributes(),
                step.error());
    }

    @Test
    void a_trace_is_drawn_as_a_tree_with_bars_to_one_scale() {
        var trace =
                trace(
                        40,
                        step("6", "5", "product", "reserve", 30, 10),
                        status(step("1", "", "gateway", "POST /carts/{id}", 0, 20), 200),
                        status(step("2", "1", "cart", "POST /carts/{id}", 2, 17), 200),
                        step("3", "2", "cart", "append", 5, 10),
                        step("4", "3", "cart", "publish", 20, 4),
                        step("5", "4", "product", "listen", 28, 12));
        assertThat(String.join("\n", draw(trace, 82)))
                .isEqualTo(
                        """
                        trace 4bf92f3577b34da6  40.0 ms  6 steps in 3 services
                        POST /carts/{id}        gateway   20.0 ms  █████████████████                   200
                        └─ POST /carts/{id}     cart      17.0 ms   ███████████████                    200
                           └─ append            cart      10.0 ms      █████████                       ok
                              └─ publish        cart       4.0 ms                   ███                ok
                                 └─ listen      product   12.0 ms                         ███████████  ok
                                    └─ reserve  product   10.0 ms                           █████████  ok\
                        """);
    }

    @Test
    void what_failed_says_why_whole_and_where_it_began() {
        var why =
                "504 deadline: no answer within the timeout of 2000 ms, in 3 tries; the last one: "
                        + "x".repeat(60);
        var trace =
                trace(
                        10,
                        failed(status(step("1", "", "a", "root", 0, 10), 504), "504"),
                        failed(step("2", "1", "b", "child", 1, 2), why + "\nmore"),
                        failed(step("3", "2", "b", "deeper", 1, 2), why + "\nmore"),
                        step("4", "3", "b", "deepest", 1, 2),
                        step("5", "1", "b", "sibling", 5, 2));
        var lines = draw(trace, 90);
        assertThat(lines)
                .first()
                .isEqualTo("trace 4bf92f3577b34da6  10.0 ms  5 steps in 2 services  3 errors");
        assertThat(lines).allMatch(line -> line.length() <= 90);
        assertThat(lines.get(1)).endsWith(" 504");
        assertThat(lines.get(2)).startsWith("├─ child ").endsWith(" error");
        assertThat(lines.get(3)).startsWith("│  └─ deeper ").endsWith(" error");
        assertThat(lines.get(4)).startsWith("│     │  504 deadline: no answer within");
        assertThat(lines.get(4).substring(9) + lines.get(5).substring(9)).isEqualTo(why);
        assertThat(lines.get(6)).isEqualTo("│     │  more");
        assertThat(lines.get(7)).startsWith("│     └─ deepest ");
        assertThat(lines).hasSize(9);
    }

    @Test
    void of_a_service_with_several_instances_the_instance_is_named() {
        var trace =
                trace(
                        10,
                        step("1", "", "a", "root", 0, 10),
                        step("2", "1", "b", "first", 1, 2),
                        at(step("3", "1", "b", "second", 3, 2), "other"),
                        step("4", "1", "c", "alone", 5, 2));
        assertThat(String.join("\n", draw(trace, 80)))
                .containsPattern("first +b-1 ")
                .containsPattern("second +b/other ")
                .containsPattern("root +a  ")
                .containsPattern("alone +c  ");
        assertThat(String.join("\n", Waterfall.draw(trace, Set.of("c"), 80, PLAIN)))
                .containsPattern("alone +c-1 ");
    }

    @Test
    void no_line_is_longer_than_the_terminal() {
        var trace =
                trace(
                        10,
                        step("1", "", "service-with-a-name", "x".repeat(200), 0, 10),
                        failed(step("2", "1", "b", "y".repeat(200), 1, 2), "z".repeat(200)));
        assertThat(draw(trace, 100)).allMatch(line -> line.length() <= 100);
    }

    @Test
    void steps_without_their_parent_and_steps_in_a_circle_are_shown_all_the_same() {
        var trace =
                trace(
                        10,
                        step("1", "gone", "a", "orphan", 0, 10),
                        step("2", "3", "b", "hen", 1, 2),
                        step("3", "2", "b", "egg", 1, 2),
                        step("4", "4", "b", "self", 1, 2));
        var text = String.join("\n", draw(trace, 80));
        assertThat(text).contains("orphan", "hen", "egg", "self");
    }

    @Test
    void an_empty_trace_has_a_title_only() {
        assertThat(draw(trace(0), 80)).hasSize(1);
    }
}
