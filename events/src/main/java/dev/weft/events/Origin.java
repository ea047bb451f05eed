package dev.weft.events;

import dev.weft.core.Context;

/**
 * Where an event comes from.
 *
 * @param traceparent the trace that wrote it, as W3C header; empty without one
 * @param cause the id of the event that it was written in answer to; empty if there was none
 * @param appendKey the key of the append that wrote it ({@link dev.weft.core.Work}); empty without
 */
public record Origin(String traceparent, String cause, String appendKey) {

    public static final Origin NONE = new Origin("", "", "");

    /** The origin of what the current context writes. */
    public static Origin current() {
        var context = Context.current();
        return new Origin(
                context.trace().hasSpan() ? context.trace().traceparent() : "",
                context.work().cause(),
                context.work().nextAppendKey());
    }
}
