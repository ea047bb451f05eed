package dev.weft.app.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Context;
import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.Method;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.core.Watchers;
import dev.weft.json.Json;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The hub's registry: announces instances of this process and knows those of all.
 *
 * <p>One thread keeps a request waiting at the hub for the next change; its answer is all instances.
 * While the hub is away, what was known last goes on being answered, {@link #age} tells for how
 * long; a hub that has just started is asked to tell of changes only ({@code warming}). Another
 * thread per announced instance renews its lease and tells its load, at once when the hub was started
 * again.
 *
 * <p>The monitor of this object guards what is known.
 */
public final class HubRegistry implements Registry, Resolver {

    /** How long the hub keeps an instance that says nothing. */
    public static final Duration LEASE = Duration.ofSeconds(10);

    private static final Duration RENEWAL = LEASE.dividedBy(3);
    private static final Duration WAIT = Duration.ofSeconds(20);

    /** How long telling the hub of a new state, or leaving, holds its caller up. */
    private static final Duration TELLING = Duration.ofSeconds(1);

    private final HubClient hub;
    private final Time time;
    private final Watchers watchers;
    private final Thread watcher;
    private final Map<String, Instance> known = new LinkedHashMap<>();
    private final List<Announced> announced = new CopyOnWriteArrayList<>();
    private volatile List<Instance> instances = List.of();
    private volatile boolean complete;
    private volatile boolean closed;

    /**
     * Begins to watch; does not wait for the hub.
     *
     * @param client of the hub's address
     * @param token what the hub wants to see, if anything
     */
    public HubRegistry(Service<Request, Response> client, Optional<String> token, Time time) {
        this.hub = new HubClient(client, token, time);
        this.time = time;
        this.watchers = new Watchers(time);
        this.watcher = start("hub-watch", this::watch);
    }

    private Thread start(String name, Runnable task) {
        return time.start(name, () -> Context.none().run(task));
    }

    private void watch() {
        var version = "";
        for (int attempt = 1; !closed; attempt++) {
            try {
                var view = view(version);
                if (!epoch(version).equals(epoch(view.version())))
                    announced.forEach(Announced::renewNow);
                version = view.version();
                attempt = 0;
                learn(view);
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                if (!pause(e, attempt)) return;
            }
        }
    }

    private boolean pause(RuntimeException failure, int attempt) {
        try {
            hub.pause(failure, attempt);
            return true;
        } catch (InterruptedException e) {
            return false;
        } catch (RuntimeException permanent) {
            System.getLogger(HubRegistry.class.getName())
                    .log(System.Logger.Level.ERROR, "the hub's registry refuses us", permanent);
            return sleep(LEASE);
        }
    }

    private boolean sleep(Duration duration) {
        try {
            time.sleep(duration);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private RegistryMessages.View view(String version) throws InterruptedException {
        var target =
                "/registry/instances?version="
                        + segment(version)
                        + "&wait_ms="
                        + (version.isEmpty() ? 0 : WAIT.toMillis());
        var answer = hub.call(Method.GET, target, Optional.empty(), WAIT.plus(HubClient.LIMIT));
        return Json.read(answer, RegistryMessages.View.class);
    }

    /** What of a version does not change while one hub runs. */
    private static String epoch(String version) {
        return version.substring(0, Math.max(0, version.indexOf('-')));
    }

    private synchronized void learn(RegistryMessages.View view) {
        if (view.warming()) view.gone().forEach(known::remove);
        else known.clear();
        for (var instance : view.instances()) known.put(instance.id(), instance);
        boolean before = complete;
        complete |= view.complete();
        var now = List.copyOf(known.values());
        if (now.equals(instances) && complete == before) return;
        instances = now;
        watchers.tell(now);
    }

    @Override
    public List<Instance> instances() {
        return instances;
    }

    /** Stays so when the hub starts again, because what was known stays. */
    @Override
    public boolean complete() {
        return complete;
    }

    @Override
    public Duration age() {
        return hub.away();
    }

    @Override
    public Watch watch(Consumer<List<Instance>> listener) {
        return watchers.add(listener);
    }

    /** Announces the instance; does not wait for the hub. */
    @Override
    public Lease register(Instance instance, Supplier<Optional<Load>> load) {
        var lease = new Announced(instance, load);
        announced.add(lease);
        return lease;
    }

    /** Ends the watching and the renewing; what is announced stays until its lease ends. */
    @Override
    public void close() {
        closed = true;
        watcher.interrupt();
        announced.forEach(Announced::end);
        watchers.close();
    }

    /**
     * Takes an instance out of the registry that has died and cannot do it. The hub has a second
     * for it; if it does not answer, the instance stays until its lease ends.
     */
    public void forget(String instance) {
        try {
            withdraw(target(instance));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void withdraw(String target) throws InterruptedException {
        try {
            hub.call(Method.DELETE, target, Optional.empty(), TELLING);
        } catch (RuntimeException e) {
            System.getLogger(HubRegistry.class.getName())
                    .log(
                            System.Logger.Level.DEBUG,
                            "the hub was not told that an instance leaves; its lease will end",
                            e);
        }
    }

    private static String target(String instance) {
        return "/registry/instances/" + segment(instance);
    }

    private static String segment(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }

    /** An instance under a lease. Its monitor guards its fields and is not held during a request. */
    private final class Announced implements Lease {
        private final String target;
        private final Supplier<Optional<Load>> load;
        private final Thread renewer;
        private Instance instance;
        private long wanted = 1;
        private long told;
        private boolean ended;

        Announced(Instance instance, Supplier<Optional<Load>> load) {
            this.instance = instance;
            this.load = load;
            this.target = target(instance.id());
            this.renewer = HubRegistry.this.start("hub-lease-" + instance.id(), this::renew);
        }

        private void renew() {
            for (int attempt = 1; ; attempt++) {
                Instance now;
                long number;
                synchronized (this) {
                    if (ended) return;
                    number = wanted;
                    now = instance;
                }
                var registration = registration(now.with(Load.from(load)));
                try {
                    hub.call(Method.PUT, target, Optional.of(registration), HubClient.LIMIT);
                    attempt = 0;
                    if (!rest(number)) return;
                } catch (InterruptedException e) {
                    return;
                } catch (RuntimeException e) {
                    if (!pause(e, attempt)) return;
                }
            }
        }

        private RegistryMessages.Registration registration(Instance instance) {
            return new RegistryMessages.Registration(
                    instance.service(),
                    instance.address(),
                    instance.state(),
                    instance.routes(),
                    instance.load(),
                    LEASE.toMillis());
        }

        /** Notes what the hub has been told, and waits until it has to be told again. */
        private synchronized boolean rest(long number) throws InterruptedException {
            told = Math.max(told, number);
            notifyAll();
            var timer = time.schedule(RENEWAL, this::renewNow);
            try {
                while (wanted == told && !ended) wait();
            } finally {
                timer.cancel();
            }
            return !ended;
        }

        synchronized void renewNow() {
            wanted++;
            notifyAll();
        }

        @Override
        public void update(Instance.State state) {
            var timer = time.schedule(TELLING, this::wake);
            try {
                await(state);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                timer.cancel();
            }
        }

        private synchronized void await(Instance.State state) throws InterruptedException {
            instance = instance.with(state);
            long number = ++wanted;
            notifyAll();
            long endNanos = time.nanos() + TELLING.toNanos();
            while (told < number && !ended && endNanos - time.nanos() > 0) wait();
        }

        private synchronized void wake() {
            notifyAll();
        }

        private synchronized boolean end() {
            boolean first = !ended;
            ended = true;
            notifyAll();
            renewer.interrupt();
            return first;
        }

        @Override
        public void close() {
            announced.remove(this);
            if (!end()) return;
            try {
                renewer.join(TELLING);
                withdraw(target);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
