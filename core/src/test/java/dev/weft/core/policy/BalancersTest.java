package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BalancersTest {

    private static final int PICKS = 10_000;

    private final long seed = SteppedTime.seed();
    private final SteppedTime time = new SteppedTime(seed);
    private final Fleet fleet = new Fleet(time);
    private final Balancer choices = new PowerOfTwoChoices(time);
    private final Balancer turns = new RoundRobin(time);
    private final Balancer least = new LeastLoaded(time);
    private final Balancer hashed =
            new ConsistentHash(request -> request.headers().get("Key").orElse(""), turns);

    private List<Node> nodes(int count) {
        var nodes = new ArrayList<Node>();
        for (int i = 0; i < count; i++) nodes.add(added("n" + i));
        nodes.forEach(Node::ramped);
        return nodes;
    }

    private Node added(String id) {
        return fleet.node(Fleet.instance(id));
    }

    private static Request keyed(int key) {
        return Request.get("/").header("Key", "customer-" + key);
    }

    /** How often each is picked, for different keys. */
    private static Map<Node, Integer> picks(Balancer balancer, List<Node> nodes) {
        var picks = new HashMap<Node, Integer>();
        for (int i = 0; i < PICKS; i++)
            picks.merge(balancer.pick(nodes, keyed(i)), 1, Integer::sum);
        return picks;
    }

    private List<Balancer> all() {
        return List.of(choices, turns, least, hashed);
    }

    @Test
    void each_takes_the_only_one_there_is() {
        var only = List.of(added("only"));
        for (var balancer : all())
            for (int i = 0; i < 100; i++)
                assertThat(balancer.pick(only, keyed(i))).isSameAs(only.getFirst());
    }

    @Test
    void each_spreads_calls_evenly_over_equals() {
        for (int count : new int[] {2, 3, 10}) {
            var nodes = nodes(count);
            for (var balancer : all()) {
                var picks = picks(balancer, nodes);
                for (var node : nodes)
                    assertThat(picks.getOrDefault(node, 0))
                            .as("%s of %d", balancer.getClass().getSimpleName(), count)
                            .isBetween(PICKS * 85 / 100 / count, PICKS * 115 / 100 / count);
            }
        }
    }

    @Test
    void each_gives_a_new_one_more_the_longer_it_is_there() {
        for (var balancer : all()) {
            var nodes = nodes(9);
            var fresh = added("new");
            nodes.add(fresh);
            double full = PICKS / 10.0;
            for (int second = 0; second <= 10; second += 5) {
                double share = Math.max(0.1, second / 10.0);
                assertThat(picks(balancer, nodes).getOrDefault(fresh, 0))
                        .as("%s after %d s", balancer.getClass().getSimpleName(), second)
                        .isBetween(
                                (int) (full * share * 0.6 - 20), (int) (full * share * 1.25 + 20));
                time.pass(Duration.ofSeconds(5));
            }
        }
    }

    @Test
    void a_new_one_that_costs_less_does_not_get_every_call_at_once() {
        var nodes = nodes(2);
        var busy = nodes.getFirst();
        var fresh = nodes.getLast();
        var ramping = added("new");
        for (int i = 0; i < 50; i++) busy.load().begin();
        assertThat(picks(choices, nodes)).containsOnlyKeys(fresh);
        assertThat(picks(choices, List.of(busy, ramping)).getOrDefault(ramping, 0))
                .isBetween(PICKS * 8 / 100, PICKS * 12 / 100);
    }

    @Test
    void a_new_one_leaves_nothing_to_one_that_fails_or_hangs() {
        var bad = nodes(2);
        var ramping = added("new");
        bad.getFirst().load().end(bad.getFirst().load().begin(), Verdicts.BAD);
        bad.getLast().load().begin();
        time.pass(Duration.ofSeconds(1));
        assertThat(ramping.share()).isEqualTo(Node.FIRST_SHARE);
        for (var one : bad)
            assertThat(picks(choices, List.of(one, ramping))).containsOnlyKeys(ramping);
    }

    @Test
    void those_that_are_all_new_share_evenly() {
        for (var balancer : all()) {
            var nodes = List.of(added("a"), added("b"), added("c"), added("d"));
            var picks = picks(balancer, nodes);
            for (var node : nodes)
                assertThat(picks.getOrDefault(node, 0))
                        .as(balancer.getClass().getSimpleName())
                        .isBetween(PICKS / 4 * 8 / 10, PICKS / 4 * 12 / 10);
        }
    }

    @Test
    void power_of_two_choices_never_takes_the_most_expensive() {
        var nodes = nodes(10);
        var worst = nodes.get(3);
        worst.load().end(worst.load().begin(), Verdicts.BAD);
        assertThat(picks(choices, nodes)).doesNotContainKey(worst).hasSize(9);
    }

    @Test
    void power_of_two_choices_sees_calls_under_way() {
        var nodes = nodes(2);
        for (int i = 0; i < 100; i++) choices.pick(nodes, Fleet.GET).load().begin();
        for (var node : nodes) assertThat(node.load().pending()).isEqualTo(50);
    }

    @Test
    void power_of_two_choices_shares_a_quiet_time_among_those_that_are_about_as_fast() {
        var nodes = nodes(2);
        time.pass(Duration.ofMinutes(5));
        answeredIn(nodes.get(0), Duration.ofMillis(10));
        answeredIn(nodes.get(1), Duration.ofMillis(19));
        assertThat(picks(choices, nodes).get(nodes.get(1)))
                .isBetween(PICKS / 2 * 8 / 10, PICKS / 2 * 12 / 10);
        answeredIn(nodes.get(1), Duration.ofMillis(30));
        assertThat(picks(choices, nodes)).doesNotContainKey(nodes.get(1));
    }

    @Test
    void power_of_two_choices_takes_no_guess_for_a_measured_latency() {
        var nodes = nodes(2);
        answeredIn(nodes.get(0), Duration.ofMillis(1));
        var picks = picks(choices, nodes);
        assertThat(picks.get(nodes.get(1))).isBetween(PICKS / 2 * 8 / 10, PICKS / 2 * 12 / 10);
        answeredIn(nodes.get(1), Duration.ofMillis(25));
        assertThat(picks(choices, nodes)).doesNotContainKey(nodes.get(1));
    }

    private void answeredIn(Node node, Duration latency) {
        long begun = node.load().begin();
        time.pass(latency);
        node.load().end(begun, Verdict.GOOD);
    }

    @Test
    void two_that_fail_alike_still_share_what_they_get() {
        var nodes = nodes(2);
        for (var node : nodes) {
            var load = node.load();
            load.end(load.begin(), Verdicts.BAD.retryAfter(Duration.ofHours(1)));
        }
        for (int i = 0; i < 100; i++) choices.pick(nodes, Fleet.GET).load().begin();
        for (var node : nodes) assertThat(node.load().pending()).isEqualTo(50);
    }

    @Test
    void round_robin_takes_one_behind_the_other_whatever_their_load() {
        var nodes = nodes(5);
        for (int i = 0; i < 100; i++) nodes.getFirst().load().begin();
        assertThat(picks(turns, nodes).values()).containsOnly(PICKS / 5);
    }

    @Test
    void least_loaded_takes_one_with_the_fewest_calls() {
        var nodes = nodes(5);
        for (int i = 0; i < 100; i++) least.pick(nodes, Fleet.GET).load().begin();
        for (var node : nodes) assertThat(node.load().pending()).isEqualTo(20);
        nodes.get(2).load().end(time.nanos(), Verdict.GOOD);
        assertThat(picks(least, nodes)).containsOnlyKeys(nodes.get(2));
    }

    @Test
    void consistent_hash_takes_the_same_one_for_the_same_key_in_any_order() {
        var nodes = nodes(7);
        var turned = nodes.reversed();
        for (int key = 0; key < 1_000; key++)
            assertThat(hashed.pick(turned, keyed(key))).isSameAs(hashed.pick(nodes, keyed(key)));
    }

    @Test
    void consistent_hash_moves_only_the_keys_of_the_one_that_goes() {
        var before = nodes(5);
        var gone = before.get(2);
        var after = new ArrayList<>(before);
        after.remove(gone);
        for (int key = 0; key < 1_000; key++) {
            var owner = hashed.pick(before, keyed(key));
            if (owner != gone) assertThat(hashed.pick(after, keyed(key))).isSameAs(owner);
        }
    }

    @Test
    void consistent_hash_moves_each_key_once_when_one_ramps_up() {
        var nodes = nodes(3);
        var fresh = added("new");
        nodes.add(fresh);
        var moves = new HashMap<Integer, Integer>();
        for (int second = 0; second <= 11; second++) {
            for (int key = 0; key < 1_000; key++)
                if (hashed.pick(nodes, keyed(key)) == fresh) moves.merge(key, 1, Integer::sum);
                else assertThat(moves).as("a key that moved comes back").doesNotContainKey(key);
            time.pass(Duration.ofSeconds(1));
        }
        assertThat(moves.size()).isBetween(200, 300);
    }

    @Test
    void consistent_hash_gives_what_one_has_no_room_for_to_others() {
        var nodes = nodes(4);
        for (int i = 0; i < 1_000; i++) hashed.pick(nodes, keyed(7)).load().begin();
        for (var node : nodes) assertThat(node.load().pending()).isLessThanOrEqualTo(313);
        assertThat(nodes).anyMatch(node -> node.load().pending() == 313);
    }

    @Test
    void consistent_hash_spreads_requests_without_a_key() {
        var nodes = nodes(4);
        var picked = new HashMap<Node, Integer>();
        for (int i = 0; i < 100; i++) picked.merge(hashed.pick(nodes, Fleet.GET), 1, Integer::sum);
        assertThat(picked.values()).containsOnly(25);
    }
}
