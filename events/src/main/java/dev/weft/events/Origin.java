package dev.weft.events;

import dev.weft.core.Baggage;
import dev.weft.core.Context;
import dev.weft.core.Criticality;
import dev.weft.core.Trace;
import java.util.Locale;

/**
 * Where an event comes from, and what of the context of whoever wrote it goes on with it. There is no deadline in it: an
 * event is worked at until it is done, however long ago its writer was answered.
 *
 * <p>What belongs together over services and events is told by the trace's id, the <em>correlation</em>: listeners go on in the
 * trace of the event that they handle, so a request and all that it brings about have one.
 *
 * @param traceparent the trace that wrote it, as W3C header; empty without one
 * @param tracestate what other tracing systems say of it, as W3C header; mostly empty
 * @param baggage as W3C header; mostly empty
 * @param criticality in lower case; empty for {@link Criticality#NORMAL}
 * @param cause the id of the event that it was written in answer to; empty if there was none
 * @param appendKey the key of the append that wrote it ({@link dev.weft.core.Work}); empty without
 */
public record Origin(
        String traceparent,
        String tracestate,
        String baggage,
        String criticality,
        String cause,
        String appendKey) {

    public static final Origin NONE = new Origin("", "", "", "", "", "");

    /** The origin of what the current context writes. */
    public static Origin current() {
        return current(Context.current().work().nextAppendKey());
    }

    /** The same for what is written without a key of its own, such as what a transaction writes. */
    static Origin withoutKey() {
        return current("");
    }

    private static Origin current(String appendKey) {
        var context = Context.current();
        var criticality = context.criticality();
        return new Origin(
                        "",
                        "",
                        context.baggage().toString(),
                        criticality == Criticality.NORMAL
                                ? ""
                                : criticality.name().toLowerCase(Locale.ROOT),
                        context.work().cause(),
                        appendKey)
                .with(context.trace());
    }

    /** As written within this trace; as it is, if there is no span. */
    Origin with(Trace trace) {
        if (!trace.hasSpan()) return this;
        return new Origin(
                trace.traceparent(), trace.state(), baggage, criticality, cause, appendKey);
    }

    /** The trace's id, 32 hexadecimal digits; empty without a trace. */
    public String correlation() {
        return traceparent.length() < 35 ? "" : traceparent.substring(3, 35);
    }

    /** As of what was written in answer to that event. */
    Origin causedBy(String event) {
        return new Origin(traceparent, tracestate, baggage, criticality, event, appendKey);
    }

    /** As it is told to others, who have no use for the key. */
    Origin withoutAppendKey() {
        return new Origin(traceparent, tracestate, baggage, criticality, cause, "");
    }

    /** The context in which an event that comes from here is worked at. */
    public Context context() {
        var context = Context.none();
        if (!traceparent.isEmpty())
            context = context.with(Trace.parse(traceparent, tracestate).orElse(Trace.NONE));
        if (!baggage.isEmpty()) context = context.with(Baggage.parse(baggage));
        if (!criticality.isEmpty()) context = context.with(Criticality.named(criticality));
        return context;
    }
}
