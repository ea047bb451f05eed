package dev.weft.dns;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Resolver;
import dev.weft.core.Signal;
import dev.weft.core.Time;
import dev.weft.core.Watchers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Finds the instances of services by DNS.
 *
 * <p>A service is followed from the moment that somebody names it, by a thread of its own, until the
 * resolver is closed. It is asked about again when its records have lived as long as they say, but
 * not sooner than {@link #SHORTEST} and not later than {@link #LONGEST}; where there is nothing, not
 * later than {@link #LONGEST_NOTHING}. An answer that there is nothing empties the list. No answer,
 * or one that says no more than that the server failed, leaves it as it is, and {@link #age} tells
 * for how long.
 *
 * <p>Instances are ready, without routes, and told apart by their addresses. The lock guards what is
 * followed, and is held for no question.
 */
public final class DnsResolver implements Resolver {

    /** The bounds of how long an answer is believed. */
    public static final Duration SHORTEST = Duration.ofSeconds(1);

    public static final Duration LONGEST = Duration.ofSeconds(60);

    /** How long it is believed at most that there is nothing. */
    public static final Duration LONGEST_NOTHING = Duration.ofSeconds(10);

    /** How long whoever names a service first waits for the first answer. */
    public static final Duration FIRST = Duration.ofSeconds(2);

    /** The most services that are followed. */
    public static final int MAX_SERVICES = 1_000;

    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final Backoff BACKOFF =
            new Backoff(Duration.ofMillis(500), Duration.ofSeconds(10));

    /** So many failures in a row are worth a warning. */
    private static final int NOTABLE = 3;

    private static final System.Logger LOG = System.getLogger(DnsResolver.class.getName());

    private final DnsNames names;
    private final Duration timeout;
    private final Time time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Signal answered;
    private final Map<String, Followed> followed = new LinkedHashMap<>();
    private final Watchers watchers;
    private boolean closed;

    /** Begins to follow the services that the names name; does not wait for answers. */
    public DnsResolver(DnsNames names, Time time) {
        this(names, TIMEOUT, time);
    }

    /**
     * @param timeout how long a server may take for one answer, in real time
     */
    DnsResolver(DnsNames names, Duration timeout, Time time) {
        this.names = names;
        this.timeout = timeout;
        this.time = time;
        this.answered = new Signal(lock, time);
        this.watchers = new Watchers(time);
        names.services().forEach(this::follow);
    }

    /** One service. The resolver's lock guards its fields, but for what belongs to its thread. */
    private final class Followed {
        final String service;
        final Lookup lookup;
        final Watchers watchers = new Watchers(time);
        final Thread thread;
        long confirmedNanos = time.nanos();
        boolean answers = true;
        boolean asked;

        Followed(String service) {
            this.service = service;
            this.lookup = new Lookup(names.of(service), names.port(), names.servers(), timeout);
            this.thread =
                    time.start("dns-" + service, () -> Context.none().run(this::askAgainAndAgain));
        }

        private void askAgainAndAgain() {
            try {
                for (int failures = 0; ; ) {
                    var wait = SHORTEST;
                    try {
                        var answer = lookup.ask();
                        if (failures >= NOTABLE)
                            LOG.log(System.Logger.Level.INFO, "DNS knows {0} again", service);
                        failures = 0;
                        learn(this, answer);
                        wait = believed(answer);
                    } catch (IOException | RuntimeException e) {
                        if (isClosed()) return;
                        failures++;
                        fail(this);
                        if (failures == NOTABLE)
                            LOG.log(
                                    System.Logger.Level.WARNING,
                                    "DNS does not answer for " + service + "; what was known stays",
                                    e);
                        wait = SHORTEST.plus(BACKOFF.after(failures, time));
                    }
                    time.sleep(wait);
                }
            } catch (InterruptedException e) {
                // Closed.
            }
        }
    }

    private static Duration believed(Lookup.Answer answer) {
        var longest = answer.addresses().isEmpty() ? LONGEST_NOTHING : LONGEST;
        if (answer.ttl().compareTo(SHORTEST) < 0) return SHORTEST;
        return answer.ttl().compareTo(longest) > 0 ? longest : answer.ttl();
    }

    private void learn(Followed of, Lookup.Answer answer) {
        var now =
                answer.addresses().stream()
                        .map(address ->
                                new Instance(
                                        of.service,
                                        of.service + "@" + address.getAuthority(),
                                        address,
                                        Instance.State.READY,
                                        List.of()))
                        .toList();
        lock.lock();
        try {
            of.confirmedNanos = time.nanos();
            of.answers = true;
            of.asked = true;
            if (!closed && !now.equals(of.watchers.newest())) {
                of.watchers.tell(now);
                var all = new ArrayList<Instance>();
                followed.values().forEach(each -> all.addAll(each.watchers.newest()));
                watchers.tell(all);
            }
            answered.all();
        } finally {
            lock.unlock();
        }
    }

    private void fail(Followed of) {
        lock.lock();
        try {
            of.answers = false;
            of.asked = true;
            answered.all();
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private Followed follow(String service) {
        lock.lock();
        try {
            var known = followed.get(service);
            if (known != null) return known;
            if (closed)
                throw new Failure.Refused(
                        Refusal.notBegun("dns", Refusal.Reason.DRAINING, "discovery is closed"));
            if (followed.size() >= MAX_SERVICES)
                throw new Failure.Refused(
                        Refusal.notBegun(
                                "dns",
                                Refusal.Reason.LIMIT,
                                MAX_SERVICES + " services are followed, so not " + service));
            var begun = new Followed(service);
            followed.put(service, begun);
            return begun;
        } finally {
            lock.unlock();
        }
    }

    /** Follows the service, and waits for its first answer if there was none. */
    private Followed known(String service) {
        lock.lock();
        try {
            var known = follow(service);
            long endNanos = time.nanos() + FIRST.toNanos();
            while (!known.asked && !closed) {
                long leftNanos = endNanos - time.nanos();
                if (leftNanos <= 0) break;
                answered.await(Duration.ofNanos(leftNanos));
            }
            return known;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return follow(service);
        } finally {
            lock.unlock();
        }
    }

    /** Those of the services that were named so far. */
    @Override
    public List<Instance> instances() {
        return watchers.newest();
    }

    @Override
    public List<Instance> instances(String service) {
        return known(service).watchers.newest();
    }

    /** With those of the services that were named so far, and those to come. */
    @Override
    public Watch watch(Consumer<List<Instance>> listener) {
        return watchers.add(listener);
    }

    @Override
    public Watch watch(String service, Consumer<List<Instance>> listener) {
        return known(service).watchers.add(listener);
    }

    @Override
    public Duration age() {
        lock.lock();
        try {
            long now = time.nanos();
            long oldest = 0;
            for (var each : followed.values())
                if (!each.answers) oldest = Math.max(oldest, now - each.confirmedNanos);
            return Duration.ofNanos(oldest);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (var each : followed.values()) {
                each.thread.interrupt();
                each.watchers.close();
            }
            watchers.close();
            answered.all();
        } finally {
            lock.unlock();
        }
    }
}
