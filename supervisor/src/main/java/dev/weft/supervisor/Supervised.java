package dev.weft.supervisor;

import dev.weft.core.Backoff;
import dev.weft.core.Time;
import dev.weft.supervisor.ProcessState.State;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One place in which a process runs: it is started, watched, and started again when it ends by
 * itself, until it is told to stop.
 *
 * <p>One virtual thread lives as long as this does and goes through the process's lives. The lock
 * guards what is known of the current life; nothing is started, signalled or waited for under it,
 * but for its own changes.
 */
final class Supervised {

    /** A process that ran this long in good health begins anew with the smallest delay. */
    static final Duration HEALTHY = Duration.ofSeconds(10);

    /** So many quick crashes in a row are worth a word of their own. */
    static final int MANY = 10;

    /** What callers have to hear that an instance is withdrawn, and to finish what they asked. */
    private static final Duration LEAVING = Duration.ofMillis(300);

    /** Instance ids end in six digits of base 36. */
    private static final long ID_LOW = 36L * 36 * 36 * 36 * 36;

    private static final long ID_END = ID_LOW * 36;

    private final ProcessSpec spec;
    private final int giveUpAfter;
    private final Backoff backoff;
    private final Watchdog watchdog;
    private final Logs logs;
    private final Time time;
    private final Thread runner;

    private State state = State.STARTING;
    private Instant since;
    private String instance = "";
    private long pid;
    private @Nullable Process process;
    private Readiness.@Nullable Ready ready;
    private boolean everReady;
    private boolean stopping;
    private boolean ended;
    private int crashes;
    private int restarts;
    private String problem = "";

    /**
     * @param giveUpAfter so many failed starts before the first good one; 0 for never
     */
    Supervised(
            ProcessSpec spec,
            int giveUpAfter,
            Backoff backoff,
            Watchdog watchdog,
            Logs logs,
            Time time) {
        this.spec = spec;
        this.giveUpAfter = giveUpAfter;
        this.backoff = backoff;
        this.watchdog = watchdog;
        this.logs = logs;
        this.time = time;
        this.since = time.now();
        this.runner = time.start("weft-" + spec.service(), this::live);
    }

    ProcessSpec spec() {
        return spec;
    }

    synchronized ProcessState state() {
        return new ProcessState(
                spec.service(),
                instance,
                pid,
                state,
                ready == null ? "" : ready.address().toString(),
                restarts,
                since,
                problem);
    }

    /** Blocks until it is ready; else tells why it was given up or stopped. */
    synchronized Optional<String> awaitReady() throws InterruptedException {
        while (state != State.READY && !ended && !stopping) wait();
        return state == State.READY
                ? Optional.empty()
                : Optional.of(problem.isEmpty() ? "it was stopped" : problem);
    }

    /** Blocks until the start under way has succeeded or failed, and tells why it failed. */
    synchronized Optional<String> awaitOutcome() throws InterruptedException {
        while (state == State.STARTING && !ended && !stopping) wait();
        return state == State.READY ? Optional.empty() : Optional.of(problem);
    }

    /** Ends the process and returns when it is gone: its signal, and SIGKILL after the grace. */
    void stop() throws InterruptedException {
        Process running;
        synchronized (this) {
            if (!stopping) {
                stopping = true;
                if (process != null) to(State.DRAINING);
                notifyAll();
            }
            running = process;
        }
        withdraw();
        if (running != null) {
            // A program that announces itself also sees to it that its callers leave first.
            if (spec.port() instanceof Port.Free) time.sleep(LEAVING);
            end(running);
        }
        runner.join();
    }

    /** Tells the process to end, and kills it if it does not. */
    private void end(Process running) throws InterruptedException {
        var family = running.descendants().toList();
        tell(running);
        if (spec.port() instanceof Port.Free) family.forEach(ProcessHandle::destroy);
        if (running.waitFor(spec.grace().toMillis(), TimeUnit.MILLISECONDS)) return;
        say(
                "did not end within "
                        + Durations.text(spec.grace())
                        + " of being told to, killing it (process "
                        + running.pid()
                        + ")");
        kill(running, family);
    }

    private void tell(Process running) throws InterruptedException {
        if (spec.signal() == ProcessSpec.Signal.INT && interrupted(running)) return;
        // Not Process.destroy: that also closes the pipes, and what is printed at the end is lost.
        running.toHandle().destroy();
    }

    /** Java can send SIGTERM and SIGKILL only. */
    private static boolean interrupted(Process running) throws InterruptedException {
        try {
            var pid = Long.toString(running.pid());
            return new ProcessBuilder("sh", "-c", "kill -s INT \"$1\"", "sh", pid).start().waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static void kill(Process running, List<ProcessHandle> family) {
        running.descendants().forEach(ProcessHandle::destroyForcibly);
        family.forEach(ProcessHandle::destroyForcibly);
        running.toHandle().destroyForcibly();
    }

    private void live() {
        try {
            while (!told()) {
                long begun = time.nanos();
                var why = oneLife();
                if (told()) break;
                if (!crashed(why, Duration.ofNanos(time.nanos() - begun))) break;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            synchronized (this) {
                ended = true;
                if (state != State.CRASHED || stopping) to(State.STOPPED);
                notifyAll();
            }
        }
    }

    private synchronized boolean told() {
        return stopping;
    }

    /** Waits out the delay before the next start; false if there is to be none. */
    private boolean crashed(String why, Duration lived) throws InterruptedException {
        Duration delay;
        boolean givenUp;
        int inARow;
        synchronized (this) {
            crashes = lived.compareTo(HEALTHY) >= 0 ? 1 : crashes + 1;
            problem = why;
            inARow = crashes;
            givenUp = giveUpAfter > 0 && !everReady && crashes >= giveUpAfter;
            delay = backoff.after(crashes, time);
            to(State.CRASHED);
        }
        if (givenUp) {
            say(why);
            return false;
        }
        say(
                why
                        + "; starting it again in "
                        + delay.toMillis()
                        + " ms"
                        + (inARow >= MANY
                                ? " ("
                                        + inARow
                                        + " quick crashes in a row; it is tried again at most every "
                                        + Durations.text(backoff.cap())
                                        + ")"
                                : ""));
        long end = time.nanos() + delay.toNanos();
        synchronized (this) {
            while (!stopping) {
                long leftMs = (end - time.nanos() + 999_999) / 1_000_000;
                if (leftMs <= 0) break;
                wait(leftMs);
            }
            if (stopping) return false;
            restarts++;
            return true;
        }
    }

    /** Runs the process from its start to its end and tells how it ended. */
    private String oneLife() throws InterruptedException {
        var id = spec.service() + "-" + Long.toString(time.random().nextLong(ID_LOW, ID_END), 36);
        synchronized (this) {
            instance = id;
            to(State.STARTING);
        }
        long begun = time.nanos();
        Process started;
        int port;
        try {
            port = port();
            started = start(id, port);
        } catch (IOException e) {
            return "could not be started: " + e.getMessage();
        }
        try {
            watchdog.guard(started);
        } catch (IOException e) {
            // It has ended already, which is seen below.
        }
        var reader = time.startNative("weft-log-" + id, () -> read(started, id));
        boolean stopAtOnce;
        synchronized (this) {
            process = started;
            pid = started.pid();
            stopAtOnce = stopping;
        }
        if (stopAtOnce) end(started);
        var timedOut = new boolean[1];
        var launched = new Readiness.Launched(spec.service(), id, port);
        var waiting = time.start("weft-ready-" + id, () -> awaitReadiness(started, launched));
        var timer =
                time.schedule(
                        spec.readyTimeout(),
                        () -> {
                            synchronized (this) {
                                if (state != State.STARTING || !instance.equals(id)) return;
                                timedOut[0] = true;
                            }
                            time.start("weft-kill-" + id, () -> kill(started, List.of()));
                        });
        int code = started.waitFor();
        timer.cancel();
        waiting.interrupt();
        waiting.join();
        watchdog.release(started.pid());
        withdraw();
        if (!told()) time.start("weft-ended-" + id, () -> spec.readiness().ended(launched));
        closeInput(started);
        reader.join(Duration.ofSeconds(1));
        synchronized (this) {
            process = null;
            if (timedOut[0]) return "was not ready within " + Durations.text(spec.readyTimeout());
        }
        return "ended by itself with "
                + exit(code)
                + " after "
                + Durations.text(Duration.ofNanos(time.nanos() - begun));
    }

    private int port() throws IOException {
        return switch (spec.port()) {
            case Port.Own() -> 0;
            case Port.Fixed(int number) -> number;
            case Port.Free() -> {
                try (var socket = new ServerSocket()) {
                    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                    yield socket.getLocalPort();
                }
            }
        };
    }

    private Process start(String id, int port) throws IOException {
        var environment = new HashMap<>(spec.environment());
        environment.put("WEFT_INSTANCE", id);
        environment.put("WEFT_PORT", Integer.toString(port));
        environment.put("WEFT_SUPERVISED", "1");
        var builder = new ProcessBuilder(Watchdog.guarded(spec.command()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.directory(spec.directory().toFile()).redirectErrorStream(true).start();
    }

    private void read(Process started, String id) {
        try (var out = started.getInputStream()) {
            var lines = new LineReader(out, Logs.MAX_LINE_BYTES);
            while (true) {
                var line = lines.next();
                if (line == null) return;
                logs.add(spec.service(), id, line);
            }
        } catch (IOException e) {
            // The pipe ends with its process.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitReadiness(Process started, Readiness.Launched launched) {
        try {
            var found = spec.readiness().await(launched);
            boolean late;
            synchronized (this) {
                late = !instance.equals(launched.instance()) || stopping || !started.isAlive();
                if (!late) {
                    ready = found;
                    everReady = true;
                    problem = "";
                    to(State.READY);
                }
            }
            if (late) found.withdraw().run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            say("it cannot be told whether it is ready: " + e.getMessage());
        }
    }

    private void withdraw() {
        Readiness.Ready before;
        synchronized (this) {
            before = ready;
            ready = null;
        }
        if (before != null) before.withdraw().run();
    }

    private static void closeInput(Process started) {
        try {
            started.getOutputStream().close();
        } catch (IOException e) {
            // Its other end is gone already.
        }
    }

    private synchronized void to(State next) {
        if (state == next) return;
        state = next;
        since = time.now();
        notifyAll();
    }

    private void say(String what) {
        try {
            logs.add("weft", "", spec.service() + " " + what);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The exit code in words; the JVM's 128 + n is signal n. */
    private static String exit(int code) {
        return switch (code - 128) {
            case 6 -> "SIGABRT";
            case 9 -> "SIGKILL";
            case 11 -> "SIGSEGV";
            case 15 -> "SIGTERM";
            default -> String.format(Locale.ROOT, "exit code %d", code);
        };
    }
}
