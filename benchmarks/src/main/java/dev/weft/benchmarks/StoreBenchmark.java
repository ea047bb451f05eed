package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Weft's event store beside others on the same server or disk, which take turns.
 *
 * <p>Arguments: what to measure ({@code appends}, {@code hot}, {@code reads}, {@code growth}), then {@code name=value} for {@code
 * folder}, {@code core} (of the server), {@code stores}, {@code rounds}, {@code ms}, {@code warm_up_ms}, {@code writers}, {@code
 * events}, {@code bytes}, {@code small}, {@code large}. Prints a line for each figure, its parts separated by tabs: what, round,
 * store, writers, events of an append, bytes of an event, then how many a second, and in microseconds p50, p99, the CPU time
 * of one in this process and in the server.
 *
 * <p>Behind each measurement the events are read back and held against what was acknowledged ({@link Proof}).
 */
public final class StoreBenchmark implements AutoCloseable {

    private static final Time TIME = SystemTime.INSTANCE;

    /** What projections ask for at once. */
    private static final int PAGE = 500;

    private final Map<String, String> arguments;
    private final Path folder;
    private final int rounds;
    private final MeasuredServer server;
    private int opened;

    private StoreBenchmark(Map<String, String> arguments) throws Exception {
        this.arguments = arguments;
        this.folder = Path.of(arguments.get("folder"));
        this.rounds = number("rounds");
        this.server =
                arguments.get("stores").contains("postgres")
                        ? MeasuredServer.start(folder.resolve("postgres"), arguments.get("core"))
                        : null;
    }

    public static void main(String[] args) throws Exception {
        var arguments = new LinkedHashMap<String, String>();
        for (var arg : Arrays.asList(args).subList(1, args.length))
            arguments.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
        try (var benchmark = new StoreBenchmark(arguments)) {
            switch (args[0]) {
                case "appends" -> benchmark.appends();
                case "hot" -> benchmark.hot();
                case "reads" -> benchmark.reads();
                case "growth" -> benchmark.growth();
                default -> throw new IllegalArgumentException("what is " + args[0] + "?");
            }
        }
    }

    private int number(String name) {
        return Integer.parseInt(arguments.get(name));
    }

    private List<String> list(String name) {
        return List.of(arguments.get(name).split(" "));
    }

    private int[] numbers(String name) {
        return list(name).stream().mapToInt(Integer::parseInt).toArray();
    }

    private Duration length() {
        return Duration.ofMillis(number("ms"));
    }

    /** A new one. */
    private MeasuredStore open(String name) throws Exception {
        var schema = "s" + opened++;
        var file = folder.resolve(schema + ".db");
        return switch (name) {
            case "weft-postgres" -> new WeftStore(server.storage(schema));
            case "weft-sqlite" -> new WeftStore("sqlite:" + file);
            case "decider-postgres" -> new WeftDecider(server.storage(schema));
            case "decider-sqlite" -> new WeftDecider("sqlite:" + file);
            case "plain-postgres" -> PlainPostgres.open(server.make(schema));
            case "plain-sqlite" -> PlainSqlite.open(file);
            // Its jars are fetched for those who measure it.
            case "axon-postgres" ->
                    (MeasuredStore)
                            Class.forName("AxonStore")
                                    .getConstructor(String.class)
                                    .newInstance(server.make(schema));
            default -> throw new IllegalArgumentException("there is no store " + name);
        };
    }

    /** All stores, warmed up; closed when the work is done. */
    private void with(Work work) throws Exception {
        var stores = new LinkedHashMap<String, MeasuredStore>();
        try {
            for (var name : list("stores")) stores.put(name, open(name));
            work.on(stores);
        } finally {
            for (var store : stores.values()) store.close();
        }
    }

    @FunctionalInterface
    private interface Work {
        void on(Map<String, MeasuredStore> stores) throws Exception;
    }

    private void appends() throws Exception {
        var loads = new ArrayList<AppendLoad>();
        for (int bytes : numbers("bytes"))
            for (int events : numbers("events"))
                for (int writers : numbers("writers"))
                    loads.add(new AppendLoad(writers, events, bytes));
        measure(loads);
    }

    private void hot() throws Exception {
        var loads = new ArrayList<AppendLoad>();
        for (int writers : numbers("writers"))
            loads.add(new AppendLoad(writers, 1, number("bytes"), true));
        measure(loads);
    }

    private void measure(List<AppendLoad> loads) throws Exception {
        with(stores -> {
            var warmUp = Duration.ofMillis(number("warm_up_ms") / loads.size());
            for (var store : stores.values()) for (var load : loads) load.run(store, warmUp);
            for (int round = 1; round <= rounds; round++)
                for (var load : loads)
                    for (var name : stores.keySet())
                        print(round, name, load, load.run(stores.get(name), length()));
        });
    }

    private static void print(
            int round, String store, AppendLoad load, Durations.Summary measured) {
        print(
                load.oneStream() ? "hot" : "appends",
                round,
                store,
                load.writers(),
                load.events(),
                load.bytes(),
                measured);
    }

    private static void print(
            String what,
            int round,
            String store,
            int writers,
            int events,
            int bytes,
            Durations.Summary measured) {
        System.out.printf(
                "%s\t%d\t%s\t%d\t%d\t%d\t%.0f\t%d\t%d\t%.1f\t%.1f%n",
                what,
                round,
                store,
                writers,
                events,
                bytes,
                measured.perSecond(),
                measured.p50Micros(),
                measured.p99Micros(),
                measured.cpuMicros(),
                measured.serverMicros());
    }

    /** The whole log, page by page, by one reader. */
    private void reads() throws Exception {
        var load = new AppendLoad(64, 100, number("bytes"));
        with(stores -> {
            for (var store : stores.values()) load.run(store, number("large") / load.events());
            for (var store : stores.values()) read(store);
            for (int round = 1; round <= rounds; round++)
                for (var name : stores.keySet())
                    print("reads", round, name, 1, PAGE, load.bytes(), read(stores.get(name)));
        });
    }

    private static Durations.Summary read(MeasuredStore store) throws Exception {
        long head = store.head(), startNanos = TIME.nanos();
        var cpu = Cpu.now();
        var durations = new Durations();
        long[] at = {0, 0};
        durations.fill(
                count -> {
                    var page = store.read(at[0], PAGE);
                    at[0] = page.getLast().position();
                    at[1] += page.size();
                },
                () -> at[0] < head);
        long nanos = TIME.nanos() - startNanos, events = at[1];
        var used = Cpu.now().since(cpu);
        if (store.gapless() && events != head)
            throw new IllegalStateException("of " + head + " events " + events + " were read");
        var pages = Durations.Summary.of(List.of(durations), nanos, used);
        return new Durations.Summary(
                events * 1e9 / nanos,
                pages.p50Micros(),
                pages.p99Micros(),
                used.millis() * 1e3 / events,
                used.childrenMillis() * 1e3 / events);
    }

    /** A large log beside small ones, which are new in each round. */
    private void growth() throws Exception {
        int bytes = number("bytes"), small = number("small"), large = number("large");
        with(stores -> {
            var grown = new LinkedHashMap<String, Growth>();
            for (var name : stores.keySet()) {
                grown.put(name, Growth.fill(stores.get(name), large, bytes));
                grown.get(name).proveSome();
            }
            for (int round = 0; round <= rounds; round++)
                for (var name : stores.keySet())
                    try (var store = open(name)) {
                        var young = Growth.fill(store, small, bytes);
                        for (int writers : numbers("writers")) {
                            long appends = Math.min(10_000, 500L * writers);
                            var before = young.run(writers, appends);
                            var behind = grown.get(name).run(writers, appends);
                            // Round 0 is the warm-up.
                            if (round == 0) continue;
                            print("small", round, name, writers, 1, bytes, before);
                            print("large", round, name, writers, 1, bytes, behind);
                        }
                    }
        });
    }

    @Override
    public void close() {
        if (server != null) server.close();
    }
}
