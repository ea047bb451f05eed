package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LateVerdictsTest {

    private final Failure cut = new Failure.Unreachable("cut", true, null);

    private static final Duration TOOK = Duration.ofSeconds(1);

    private final SteppedTime time = new SteppedTime(SteppedTime.seed());
    private final Counts counts = new Counts();
    private final LateVerdicts late = new LateVerdicts();

    private Node node(Mode mode) {
        var it = Breaker.Options.DEFAULT;
        var node =
                new Node(
                        new Instance(
                                "product",
                                "p1",
                                URI.create("memory://p1:1"),
                                Instance.State.READY,
                                List.of()),
                        request -> {
                            time.pass(Duration.ofMillis(20));
                            return Response.of(200);
                        },
                        new HttpVerdicts(time),
                        new Breaker(
                                "cart",
                                new Breaker.Options(
                                        mode,
                                        it.failures(),
                                        it.success(),
                                        it.window(),
                                        it.leastCalls(),
                                        it.open(),
                                        it.longestOpen()),
                                counts,
                                time),
                        time);
        late.of(node);
        return node;
    }

    private void broken(Failure failure, Duration took, int times) {
        for (int i = 0; i < times; i++) late.broke(failure, took);
    }

    @Test
    void a_body_that_breaks_is_a_failure_of_its_call() throws Exception {
        var node = node(Mode.ON);
        for (int i = 0; i < 3; i++) {
            assertThat(node.breaker().state()).isEqualTo(Breaker.State.CLOSED);
            node.call(Request.get("/"));
            broken(cut, TOOK, 1);
        }
        assertThat(node.breaker().state())
                .as("half of six have failed")
                .isEqualTo(Breaker.State.OPEN);
        assertThat(node.calls()).isEqualTo(3);
        assertThat(node.failures()).isEqualTo(3);
        assertThat(node.load().pending()).isZero();
        assertThat(node.load().cost()).isGreaterThan((double) TOOK.toNanos());
    }

    @Test
    void what_is_open_stays_so_as_long_as_it_was_to_be() {
        var node = node(Mode.ON);
        broken(cut, TOOK, 5);
        var openFor = node.breaker().openFor();
        assertThat(openFor).isPositive();
        broken(cut, TOOK, 5);
        assertThat(node.breaker().openFor()).isEqualTo(openFor);
    }

    @Test
    void the_place_of_a_probe_is_not_taken() {
        var node = node(Mode.ON);
        broken(cut, TOOK, 5);
        time.pass(node.breaker().openFor());
        assertThat(node.breaker().state()).isEqualTo(Breaker.State.HALF_OPEN);
        broken(cut, TOOK, 5);
        assertThat(node.breaker().state()).isEqualTo(Breaker.State.HALF_OPEN);
        assertThat(node.breaker().admit().end(Verdict.GOOD)).isTrue();
        assertThat(node.breaker().state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void in_the_dark_it_is_counted_and_nothing_is_refused() {
        var node = node(Mode.DARK);
        broken(cut, TOOK, 10);
        assertThat(node.breaker().state()).isEqualTo(Breaker.State.OPEN);
        assertThat(counts.of("breaker", "refused")).isZero();
        var off = node(Mode.OFF);
        broken(cut, TOOK, 10);
        assertThat(off.breaker().state()).isEqualTo(Breaker.State.CLOSED);
    }

    @Test
    void a_deadline_shorter_than_good_calls_take_says_nothing() throws Exception {
        var node = node(Mode.ON);
        node.call(Request.get("/"));
        var deadline =
                new Failure.Refused(
                        Refusal.begun("cart", Refusal.Reason.DEADLINE, "the deadline passed"));
        broken(deadline, Duration.ofMillis(5), 5);
        assertThat(node.failures()).isZero();
        broken(deadline, TOOK, 1);
        assertThat(node.failures()).isEqualTo(1);
    }
}
