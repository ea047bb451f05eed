package dev.weft.events;

import dev.weft.core.Context;
import dev.weft.core.Span;
import dev.weft.core.Trace;
import dev.weft.core.Tracer;
import java.util.Optional;

/** Spans of what is done because of an event, below the span that wrote it. */
record EventSpans(Tracer tracer) {

    static Optional<Trace> trace(Origin origin) {
        return origin.traceparent().isEmpty()
                ? Optional.empty()
                : Trace.parse(origin.traceparent(), "");
    }

    /** Runs within a span if the event's trace is recorded; else just runs. */
    void record(Origin origin, String name, Span.Kind kind, String eventId, Runnable work) {
        var trace = trace(origin);
        if (trace.isEmpty() || !trace.get().sampled()) {
            work.run();
            return;
        }
        try {
            Context.none()
                    .with(trace.get())
                    .call(() ->
                            tracer.span(
                                    name,
                                    kind,
                                    span -> {
                                        span.set("weft.event.id", eventId);
                                        work.run();
                                        return true;
                                    }));
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
