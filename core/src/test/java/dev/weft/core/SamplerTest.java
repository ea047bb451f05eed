package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class SamplerTest {

    private final AtomicLong nanos = new AtomicLong(-77);

    @Test
    void takes_no_more_than_its_rate_over_a_longer_time() {
        var sampler = Sampler.atMost(200, time());
        int taken = 0;
        for (int i = 0; i < 100_000; i++) {
            if (sampler.sample()) taken++;
            nanos.addAndGet(100_000);
        }
        assertThat(taken).isBetween(2_000, 2_200);
    }

    @Test
    void takes_a_burst_of_one_second_then_waits() {
        var sampler = Sampler.atMost(3, time());
        assertThat(List.of(sampler.sample(), sampler.sample(), sampler.sample(), sampler.sample()))
                .containsExactly(true, true, true, false);
        nanos.addAndGet(334_000_000);
        assertThat(sampler.sample()).isTrue();
        assertThat(sampler.sample()).isFalse();
    }

    @Test
    void takes_nothing_at_a_rate_of_zero() {
        assertThat(Sampler.atMost(0, time()).sample()).isFalse();
    }

    @Test
    void a_trace_that_came_in_keeps_its_decision() throws Exception {
        var spans = new ArrayList<Span>();
        var tracer = new Tracer(SystemTime.INSTANCE, spans::add, Sampler.atMost(0, time()));
        tracer.span("own", Span.Kind.SERVER, span -> "");
        assertThat(spans).isEmpty();
        var came = Trace.start(SystemTime.INSTANCE, true).child(SystemTime.INSTANCE);
        Context.none().with(came).call(() -> tracer.span("incoming", Span.Kind.SERVER, span -> ""));
        assertThat(spans).extracting(Span::name).containsExactly("incoming");
    }

    @Test
    void within_a_trace_that_nobody_records_work_stays_where_it_is() throws Exception {
        var spans = new ArrayList<Span>();
        var tracer = new Tracer(SystemTime.INSTANCE, spans::add, () -> false);
        var positions = new ArrayList<Trace>();
        tracer.span(
                "outer",
                Span.Kind.SERVER,
                outer -> {
                    positions.add(Context.current().trace());
                    outer.name("other").set("a", 1L).error("none");
                    return tracer.span(
                            "inner",
                            Span.Kind.CLIENT,
                            inner -> positions.add(Context.current().trace()));
                });
        assertThat(positions.getFirst().hasSpan()).isTrue();
        assertThat(positions.getFirst().sampled()).isFalse();
        assertThat(positions.getLast()).isEqualTo(positions.getFirst());
        assertThat(spans).isEmpty();
    }

    /** A clock that this test moves; nothing else of it is asked. */
    private Time time() {
        return new Time() {
            @Override
            public long nanos() {
                return nanos.get();
            }

            @Override
            public Instant now() {
                return Instant.EPOCH;
            }

            @Override
            public void sleep(Duration duration) {
                throw new UnsupportedOperationException();
            }

            @Override
            public Cancel schedule(Duration delay, Runnable task) {
                throw new UnsupportedOperationException();
            }

            @Override
            public RandomGenerator random() {
                return SystemTime.INSTANCE.random();
            }

            @Override
            public Thread start(String name, Runnable task) {
                throw new UnsupportedOperationException();
            }
        };
    }
}
