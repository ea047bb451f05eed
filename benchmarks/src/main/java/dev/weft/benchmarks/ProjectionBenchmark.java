package dev.weft.benchmarks;

import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.Event;
import dev.weft.events.EventCodec;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventType;
import dev.weft.events.MemoryBus;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Pipeline;
import dev.weft.events.Projection;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.postgres.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How fast projections go: events a second from the log into a table, and how long behind an append its row is there.
 *
 * <p><b>Replay</b>: a log of sales in {@value #PRODUCTS} products is projected from its first event on into an empty table that sums them up, one
 * upsert for each event. Beside it stands what JDBC by hand reaches with the same upserts in the same batches, each with a checkpoint in one
 * commit, of events that lie in memory: nothing is read or decoded there. It is done in two ways: statement by statement, and in JDBC's batches.
 *
 * <p><b>Visible</b>: sales are appended at a constant rate, whether or not the ones before are done, and each is asked for as soon as the
 * service says that its tables have it. Time counts from when a sale was due.
 *
 * <p>Everything is checked: that each event was applied once, in the order of its product, and that what is said to be visible is there. Prints
 * lines of {@code round store what figure value}, tab-separated. Arguments: a folder, the stores ({@code sqlite,postgres}), rounds, events to
 * replay, appends a second, seconds of these.
 */
public final class ProjectionBenchmark {

    private static final int PRODUCTS = 10_000;

    /** What a projection commits together while it catches up. */
    private static final int BATCH = 500;

    private static final int APPENDED_TOGETHER = 500;

    /** Sales of the first seconds are checked and not measured. */
    private static final int WARM_UP_SECONDS = 3;

    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Time TIME = SystemTime.INSTANCE;
    private static final String SERVICE = "shop";

    record Sold(long units, String till) {}

    private static final Decider<Void, Long, Sold> SALE =
            Decider.of(
                    "sale",
                    0L,
                    (command, count) -> Decision.nothing(),
                    (count, sold) -> count + 1,
                    EventType.of("sold", Sold.class));

    private static final EventCodec<Sold> EVENTS = new EventCodec<>(SERVICE, SALE);

    private final Map<String, Store> stores = new LinkedHashMap<>();
    private final int[] products;
    private final int perSecond;
    private final int seconds;

    /** A storage with the sales, and a connection to the same database, for what is done by hand. */
    private record Store(String name, Storage storage, MemoryBus bus, Connection hand) {}

    private ProjectionBenchmark(int events, int perSecond, int seconds) {
        this.products = new Random(1).ints(events, 0, PRODUCTS).toArray();
        this.perSecond = perSecond;
        this.seconds = seconds;
    }

    public static void main(String[] args) throws Exception {
        var folder = Path.of(args[0]);
        int rounds = Integer.parseInt(args[2]);
        var benchmark =
                new ProjectionBenchmark(
                        Integer.parseInt(args[3]),
                        Integer.parseInt(args[4]),
                        Integer.parseInt(args[5]));
        var wanted = List.of(args[1].split(","));
        var server =
                wanted.contains("postgres")
                        ? PostgresServer.start(folder.resolve("postgres"), TIME)
                        : null;
        try (server) {
            if (wanted.contains("sqlite")) benchmark.sqlite(folder);
            if (server != null) benchmark.postgres(folder, server);
            benchmark.run(rounds);
        } finally {
            for (var store : benchmark.stores.values()) store.storage.close();
        }
    }

    private void sqlite(Path folder) throws Exception {
        var url = "jdbc:sqlite:" + folder.resolve("hand.db") + "?jdbc.get_generated_keys=false";
        var hand = DriverManager.getConnection(url);
        try (var statement = hand.createStatement()) {
            for (var pragma :
                    List.of(
                            "journal_mode=WAL",
                            "synchronous=2",
                            "fullfsync=1",
                            "cache_size=-16384")) statement.execute("PRAGMA " + pragma);
        }
        add("sqlite", "sqlite:" + folder.resolve("shop.db"), hand);
    }

    private void postgres(Path folder, PostgresServer server) throws Exception {
        var password = Files.readString(folder.resolve("postgres").resolve("password")).strip();
        var url = "jdbc:postgresql://127.0.0.1:" + server.port() + "/postgres?user=weft&password=";
        add(
                "postgres",
                server.database().schema("shop"),
                DriverManager.getConnection(url + password));
    }

    private void add(String name, String url, Connection hand) throws Exception {
        var store = new Store(name, Storage.open(url, TIME), new MemoryBus(TIME), hand);
        stores.put(name, store);
        for (int from = 0; from < products.length; from += APPENDED_TOGETHER) {
            var sales = new LinkedHashMap<Integer, List<NewEvent>>();
            for (int i = from; i < Math.min(products.length, from + APPENDED_TOGETHER); i++)
                sales.computeIfAbsent(products[i], _ -> new ArrayList<>()).add(sale(i));
            var appends = new ArrayList<Append>();
            sales.forEach((product, events) -> appends.add(append(product, events)));
            store.storage.events().append(appends, Origin.NONE);
        }
        hand.setAutoCommit(false);
        try (var statement = hand.createStatement()) {
            statement.execute(
                    "create table checkpoint (name text primary key, position bigint not null)");
            statement.execute("insert into checkpoint values ('sales', 0)");
        }
        hand.commit();
    }

    /** Its units are a number of its own, so that a sum tells which ones are in it. */
    private static NewEvent sale(long units) {
        return EVENTS.encode(new Sold(units, "the till at the door"));
    }

    private static Append append(int product, List<NewEvent> sales) {
        return new Append("sale-p" + product, EventStore.ANY_VERSION, sales);
    }

    /** The first round, which is not printed, compiles what is hot. */
    private void run(int rounds) throws Exception {
        for (int round = 0; round <= rounds; round++)
            for (var store : stores.values()) {
                replay(round, store);
                byHand(round, store, "jdbc", false);
                byHand(round, store, "jdbc-batch", true);
            }
        for (int round = 1; round <= rounds; round++)
            for (var store : stores.values()) visible(round, store);
    }

    private static void print(int round, Store store, String what, String figure, double value) {
        if (round > 0)
            System.out.printf("%d\t%s\t%s\t%s\t%.0f%n", round, store.name, what, figure, value);
    }

    // Replay

    private static String table(String name) {
        return "create table if not exists "
                + name
                + " (product text primary key, times bigint not null, units bigint not null, latest bigint not null, wrong bigint not null)";
    }

    private static String upsert(String name) {
        return "insert into TABLE (product, times, units, latest, wrong) values (?, 1, ?, ?, 0) on conflict (product) do update set times = TABLE.times + 1, units = TABLE.units + excluded.units, latest = excluded.latest, wrong = TABLE.wrong + case when excluded.latest > TABLE.latest then 0 else 1 end"
                .replace("TABLE", name);
    }

    private void replay(int round, Store store) throws Exception {
        var name = "sales" + round;
        var upsert = upsert(name);
        var projection =
                Projection.of(
                                name,
                                SALE,
                                (Event<Sold> sold, Sql sql) ->
                                        sql.change(
                                                upsert,
                                                sold.key(),
                                                sold.data().units(),
                                                sold.position()))
                        .tables(table(name));
        try (var pipeline = pipeline(store, projection)) {
            long began = TIME.nanos();
            pipeline.start();
            await(pipeline, products.length);
            double seconds = (TIME.nanos() - began) / 1e9;
            check(
                    store.storage
                            .database()
                            .query(
                                    "select * from " + name,
                                    row ->
                                            new Total(
                                                    row.text("product"),
                                                    row.number("times"),
                                                    row.number("units"),
                                                    row.number("wrong"))));
            print(round, store, "replay", "per_s", products.length / seconds);
        }
    }

    private static Pipeline pipeline(Store store, Projection<?> projection) throws Exception {
        var pipeline =
                new Pipeline(
                        SERVICE,
                        List.of(projection),
                        List.of(),
                        List.of(),
                        store.storage,
                        store.bus,
                        Tracer.NONE,
                        TIME);
        store.storage
                .database()
                .write(sql -> {
                    Pipeline.makeTables(sql);
                    return true;
                });
        pipeline.projections().prepare();
        return pipeline;
    }

    private static void await(Pipeline pipeline, long position) throws InterruptedException {
        var missing = pipeline.progress().awaitViews(Receipt.of(SERVICE, position), PATIENCE);
        if (!missing.isEmpty()) throw new IllegalStateException("not projected: " + missing);
    }

    private void byHand(int round, Store store, String what, boolean batches) throws SQLException {
        var name = what.replace("-", "_") + round;
        var hand = store.hand;
        try (var statement = hand.createStatement()) {
            statement.execute(table(name));
            statement.execute("update checkpoint set position = 0");
        }
        hand.commit();
        long began = TIME.nanos();
        try (var upsert = hand.prepareStatement(upsert(name));
                var move =
                        hand.prepareStatement(
                                "update checkpoint set position = ? where name = 'sales' and position = ?")) {
            for (int from = 0; from < products.length; from += BATCH) {
                int to = Math.min(products.length, from + BATCH);
                for (int i = from; i < to; i++) {
                    upsert.setString(1, "p" + products[i]);
                    upsert.setLong(2, i);
                    upsert.setLong(3, i + 1);
                    if (batches) upsert.addBatch();
                    else upsert.executeUpdate();
                }
                if (batches) upsert.executeBatch();
                move.setLong(1, to);
                move.setLong(2, from);
                if (move.executeUpdate() != 1) throw new IllegalStateException("who else is here?");
                hand.commit();
            }
        }
        double seconds = (TIME.nanos() - began) / 1e9;
        var totals = new ArrayList<Total>();
        try (var statement = hand.createStatement();
                var rows =
                        statement.executeQuery(
                                "select product, times, units, wrong from " + name)) {
            while (rows.next())
                totals.add(
                        new Total(
                                rows.getString(1),
                                rows.getLong(2),
                                rows.getLong(3),
                                rows.getLong(4)));
        }
        hand.commit();
        check(totals);
        print(round, store, what, "per_s", products.length / seconds);
    }

    /** What a row says of a product. */
    private record Total(String product, long times, long units, long wrong) {}

    /** Each sale has to be in it once, and none may have come before one of its product that was sold earlier. */
    private void check(List<Total> found) {
        var times = new long[PRODUCTS];
        var units = new long[PRODUCTS];
        for (int i = 0; i < products.length; i++) {
            times[products[i]]++;
            units[products[i]] += i;
        }
        for (var total : found) {
            int product = Integer.parseInt(total.product.substring(1));
            times[product] -= total.times;
            units[product] -= total.units;
            if (total.wrong > 0) throw new IllegalStateException("out of order: " + total);
        }
        if (Arrays.stream(times).anyMatch(n -> n != 0)
                || Arrays.stream(units).anyMatch(n -> n != 0))
            throw new IllegalStateException("the table is not what the events say");
    }

    // Visible

    private void visible(int round, Store store) throws Exception {
        var table = "visible" + round;
        var projection =
                Projection.of(
                                table,
                                SALE,
                                (Event<Sold> sold, Sql sql) -> {
                                    if (sold.data().units() >= products.length)
                                        sql.change(
                                                "insert into " + table + " (number) values (?)",
                                                sold.data().units());
                                })
                        .tables(
                                "create table if not exists "
                                        + table
                                        + " (number bigint primary key)");
        try (var pipeline = pipeline(store, projection)) {
            pipeline.start();
            await(pipeline, store.storage.events().head());
            var sales = new Sales(store, pipeline, table, round);
            sales.run();
            sales.print();
        }
    }

    /** Appends at a constant rate, of which each is waited for. */
    private final class Sales {
        private final Store store;
        private final Pipeline pipeline;
        private final String table;
        private final int round;
        private final int warm = perSecond * WARM_UP_SECONDS;
        private final int all = warm + perSecond * seconds;
        private final AtomicLongArray appended = new AtomicLongArray(all);
        private final AtomicLongArray visible = new AtomicLongArray(all);
        private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        private final CountDownLatch left = new CountDownLatch(all);
        private final AtomicInteger under = new AtomicInteger();

        Sales(Store store, Pipeline pipeline, String table, int round) {
            this.store = store;
            this.pipeline = pipeline;
            this.table = table;
            this.round = round;
        }

        void run() throws Exception {
            long startNanos = TIME.nanos();
            for (int i = 0; i < all; i++) {
                int number = i;
                long dueNanos = startNanos + (long) (i * 1e9 / perSecond);
                long waitNanos = dueNanos - TIME.nanos();
                if (waitNanos > 0) TIME.sleep(Duration.ofNanos(waitNanos));
                if (under.incrementAndGet() > 100_000)
                    throw new IllegalStateException("it does not keep up: " + failures);
                TIME.start("sale", () -> sell(number, dueNanos));
            }
            left.await();
            if (!failures.isEmpty()) throw new IllegalStateException(failures.element());
            var database = store.storage.database();
            long rows =
                    database.first("select count(*) as n from " + table, row -> row.number("n"))
                            .orElseThrow();
            if (rows < all) throw new IllegalStateException(rows + " rows of " + all + " sales");
        }

        private void sell(int number, long dueNanos) {
            try {
                long units = products.length + (long) round * all + number;
                var append = append(number % PRODUCTS, List.of(sale(units)));
                var done = store.storage.events().append(List.of(append), Origin.NONE);
                appended.set(number, TIME.nanos() - dueNanos);
                await(pipeline, done.position());
                var row =
                        store.storage
                                .database()
                                .first(
                                        "select number from " + table + " where number = ?",
                                        found -> found.number("number"),
                                        units);
                visible.set(number, TIME.nanos() - dueNanos);
                if (row.isEmpty()) throw new IllegalStateException("not visible: " + units);
            } catch (Throwable e) {
                failures.add(e);
            } finally {
                under.decrementAndGet();
                left.countDown();
            }
        }

        void print() {
            print("appended", appended);
            print("visible", visible);
        }

        private void print(String what, AtomicLongArray took) {
            var sorted = new long[all - warm];
            for (int i = 0; i < sorted.length; i++) sorted[i] = took.get(warm + i);
            Arrays.sort(sorted);
            print(what, "p50_us", sorted, 0.5);
            print(what, "p99_us", sorted, 0.99);
            print(what, "p999_us", sorted, 0.999);
        }

        private void print(String what, String figure, long[] sorted, double part) {
            double nanos = sorted[(int) Math.ceil(part * sorted.length) - 1];
            ProjectionBenchmark.print(round, store, what, figure, nanos / 1e3);
        }
    }
}
