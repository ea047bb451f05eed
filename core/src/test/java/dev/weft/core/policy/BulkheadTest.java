package dev.weft.core.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Criticality;
import dev.weft.core.Refusal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BulkheadTest {

    private static final Duration WAIT = Duration.ofMillis(100);

    private final SteppedTime time = new SteppedTime();
    private final ConcurrentLinkedQueue<String> counted = new ConcurrentLinkedQueue<>();

    private Bulkhead<String, String> bulkhead(Mode mode, int atOnce, int waiting, Duration wait) {
        return new Bulkhead<>(
                "cart/1",
                new Bulkhead.Options(mode, atOnce, waiting, wait),
                (policy, decision) -> counted.add(policy + " " + decision),
                time);
    }

    @Test
    void lets_so_many_through_and_refuses_what_waited_its_time() throws Exception {
        var crowd = new Crowd(bulkhead(Mode.ON, 2, 10, WAIT));
        crowd.fill(2);
        var third = crowd.comes();
        time.awaitScheduled(1);
        time.pass(WAIT);
        assertThat(third.refusal().reason()).isEqualTo(Refusal.Reason.LIMIT);
        assertThat(third.refusal().begun()).isFalse();
        assertThat(counted).containsExactly("bulkhead refused");
    }

    @Test
    void what_ends_makes_place_for_what_waits() throws Exception {
        var bulkhead = bulkhead(Mode.ON, 1, 10, WAIT);
        var crowd = new Crowd(bulkhead);
        var first = crowd.fill(1)[0];
        var second = crowd.comes();
        time.awaitScheduled(1);
        first.end();
        second.awaitInside().end();
        assertThat(bulkhead.inWork()).isZero();
        assertThat(counted).containsExactly("bulkhead waited");
    }

    @Test
    void a_failure_gives_its_place_back() throws Exception {
        var bulkhead = bulkhead(Mode.ON, 1, 0, WAIT);
        for (int i = 0; i < 3; i++)
            assertThatThrownBy(() ->
                            bulkhead.apply(
                                    "",
                                    request -> {
                                        throw new IllegalStateException("bug");
                                    }))
                    .hasMessage("bug");
        assertThat(bulkhead.inWork()).isZero();
    }

    @Test
    void work_in_the_background_may_take_all_places() throws Exception {
        var crowd = new Crowd(bulkhead(Mode.ON, 2, 0, WAIT));
        crowd.comes(Criticality.BACKGROUND).awaitInside();
        crowd.comes(Criticality.BACKGROUND).awaitInside();
    }

    @Test
    void a_bulkhead_of_none_lets_nothing_through_and_nothing_wait() throws Exception {
        var crowd = new Crowd(bulkhead(Mode.ON, 0, 10, WAIT));
        assertThat(crowd.comes().refusal().begun()).isFalse();
        assertThat(time.scheduled()).isZero();
    }

    @Test
    void without_a_queue_or_without_a_wait_nobody_waits() throws Exception {
        for (var bulkhead :
                List.of(bulkhead(Mode.ON, 1, 0, WAIT), bulkhead(Mode.ON, 1, 10, Duration.ZERO))) {
            var crowd = new Crowd(bulkhead);
            crowd.fill(1);
            assertThat(crowd.comes().refusal().begun()).isFalse();
        }
    }

    @Test
    void dark_counts_and_off_does_nothing() throws Exception {
        new Crowd(bulkhead(Mode.DARK, 1, 0, WAIT)).fill(3);
        assertThat(counted).containsExactly("bulkhead refused", "bulkhead refused");
        new Crowd(bulkhead(Mode.OFF, 1, 0, WAIT)).fill(3);
        assertThat(counted).hasSize(2);
    }
}
