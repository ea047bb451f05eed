package dev.weft.testkit;

import dev.weft.core.SystemTime;
import dev.weft.events.BusEvent;
import dev.weft.events.Decider;
import dev.weft.events.EventCodec;
import dev.weft.events.EventStore;
import dev.weft.events.Listener;
import dev.weft.events.Origin;
import dev.weft.events.Projection;
import dev.weft.events.PublicEvent;
import dev.weft.events.Publication;
import dev.weft.events.SteppedPipeline;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;

/**
 * Handles a history of events again and again as badly as is allowed, and requires that the same comes of it each time.
 *
 * <p>A service's listeners and projections run with their real runners and a storage in memory, on one thread in virtual time. First
 * all is handled once, in order. Then, for each seed: events of different keys come in any order (those of one key in theirs), alone
 * and in batches; acknowledgements are lost, so events come again; the process dies before, amid and behind transactions, and starts
 * anew with new listeners. What the tables then hold has to be what it was the first time.
 *
 * <pre>{@code
 * Hostile.of(storage -> List.of(Stock.listener()))
 *         .tables("create table …")
 *         .hears(ORDERED.of("cup", new Ordered(2)), ORDERED.of("tea", new Ordered(1)))
 *         .comparing(storage -> STOCK.all(storage.database()))
 *         .run();
 * }</pre>
 *
 * <p>So it finds what counts twice, what is kept in memory only, and what trusts in an order between keys. A failure names the
 * seed and what was done. Needs a storage adaptor on the class path that knows {@code memory:}.
 */
public final class Hostile {

    /** So many seeds {@link #run()} tries. */
    public static final int RUNS = 100;

    /** The property that names the one seed which {@link #run()} takes instead. */
    public static final String SEED = "weft.hostile.seed";

    private static final String SERVICE = "hostile";
    private static final String ELSEWHERE = "elsewhere";

    /** More steps than that are no progress. */
    private static final int MAX_STEPS = 10_000;

    private static final int TOLD = 60;

    private final Function<Storage, List<? extends Listener>> listeners;
    private final List<String> tables = new ArrayList<>();
    private final List<Projection<?>> projections = new ArrayList<>();
    private final List<Publication<?>> publications = new ArrayList<>();
    private final List<PublicEvent<?>> heard = new ArrayList<>();
    private final List<EventStore.Append> stored = new ArrayList<>();
    private final List<Function<Storage, ?>> looks = new ArrayList<>();

    private Hostile(Function<Storage, List<? extends Listener>> listeners) {
        this.listeners = listeners;
    }

    /**
     * A service with these listeners.
     *
     * @param listeners makes them, anew with each start of the process; they use the storage that it is given
     */
    public static Hostile of(Function<Storage, List<? extends Listener>> listeners) {
        return new Hostile(listeners);
    }

    /** Statements that make the service's tables. */
    public Hostile tables(String... statements) {
        tables.addAll(List.of(statements));
        return this;
    }

    /** The service also has this projection of its own log. */
    public Hostile project(Projection<?> projection) {
        projections.add(projection);
        return this;
    }

    /** The service also publishes this, to its own listeners too. */
    public Hostile publish(Publication<?> publication) {
        publications.add(publication);
        return this;
    }

    /** Another service has published these, in this order, behind what was named before. */
    public Hostile hears(PublicEvent<?>... events) {
        heard.addAll(List.of(events));
        return this;
    }

    /** The service's own log holds these, behind what was named before. */
    @SafeVarargs
    @SuppressWarnings("varargs")
    public final <E> Hostile stored(Decider<?, ?, E> decider, String id, E... events) {
        var codec = new EventCodec<>(SERVICE, decider);
        stored.add(
                new EventStore.Append(
                        decider.stream(id),
                        EventStore.ANY_VERSION,
                        List.of(events).stream().map(codec::encode).toList()));
        return this;
    }

    /** What has to come out the same each time; compared by {@code equals}, told by {@code toString}. */
    public Hostile comparing(Function<Storage, ?> look) {
        looks.add(look);
        return this;
    }

    /**
     * Tries {@value #RUNS} seeds that nobody has chosen, or the one that {@code -Dweft.hostile.seed} names.
     *
     * @throws AssertionError naming the first seed with which something else comes out
     */
    public void run() throws Exception {
        var named = System.getProperty(SEED);
        if (named != null) run(Long.parseLong(named), 1);
        else run(SystemTime.INSTANCE.random().nextLong(1, 1L << 40), RUNS);
    }

    /** Tries so many seeds, from this one on. */
    public void run(long firstSeed, int runs) throws Exception {
        if (looks.isEmpty())
            throw new IllegalStateException("say what has to come out the same: comparing(…)");
        var told = Logger.getLogger("dev.weft.events");
        var level = told.getLevel();
        // Each death would be told with its stack.
        told.setLevel(Level.OFF);
        try {
            var calm = calm();
            for (long seed = firstSeed; seed < firstSeed + runs; seed++) compare(calm, seed);
        } finally {
            told.setLevel(level);
        }
    }

    private List<Object> calm() throws Exception {
        var run = new Run(Chance.none());
        try {
            return run.result();
        } catch (AssertionError e) {
            throw new AssertionError("even calmly: " + e.getMessage() + run.told(), e);
        }
    }

    private void compare(List<Object> calm, long seed) throws Exception {
        var run = new Run(Chance.of(seed));
        try {
            var result = run.result();
            if (!calm.equals(result))
                throw new AssertionError("calmly: " + calm + "\n  and now: " + result);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed %d (-D%s=%d): %s%s"
                            .formatted(seed, SEED, seed, e.getMessage(), run.told()),
                    e);
        }
    }

    /** What is drawn; the calm one always takes what is first and spoils nothing. */
    record Chance(boolean calm, long seed, RandomGenerator random) {

        static Chance none() {
            return new Chance(true, 0, generator(0));
        }

        static Chance of(long seed) {
            return new Chance(false, seed, generator(seed));
        }

        private static RandomGenerator generator(long seed) {
            return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        }

        /** Once in so many times. */
        boolean one(int in) {
            return !calm && random.nextInt(in) == 0;
        }

        int below(int bound) {
            return calm ? 0 : random.nextInt(bound);
        }

        int upTo(int most) {
            return 1 + below(most);
        }

        <T> T of(List<T> some) {
            return some.get(below(some.size()));
        }
    }

    /** One way of handling the history, from an empty storage on. */
    private final class Run {
        private final Chance chance;
        private final HostileTime time;
        private final HostileBus bus;
        private final List<String> log = new ArrayList<>();

        /** How often the process may still die, stop or lose an acknowledgement. */
        private int mischief;

        Run(Chance chance) {
            this.chance = chance;
            this.time = new HostileTime(chance.seed);
            this.bus = new HostileBus(time);
            this.mischief = chance.calm ? 0 : 3 + heard.size() + stored.size();
        }

        List<Object> result() throws Exception {
            try (var storage = Storage.open("memory:", SystemTime.INSTANCE)) {
                for (var statement : tables) storage.database().write(sql -> sql.update(statement));
                for (var append : stored) storage.events().append(List.of(append), Origin.NONE);
                bus.publish(ELSEWHERE, heard.size(), published());
                while (!live(new MortalStorage(storage))) mischief--;
                requireNothingParked(storage);
                var result = new ArrayList<Object>();
                for (var look : looks) result.add(look.apply(storage));
                return result;
            }
        }

        private List<BusEvent> published() {
            var events = new ArrayList<BusEvent>();
            for (var event : heard)
                events.add(
                        new BusEvent(
                                ELSEWHERE,
                                events.size() + 1,
                                0,
                                event.type().publicName(),
                                event.key(),
                                time.now(),
                                Json.write(event.data()),
                                Origin.NONE));
            return events;
        }

        /** Lets a process live; false if it ended before all was done. */
        private boolean live(MortalStorage storage) throws Exception {
            var made = listeners.apply(storage);
            bus.begin(SERVICE, made);
            var pipeline =
                    new SteppedPipeline(
                            SERVICE, projections, publications, made, storage, bus, time);
            for (int steps = 0; steps < MAX_STEPS; steps++) {
                if (spoils(20)) {
                    log.add("the process is stopped");
                    return false;
                }
                if (spoils(4))
                    storage.dieAt(chance.of(List.of(MortalStorage.When.values())), chance.upTo(2));
                if (!step(pipeline, storage)) return true;
                if (storage.isDead()) {
                    log.add("the process died: " + storage.death());
                    return false;
                }
                storage.live();
            }
            throw new AssertionError("it comes to no end");
        }

        private boolean spoils(int in) {
            return mischief > 0 && chance.one(in);
        }

        /** Does one thing of those that are to be done; false if there is none. */
        private boolean step(SteppedPipeline pipeline, MortalStorage storage) {
            var behind = pipeline.behind();
            var waiting = bus.waiting();
            var failing = bus.parts().stream().filter(pipeline::fails).toList();
            if (!behind.isEmpty() && (chance.calm || waiting.isEmpty() || chance.one(2))) {
                var part = chance.of(behind);
                log.add(part + " reads on");
                time.advance(Duration.ofSeconds(1));
                step(pipeline, part, storage);
            } else if (!waiting.isEmpty() && (failing.isEmpty() || !chance.one(4))) {
                var subscription = chance.of(waiting);
                boolean lost = spoils(5);
                if (lost) mischief--;
                var batch = subscription.offer(chance, lost);
                log.add(
                        subscription.part()
                                + " gets "
                                + batch.stream()
                                        .map(it -> it.type() + " " + it.id() + " of " + it.key())
                                        .collect(Collectors.joining(", "))
                                + (lost ? "; its acknowledgement is lost" : ""));
                step(pipeline, subscription.part(), storage);
                subscription.over();
            } else if (!failing.isEmpty()) {
                var part = chance.of(failing);
                log.add(part + " tries again");
                step(pipeline, part, storage);
            } else return false;
            return true;
        }

        private void step(SteppedPipeline pipeline, String part, MortalStorage storage) {
            try {
                pipeline.step(part);
            } catch (Exception e) {
                if (!storage.isDead()) throw new AssertionError(part + " fails: " + e, e);
            }
        }

        private void requireNothingParked(Storage storage) {
            var parked =
                    storage.database()
                            .first(
                                    "select listener, key, message from weft_parked",
                                    row ->
                                            row.text("listener")
                                                    + " has given up the key "
                                                    + row.text("key")
                                                    + ": "
                                                    + row.text("message"));
            if (parked.isPresent()) throw new AssertionError(parked.get());
        }

        String told() {
            int from = Math.max(0, log.size() - TOLD);
            var lines = log.subList(from, log.size()).stream().map("\n  "::concat);
            return (from > 0 ? "\n  …" : "") + lines.collect(Collectors.joining());
        }
    }
}
