package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutliersTest {

    private final SteppedTime time = new SteppedTime();
    private final Fleet fleet = new Fleet(time);
    private final Counts counts = new Counts();

    private Outliers outliers(Mode mode, double ejected, double panic) {
        return new Outliers(new Outliers.Options(mode, ejected, panic), counts);
    }

    private final Outliers outliers = new Outliers(Outliers.Options.DEFAULT, counts);

    private List<Node> nodes(int count) {
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < count; i++) nodes.add(fleet.node(Fleet.instance("n" + i)));
        return List.copyOf(nodes);
    }

    private static Node fails(Node node) {
        for (int i = 0; i < 5; i++) node.breaker().force().end(Verdicts.BAD);
        return node;
    }

    private static List<Node> except(List<Node> nodes, Node... out) {
        return nodes.stream().filter(node -> !List.of(out).contains(node)).toList();
    }

    @Test
    void all_are_left_while_all_are_well() {
        var nodes = nodes(3);
        assertThat(outliers.without(nodes)).isSameAs(nodes);
        assertThat(counts.all()).isEmpty();
    }

    @Test
    void one_bad_one_is_left_out_of_any_number_but_one() {
        for (int count = 2; count < 20; count++) {
            var nodes = nodes(count);
            var bad = fails(nodes.get(count / 2));
            assertThat(outliers.without(nodes)).isEqualTo(except(nodes, bad));
        }
    }

    @Test
    void the_only_host_stays_in_however_bad_it_is() {
        for (double panic : new double[] {0, 0.5, 1}) {
            var nodes = nodes(1);
            fails(nodes.getFirst());
            assertThat(outliers(Mode.ON, 1, panic).without(nodes)).isEqualTo(nodes);
        }
    }

    @Test
    void when_more_than_half_are_bad_health_is_ignored() {
        var nodes = nodes(4);
        var first = fails(nodes.get(0));
        var all = outliers(Mode.ON, 1, 0.5);
        var second = fails(nodes.get(1));
        assertThat(all.without(nodes)).isEqualTo(except(nodes, first, second));
        fails(nodes.get(2));
        assertThat(all.without(nodes)).isEqualTo(nodes);
        assertThat(counts.of("outliers", "panic")).isEqualTo(1);
        time.pass(Duration.ofSeconds(5));
        second.breaker().admit().end(Verdict.GOOD);
        assertThat(all.without(nodes)).isEqualTo(except(nodes, first, nodes.get(2)));
    }

    @Test
    void at_most_a_tenth_is_left_out_those_that_have_been_bad_for_the_longest() {
        var nodes = nodes(29);
        var bad = new ArrayList<Node>();
        for (int i : new int[] {20, 3, 11, 7}) {
            bad.add(fails(nodes.get(i)));
            time.pass(Duration.ofMillis(100));
        }
        assertThat(outliers.without(nodes))
                .as("a tenth of 29 is 2")
                .isEqualTo(except(nodes, bad.get(0), bad.get(1)));
        assertThat(counts.of("outliers", "capped")).isEqualTo(1);
        time.pass(Duration.ofSeconds(5));
        bad.getFirst().breaker().admit().end(Verdicts.BAD);
        assertThat(outliers.without(nodes))
                .as("a failed probe begins no new time")
                .isEqualTo(except(nodes, bad.get(0), bad.get(1)));
    }

    @Test
    void without_a_bound_each_breaker_holds_by_itself_until_most_are_bad() {
        for (var off :
                List.of(
                        outliers(Mode.ON, 0, 0.5),
                        outliers(Mode.OFF, 0.1, 0.5),
                        outliers(Mode.DARK, 0.1, 0.5))) {
            var nodes = nodes(4);
            var first = fails(nodes.get(0));
            var second = fails(nodes.get(1));
            assertThat(off.without(nodes)).isEqualTo(except(nodes, first, second));
            fails(nodes.get(2));
            assertThat(off.without(nodes)).as("panic").isEqualTo(nodes);
        }
        var all = nodes(3);
        all.forEach(OutliersTest::fails);
        assertThat(outliers(Mode.OFF, 0.1, 0).without(all)).as("no panic either").isEmpty();
    }

    @Test
    void a_panic_of_zero_never_comes() {
        var nodes = nodes(4);
        var bad = fails(nodes.getFirst());
        assertThat(outliers(Mode.ON, 0.1, 0).without(nodes)).isEqualTo(except(nodes, bad));
        nodes.forEach(OutliersTest::fails);
        assertThat(outliers(Mode.ON, 0.1, 0).without(nodes)).isEqualTo(except(nodes, bad));
        assertThat(outliers(Mode.ON, 1, 0).without(nodes)).as("somebody is left").hasSize(1);
        assertThat(counts.of("outliers", "panic")).isZero();
    }

    @Test
    void dark_counts_what_its_bound_would_decide_and_bounds_nothing() {
        var nodes = nodes(8);
        var bad = List.of(fails(nodes.get(0)), fails(nodes.get(1)), fails(nodes.get(2)));
        assertThat(outliers(Mode.DARK, 0.1, 0.5).without(nodes)).doesNotContainAnyElementsOf(bad);
        assertThat(counts.of("outliers", "capped")).isEqualTo(1);
        assertThat(outliers(Mode.OFF, 0.1, 0.5).without(nodes)).doesNotContainAnyElementsOf(bad);
        assertThat(counts.of("outliers", "capped")).isEqualTo(1);
    }

    @Test
    void the_same_answer_is_not_made_twice() {
        var nodes = nodes(5);
        var bad = fails(nodes.getFirst());
        var left = outliers.without(nodes);
        assertThat(outliers.without(nodes)).isSameAs(left);
        time.pass(Duration.ofSeconds(5));
        bad.breaker().admit().end(Verdict.GOOD);
        assertThat(outliers.without(nodes)).isEqualTo(nodes);
    }

    @Test
    void shares_are_from_zero_to_one() {
        for (double wrong : new double[] {-0.1, 1.1, 10, Double.NaN})
            assertThatThrownBy(() -> new Outliers.Options(Mode.ON, wrong, 0.5))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Double.toString(wrong));
    }
}
