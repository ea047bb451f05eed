package dev.weft.cli;

import dev.weft.app.App;
import dev.weft.app.Host;
import dev.weft.app.Surroundings;
import dev.weft.core.Time;
import dev.weft.supervisor.ProcessState;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A service that runs in this process, in a class loader of its own named after it. Its main runs
 * once; there is nothing that could be restarted, because it cannot crash by itself.
 *
 * <p>The lock guards the state.
 */
final class Guest implements AutoCloseable {

    /** Of one service, and named after it. */
    private static final class Loader extends URLClassLoader {
        Loader(String service, URL[] jars) {
            super(service, jars, Guest.class.getClassLoader());
        }
    }

    private final ServiceFile service;
    private final String instance;
    private final URLClassLoader loader;
    private final Host host;
    private final Time time;
    private ProcessState.State state = ProcessState.State.STARTING;
    private Instant since;
    private String address = "";
    private String problem = "";

    /**
     * Begins to start it on a thread of its own.
     *
     * @param surroundings by app and instance
     */
    Guest(
            ServiceFile service,
            Built built,
            String instance,
            BiFunction<App, String, Surroundings> surroundings,
            Time time) {
        this.service = service;
        this.instance = instance;
        this.time = time;
        this.since = time.now();
        this.loader = loader(service.name(), built);
        this.host = new Host(app -> surroundings.apply(app, instance));
        time.start("weft-main-" + instance, () -> start(built.main()));
    }

    private static URLClassLoader loader(String name, Built built) {
        var urls = new ArrayList<URL>();
        try {
            for (var path : built.classPath()) urls.add(path.toUri().toURL());
        } catch (MalformedURLException e) {
            throw new CommandFailed(name + ": its jars have no URL", e);
        }
        return new Loader(name, urls.toArray(URL[]::new));
    }

    /** Whether the loader is that of a service in this process. */
    static boolean isServices(@Nullable ClassLoader loader) {
        return loader instanceof Loader;
    }

    private void start(String main) {
        Thread.currentThread().setContextClassLoader(loader);
        try {
            host.run(() -> call(main));
            var running = host.running();
            if (running.isEmpty())
                to(ProcessState.State.CRASHED, "ended without having called Weft.run");
            else ready(running.getFirst().address().toString());
        } catch (InvocationTargetException e) {
            var cause = e.getTargetException();
            cause.printStackTrace();
            to(ProcessState.State.CRASHED, "failed: " + cause);
        } catch (Exception e) {
            to(ProcessState.State.CRASHED, "could not be started: " + e);
        }
    }

    private Object call(String main) throws Exception {
        var type = loader.loadClass(main);
        var method = mainOf(type);
        method.setAccessible(true);
        Object target = null;
        if (!Modifier.isStatic(method.getModifiers())) {
            var constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            target = constructor.newInstance();
        }
        if (method.getParameterCount() == 0) method.invoke(target);
        else method.invoke(target, (Object) new String[0]);
        return type;
    }

    private static Method mainOf(Class<?> type) throws NoSuchMethodException {
        try {
            return type.getDeclaredMethod("main", String[].class);
        } catch (NoSuchMethodException e) {
            return type.getDeclaredMethod("main");
        }
    }

    private synchronized void ready(String where) {
        address = where;
        to(ProcessState.State.READY, "");
    }

    private synchronized void to(ProcessState.State next, String why) {
        state = next;
        problem = why;
        since = time.now();
        notifyAll();
    }

    synchronized ProcessState state() {
        return new ProcessState(
                service.name(),
                instance,
                ProcessHandle.current().pid(),
                state,
                address,
                0,
                since,
                problem);
    }

    /** Blocks until its main has returned; else tells why it never will, or not in time. */
    synchronized Optional<String> awaitReady() throws InterruptedException {
        long end = time.nanos() + service.readyTimeout().toNanos();
        while (state == ProcessState.State.STARTING) {
            long leftMs = (end - time.nanos()) / 1_000_000;
            if (leftMs <= 0)
                return Optional.of(
                        "was not ready within " + service.readyTimeout().toMillis() + " ms");
            wait(leftMs);
        }
        return state == ProcessState.State.READY ? Optional.empty() : Optional.of(problem);
    }

    @Override
    public void close() {
        to(ProcessState.State.DRAINING, "");
        host.close();
        to(ProcessState.State.STOPPED, "");
        try {
            loader.close();
        } catch (IOException e) {
            System.err.println("weft: the jars of " + instance + " were not closed: " + e);
        }
    }
}
