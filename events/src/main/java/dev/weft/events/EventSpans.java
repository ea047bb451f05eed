package dev.weft.events;

import dev.weft.core.Span;
import dev.weft.core.Tracer;

/** Spans of what is done because of an event, below the span that wrote it. */
record EventSpans(Tracer tracer) {

    /** Runs in the event's context, within a span if its trace is recorded. */
    void record(Origin origin, String name, Span.Kind kind, String eventId, Runnable work) {
        var context = origin.context();
        if (!context.trace().sampled()) {
            context.run(work);
            return;
        }
        try {
            context.call(() ->
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
