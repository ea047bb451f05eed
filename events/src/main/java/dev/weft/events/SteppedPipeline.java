package dev.weft.events;

import dev.weft.core.Time;
import dev.weft.core.Tracer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@link Pipeline} in which nothing moves by itself: each part goes on by one step when it is told to, on the caller's thread.
 *
 * <p>For tests that choose what happens when. The runners are the real ones; time and bus have to be such that nothing
 * waits: {@link Time#start} runs the task before it returns, {@link Time#sleep} and a poll without events move the clock.
 *
 * <p>For one thread.
 */
public final class SteppedPipeline {

    private interface Step {
        void run() throws Exception;
    }

    private record Stepped(Progress.Part part, boolean ofTheLog, Step step) {}

    private final String service;
    private final EventStore log;
    private final Map<String, Stepped> parts = new LinkedHashMap<>();

    public SteppedPipeline(
            String service,
            List<? extends Projection<?>> projections,
            List<? extends Publication<?>> publications,
            List<? extends Listener> listeners,
            Storage storage,
            Bus bus,
            Time time) {
        this.service = service;
        this.log = storage.events();
        var pipeline =
                new Pipeline(
                        service,
                        projections,
                        publications,
                        listeners,
                        storage,
                        bus,
                        Tracer.NONE,
                        time);
        for (var runner : pipeline.runners()) {
            if (runner instanceof ProjectionRunner<?> it) add(it.part(), true, it::step);
            else if (runner instanceof PublicationRunner it) add(it.part(), true, it::step);
            else if (runner instanceof TransactionalRunner it) add(it.part(), false, it::step);
            else if (runner instanceof EffectRunner it) add(it.part(), false, it::step);
        }
    }

    private void add(Progress.Part part, boolean ofTheLog, Step step) {
        parts.put(part.by(), new Stepped(part, ofTheLog, step));
    }

    /** What follows the service's own log and is not at its end: {@code projection NAME}, {@code publication}. */
    public List<String> behind() {
        long head = log.head();
        return parts.entrySet().stream()
                .filter(each ->
                        each.getValue().ofTheLog && each.getValue().part.lags(service, head))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Whether one event at least failed there, and is to be tried again. */
    public boolean fails(String part) {
        return known(part).part.stands();
    }

    /**
     * Goes on by one step: a projection or the publication that is {@link #behind} reads on, {@code listener NAME} polls and
     * handles what it gets. Throws what the runner would log; events that fail on their own are noted instead.
     */
    public void step(String part) throws Exception {
        known(part).step.run();
    }

    private Stepped known(String part) {
        var known = parts.get(part);
        if (known == null)
            throw new IllegalArgumentException(
                    service + " has no " + part + "; it has " + parts.keySet());
        return known;
    }
}
