package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.events.Commands;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import dev.weft.events.Outcome;
import java.util.List;

/** Weft's own, through a decider as services have it: each event is decided on the state behind all before it. */
final class WeftDecider extends WeftStore {

    /** As {@link Payload} writes it. */
    record Measured(String id, String rest) {}

    private static final Decider<List<Measured>, Long, Measured> DECIDER =
            Decider.of(
                    "load",
                    0L,
                    (news, count) -> new Decision.Emit<>(news, List.of()),
                    (count, event) -> count + 1,
                    EventType.of("measured", Measured.class));

    private final Commands commands =
            new Commands("benchmark", events(), SystemTime.INSTANCE, Tracer.NONE);

    WeftDecider(String url) {
        super(url);
    }

    @Override
    public void append(String stream, long version, List<byte[]> events) throws Exception {
        var news =
                events.stream()
                        .map(data -> new Measured(Payload.id(data), Payload.rest(data)))
                        .toList();
        var id = stream.substring(DECIDER.stream("").length());
        if (commands.handle(DECIDER, id, news) instanceof Outcome.Rejected<?> rejected)
            throw new IllegalStateException(rejected.toString());
    }
}
