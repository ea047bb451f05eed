package dev.weft.gateway.jwt;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The keys of an issuer, fresh enough.
 *
 * <p>One thread loads them: at the start, then every so often, and when a token names a key that is
 * not known, but not more often than once in {@code gap}, so that made-up tokens cannot have the
 * issuer flooded. What was loaded last stays while loading fails. A file has to be good at the start;
 * a URL may become so later.
 *
 * <p>The monitor guards what is known and wanted; it is not held while loading.
 */
final class KeySource implements AutoCloseable {

    private static final Logger LOG = System.getLogger(KeySource.class.getName());

    /** How long one loading may take, and a request may wait for it. */
    static final Duration LIMIT = Duration.ofSeconds(3);

    /** Between two loadings, the second of which was not asked for. */
    static final Duration EVERY_FILE = Duration.ofSeconds(10), EVERY_URL = Duration.ofMinutes(10);

    /** Between two loadings, the second of which was asked for. */
    static final Duration GAP_FILE = Duration.ofSeconds(1), GAP_URL = Duration.ofSeconds(30);

    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final URI location;
    private final Service<URI, byte[]> reader;
    private final Duration every;
    private final Duration gap;
    private final Time time;
    private final Thread thread;
    private Optional<Keys> known = Optional.empty();
    private long knownNanos;
    private long begunNanos;
    private long loadings;
    private boolean loading = true;
    private boolean wanted;
    private boolean closed;

    /** Begins to load them; fails with {@link IllegalArgumentException} on a file that is not good. */
    KeySource(URI location, Time time) {
        this(location, new KeyReader(), time);
    }

    KeySource(URI location, Service<URI, byte[]> reader, Time time) {
        boolean file = "file".equals(location.getScheme());
        this.location = location;
        this.reader = Cancellation.<URI, byte[]>atDeadline("gateway", time).then(reader);
        this.every = file ? EVERY_FILE : EVERY_URL;
        this.gap = file ? GAP_FILE : GAP_URL;
        this.time = time;
        this.begunNanos = time.nanos();
        if (file) known = Optional.of(read(location));
        this.thread =
                time.start("weft-issuer-keys", () -> Context.none().run(this::loadAgainAndAgain));
    }

    /** The keys of a file; fails with {@link IllegalArgumentException} if it is not good. */
    static Keys read(URI file) {
        try {
            return Keys.parse(new KeyReader().call(file));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalArgumentException("reading " + file.getPath() + " was broken off", e);
        } catch (IOException | Failure e) {
            throw new IllegalArgumentException(file.getPath() + ": " + e.getMessage(), e);
        }
    }

    private Keys load() throws Exception {
        return Context.none()
                .with(Deadline.after(LIMIT, time))
                .call(() -> Keys.parse(reader.call(location)));
    }

    private void loadAgainAndAgain() {
        int failures = 0;
        try {
            while (true) {
                try {
                    learn(load());
                    failures = 0;
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    failures++;
                    warn(e);
                }
                if (!rest(failures == 0 ? every : again(failures))) return;
            }
        } catch (InterruptedException e) {
            // It is closed.
        }
    }

    /** Behind a failure sooner, and less and less soon. */
    private Duration again(int failures) {
        var wait = AGAIN.multipliedBy(1L << Math.min(failures - 1, 10));
        return wait.compareTo(gap) < 0 ? wait : gap;
    }

    private synchronized void learn(Keys now) {
        known = Optional.of(now);
        knownNanos = time.nanos();
    }

    private synchronized void warn(Exception e) {
        var old =
                known.isEmpty()
                        ? "none are known, so no token can be checked"
                        : "those of "
                                + Duration.ofNanos(time.nanos() - knownNanos).toSeconds()
                                + " s ago stay";
        LOG.log(Level.WARNING, "no keys from " + location + ": " + e.getMessage() + "; " + old);
    }

    /** Tells those who wait, and waits until the next loading. */
    private synchronized boolean rest(Duration most) throws InterruptedException {
        loading = false;
        wanted = false;
        loadings++;
        notifyAll();
        var timer = time.schedule(most, this::want);
        try {
            while (!wanted && !closed) wait();
        } finally {
            timer.cancel();
        }
        loading = true;
        begunNanos = time.nanos();
        return !closed;
    }

    private synchronized void want() {
        wanted = true;
        notifyAll();
    }

    /**
     * The keys that a token may have been signed for that says this: none if there are none, nothing
     * if nobody knows.
     */
    Optional<List<Keys.Key>> fitting(Algorithm algorithm, Optional<String> id)
            throws InterruptedException {
        var found = known().map(keys -> keys.fitting(algorithm, id));
        if (found.isPresent() && !found.get().isEmpty()) return found;
        awaitNewer();
        return known().map(keys -> keys.fitting(algorithm, id));
    }

    private synchronized Optional<Keys> known() {
        return known;
    }

    /** Has them loaded and waits for that, unless it was done a moment ago. */
    private synchronized void awaitNewer() throws InterruptedException {
        long now = time.nanos();
        if (!loading && now - begunNanos < gap.toNanos()) return;
        long seen = loadings;
        long end = now + LIMIT.toNanos();
        var timer = time.schedule(LIMIT, this::wake);
        try {
            wanted = true;
            notifyAll();
            while (loadings == seen && !closed && end - time.nanos() > 0) wait();
        } finally {
            timer.cancel();
        }
    }

    /** How often it was tried to load them, up to now. */
    synchronized long loadings() {
        return loadings;
    }

    private synchronized void wake() {
        notifyAll();
    }

    /** Loads no more. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        thread.interrupt();
    }
}
