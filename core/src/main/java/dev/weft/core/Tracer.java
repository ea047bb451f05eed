package dev.weft.core;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Makes spans: each is a piece of work that runs within its own position of the trace.
 *
 * <p>If there is no trace yet, one begins. Within a trace that is not sampled, work stays in the position that it is called in:
 * one that came with a request or an event, else one for all that begins here. So what nobody will see costs nothing.
 */
public final class Tracer {

    /** Records nothing. */
    public static final Tracer NONE = new Tracer(SystemTime.INSTANCE, Span.Sink.NONE, () -> false);

    private final Time time;
    private final Span.Sink sink;
    private final Sampler sampler;

    /** Records every trace that begins here. */
    public Tracer(Time time, Span.Sink sink) {
        this(time, sink, Sampler.ALL);
    }

    /** Records those traces that the sampler takes, and those that came in as sampled. */
    public Tracer(Time time, Span.Sink sink, Sampler sampler) {
        this.time = time;
        this.sink = sink;
        this.sampler = sampler;
    }

    /** Records what belongs to a trace that came in as sampled, and begins none to be recorded. */
    public Tracer following() {
        return new Tracer(time, sink, () -> false);
    }

    /** The span under way, to add to it what is only known later. Nothing is kept if it is not recorded. */
    public static final class Current {

        /** Any that nobody will see. */
        private static final Current UNSEEN = new Current("");

        private final Map<String, Object> attributes = new LinkedHashMap<>();
        private String name;
        private String error = "";

        private Current(String name) {
            this.name = name;
        }

        /** Whether it will be seen: what costs something to find out need not be set otherwise. */
        public boolean recorded() {
            return this != UNSEEN;
        }

        public Current set(String attribute, Object value) {
            if (recorded()) attributes.put(attribute, value);
            return this;
        }

        /** A better name than the one it began with, such as the route once it is known. */
        public Current name(String name) {
            if (recorded()) this.name = name;
            return this;
        }

        /** Marks the span as failed. */
        public Current error(String what) {
            if (recorded()) this.error = what;
            return this;
        }
    }

    /** Work within a span. */
    @FunctionalInterface
    public interface Work<T> {
        T run(Current span) throws Exception;
    }

    /** Runs the work within a new span below the current one; what it throws marks the span. */
    public <T> T span(String name, Span.Kind kind, Work<T> work) throws Exception {
        var context = Context.current();
        var parent =
                context.trace().exists() ? context.trace() : Trace.start(time, sampler.sample());
        if (!parent.sampled() && parent.hasSpan()) return work.run(Current.UNSEEN);
        var trace = parent.child(time);
        if (!trace.sampled()) return context.with(trace).call(() -> work.run(Current.UNSEEN));
        var current = new Current(name);
        var start = time.now();
        long startNanos = time.nanos();
        try {
            return context.with(trace).call(() -> work.run(current));
        } catch (Exception | Error e) {
            if (current.error.isEmpty()) current.error(e.toString());
            throw e;
        } finally {
            sink.accept(
                    new Span(
                            trace,
                            parent.hasSpan() ? parent.spanId() : "",
                            current.name,
                            kind,
                            start,
                            time.nanos() - startNanos,
                            current.attributes,
                            current.error));
        }
    }
}
