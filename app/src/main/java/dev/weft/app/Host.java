package dev.weft.app;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * Several services in one JVM, each with the surroundings that its host gives it.
 *
 * <p>While a host is bound, {@link Weft#run} on this thread starts the service within it and
 * returns; the host closes it.
 */
public final class Host implements AutoCloseable {

    private static final ScopedValue<Host> CURRENT = ScopedValue.newInstance();

    private final Function<App, Surroundings> surroundings;
    private final List<Running> running = new ArrayList<>();

    /**
     * @param surroundings what each service is given
     */
    public Host(Function<App, Surroundings> surroundings) {
        this.surroundings = surroundings;
    }

    /** Calls a service's main; what it runs is started here and ready on return. */
    public void run(Callable<?> main) throws Exception {
        ScopedValue.where(CURRENT, this).call(main::call);
    }

    static boolean present() {
        return CURRENT.isBound();
    }

    static void start(App app) {
        CURRENT.get().add(app);
    }

    private synchronized void add(App app) {
        running.add(Running.start(app, surroundings.apply(app)));
    }

    /** What runs, in the order of its start. */
    public synchronized List<Running> running() {
        return List.copyOf(running);
    }

    /** Drains and stops all services, the last first. */
    @Override
    public synchronized void close() {
        running.reversed().forEach(Running::close);
        running.clear();
    }
}
