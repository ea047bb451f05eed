import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import dev.weft.testkit.LogChecker;
import dev.weft.testkit.LogChecker.Append;
import dev.weft.testkit.LogChecker.Outcome;
import dev.weft.testkit.LogChecker.Promise;
import dev.weft.testkit.LogChecker.Sight;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.regex.Pattern;

/**
 * Writes into the running system of tests/system/checker while its processes are killed, paused and find their disk full, and has
 * the {@link LogChecker} look at what the writers were told and what everybody saw. Arguments: the folder of the system's data, a
 * seed, how many kills, pauses and full disks, milliseconds between two kills on average. Exit code 1 if anything
 * was wrong.
 */
final class Kills {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final int WRITERS = 8;
    private static final int VALUES_OF_A_KEY = 40;
    private static final Duration ATTEMPT = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** Longer than a consumer may be silent, an instance unheard of and a lease unrenewed. */
    private static final Duration PAUSE = Duration.ofSeconds(12);

    /** So much is to work again before the next kill, unless it takes too long. */
    private static final int BETWEEN = 10;

    private static final Duration MOST_BETWEEN = Duration.ofSeconds(4);

    /** So many appends for each kill are to be acknowledged in the end, unless it takes too long. */
    private static final int LEAST = 20;

    private static final Duration FULL = Duration.ofSeconds(3);

    private enum Reader {
        LOG(Promise.LOG),
        VIEW(Promise.ONCE),
        ECHO(Promise.ONCE),
        OUTSIDE(Promise.AT_LEAST_ONCE),
        BOOKS(Promise.ONCE),
        COPIES(Promise.ONCE);

        final Promise promise;

        Reader(Promise promise) {
            this.promise = promise;
        }

        String path(String key) {
            return "/" + name().toLowerCase(java.util.Locale.ROOT) + "/" + key;
        }
    }

    private record Running(String service, String instance, long pid) {}

    /** What the services answer. */
    public record Seen(List<Long> values) {}

    private final HttpClient client =
            HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .connectTimeout(Duration.ofSeconds(2))
                    .build();
    private final String gateway;
    private final String admin;
    private final String control;
    private final String token;
    private final long seed;
    private final int kills;
    private final int pauses;
    private final int fullDisks;
    private final int meanMs;

    private final ConcurrentLinkedQueue<Append> appends = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sight> sights = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Throwable> trouble = new ConcurrentLinkedQueue<>();
    private final Set<String> keys = ConcurrentHashMap.newKeySet();

    /** Those that something is done to, which are not to be killed meanwhile. */
    private final Set<Long> held = ConcurrentHashMap.newKeySet();

    private final AtomicInteger attempts = new AtomicInteger();
    private volatile boolean over;

    private Kills(Path data, long seed, int kills, int pauses, int fullDisks, int meanMs) throws IOException {
        var system = Files.readString(data.resolve("system.json"));
        this.gateway = member(system, "gateway");
        this.admin = member(system, "admin");
        this.control = member(system, "control");
        this.token = member(system, "token");
        this.seed = seed;
        this.kills = kills;
        this.pauses = pauses;
        this.fullDisks = fullDisks;
        this.meanMs = meanMs;
    }

    public static void main(String[] args) throws Exception {
        var run =
                new Kills(
                        Path.of(args[0]),
                        Long.parseLong(args[1]),
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[3]),
                        Integer.parseInt(args[4]),
                        Integer.parseInt(args[5]));
        try {
            run.run();
        } catch (AssertionError e) {
            System.err.println("seed " + run.seed + ": " + e.getMessage());
            System.exit(1);
        } finally {
            run.held.forEach(pid -> signal("CONT", pid));
        }
        System.exit(0);
    }

    private void run() throws Exception {
        long begun = TIME.nanos();
        var writers = new ArrayList<Thread>();
        for (int i = 0; i < WRITERS; i++) {
            int writer = i;
            writers.add(start("writer " + i, () -> write(writer)));
        }
        var reader = start("reader", this::read);
        var pausing =
                start("pauses", () -> hold(2, pauses, "is paused", PAUSE, pid -> signal("STOP", pid), pid -> signal("CONT", pid)));
        // A file that may not grow fails as a full disk does, and needs no disk to fill.
        var filling =
                start("full disks", () -> hold(3, fullDisks, "has a full disk", FULL, pid -> limit("1", pid), pid -> limit("unlimited", pid)));
        var killed = kill();
        pausing.join();
        filling.join();
        awaitAcknowledged(LEAST * kills, PATIENCE);
        over = true;
        for (var writer : writers) writer.join();
        reader.join();
        settle();
        for (var key : keys) for (var each : Reader.values()) lastSight(each, key);
        if (!trouble.isEmpty()) throw new AssertionError("a thread failed: " + trouble.peek(), trouble.peek());
        var report = LogChecker.check(List.copyOf(appends), List.copyOf(sights));
        System.out.printf(
                "%s in %d s; %,d attempts; killed %s; %d pauses of %d s, %d full disks of %d s%n",
                report,
                Duration.ofNanos(TIME.nanos() - begun).toSeconds(),
                attempts.get(),
                killed,
                pauses,
                PAUSE.toSeconds(),
                fullDisks,
                FULL.toSeconds());
        if (!report.found().isEmpty()) tell(report);
        report.requireNone();
    }

    private Thread start(String name, Task task) {
        return TIME.start(name, () -> {
            try {
                task.run();
            } catch (Throwable e) {
                trouble.add(e);
            }
        });
    }

    private interface Task {
        void run() throws Exception;
    }

    private RandomGenerator random(int of) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed * 1_000 + of);
    }

    // Writing

    private void write(int writer) throws Exception {
        var random = random(writer);
        for (int round = 0; !over; round++) {
            var key = "s%d-w%d-%d".formatted(seed, writer, round);
            for (int value = 1; value <= VALUES_OF_A_KEY && !over; value++) {
                TIME.sleep(Duration.ofMillis(random.nextInt(120)));
                append(key, random.nextInt(20) == 0 ? -value : value, random);
                keys.add(key);
            }
        }
    }

    /** Asks until it is known what became of it; now and then it does not ask again. */
    private void append(String key, long value, RandomGenerator random) throws Exception {
        long begun = TIME.nanos();
        var request =
                HttpRequest.newBuilder(URI.create(gateway + "/log/" + key))
                        .timeout(ATTEMPT)
                        .header("Content-Type", "application/json")
                        .header("Idempotency-Key", key + "-" + value)
                        .POST(HttpRequest.BodyPublishers.ofString("{\"value\":" + value + "}"))
                        .build();
        var outcome = Outcome.UNKNOWN;
        while (TIME.nanos() - begun < PATIENCE.toNanos()) {
            attempts.incrementAndGet();
            int status = send(request).map(HttpResponse::statusCode).orElse(0);
            if (status == 201) outcome = Outcome.OK;
            else if (status == 409 && value < 0) outcome = Outcome.FAILED;
            else if (status != 0 && status < 500 && status != 409 && status != 429 && status != 404)
                throw new AssertionError(key + " " + value + " was answered with " + status);
            if (outcome != Outcome.UNKNOWN || random.nextInt(10) == 0) break;
            TIME.sleep(Duration.ofMillis(random.nextInt(100)));
        }
        appends.add(new Append(key, value, outcome, begun, TIME.nanos()));
    }

    private Optional<HttpResponse<String>> send(HttpRequest request) throws InterruptedException {
        try {
            return Optional.of(client.send(request, BodyHandlers.ofString()));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    // Reading

    private void read() throws Exception {
        var random = random(WRITERS);
        while (!over) {
            TIME.sleep(Duration.ofMillis(random.nextInt(60)));
            var some = List.copyOf(keys);
            if (some.isEmpty()) continue;
            var reader = Reader.values()[random.nextInt(Reader.values().length)];
            sight(reader, some.get(random.nextInt(some.size())), false);
        }
    }

    private boolean sight(Reader reader, String key, boolean last) throws Exception {
        long begun = TIME.nanos();
        var request = HttpRequest.newBuilder(URI.create(gateway + reader.path(key))).timeout(ATTEMPT).build();
        var answer = send(request);
        if (answer.isEmpty() || answer.get().statusCode() != 200) return false;
        var seen = Json.read(answer.get().body(), Seen.class);
        sights.add(new Sight(reader.name(), reader.promise, key, seen.values(), begun, TIME.nanos(), last));
        return true;
    }

    private void lastSight(Reader reader, String key) throws Exception {
        long begun = TIME.nanos();
        while (!sight(reader, key, true)) {
            if (TIME.nanos() - begun > PATIENCE.toNanos())
                throw new AssertionError("no answer to GET " + reader.path(key));
            TIME.sleep(Duration.ofMillis(50));
        }
    }

    // Killing

    private Map<String, Integer> kill() throws Exception {
        var random = random(WRITERS + 1);
        var killed = new TreeMap<String, Integer>();
        if (!awaitAcknowledged(1, PATIENCE)) throw new AssertionError("nothing can be written");
        long acknowledged = 0;
        for (int done = 0; done < kills; ) {
            TIME.sleep(Duration.ofMillis(random.nextInt(2 * meanMs)));
            awaitAcknowledged(acknowledged + BETWEEN, MOST_BETWEEN);
            var victim = victim(random);
            if (victim.isEmpty()) continue;
            acknowledged = acknowledged();
            var service = victim.get().service();
            // The database's server goes at once with all of its helpers every second time: that is its SIGQUIT.
            var signal = service.equals("postgres") && random.nextBoolean() ? "QUIT" : "KILL";
            if (!signal(signal, victim.get().pid())) continue;
            done++;
            killed.merge(service, 1, Integer::sum);
            System.out.println(done + "/" + kills + " SIG" + signal + " " + victim.get());
        }
        return killed;
    }

    private long acknowledged() {
        return appends.stream().filter(append -> append.outcome() == Outcome.OK).count();
    }

    private boolean awaitAcknowledged(long count, Duration atMost) throws InterruptedException {
        long begun = TIME.nanos();
        while (acknowledged() < count) {
            if (TIME.nanos() - begun > atMost.toNanos()) return false;
            TIME.sleep(Duration.ofMillis(20));
        }
        return true;
    }

    private interface Act {
        boolean on(long pid);
    }

    /** Does something to one after the other, but the database's server, and takes it back. */
    private void hold(int number, int times, String what, Duration how, Act begin, Act end) throws Exception {
        var random = random(WRITERS + number);
        for (int done = 0; done < times; ) {
            TIME.sleep(Duration.ofMillis(random.nextInt(2 * meanMs)));
            var victim = victim(random);
            if (victim.isEmpty() || victim.get().service().equals("postgres")) continue;
            long pid = victim.get().pid();
            if (!held.add(pid)) continue;
            if (begin.on(pid)) {
                System.out.println(victim.get() + " " + what);
                TIME.sleep(how);
                end.on(pid);
                System.out.println(victim.get() + " goes on");
                done++;
            }
            held.remove(pid);
        }
    }

    /** Of a service that is drawn, one that is ready. */
    private Optional<Running> victim(RandomGenerator random) throws InterruptedException {
        var ready = new TreeMap<String, List<Running>>();
        for (var each : ready())
            if (!held.contains(each.pid()))
                ready.computeIfAbsent(each.service(), service -> new ArrayList<>()).add(each);
        if (ready.isEmpty()) return Optional.empty();
        var some = List.copyOf(ready.values());
        var of = some.get(random.nextInt(some.size()));
        return Optional.of(of.get(random.nextInt(of.size())));
    }

    /** The supervisor itself is asked, for the hub may be away. */
    private List<Running> ready() throws InterruptedException {
        var ready = new ArrayList<Running>();
        var answer = send(authorized("/admin/processes", control).build());
        if (answer.isEmpty()) return ready;
        for (var process : answer.get().body().split("}"))
            if (process.contains("\"state\":\"ready\""))
                ready.add(
                        new Running(
                                member(process, "service"),
                                member(process, "instance"),
                                Long.parseLong(matched("\"pid\":([0-9]+)", process))));
        return ready;
    }

    private static boolean signal(String signal, long pid) {
        return done("kill", "-s", signal, String.valueOf(pid));
    }

    /** How large the process's files may be, in bytes. */
    private static boolean limit(String bytes, long pid) {
        return done("prlimit", "--pid", String.valueOf(pid), "--fsize=" + bytes + ":unlimited");
    }

    private static boolean done(String... command) {
        try {
            return new ProcessBuilder(command).start().waitFor() == 0;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    // The end

    private void settle() throws Exception {
        long begun = TIME.nanos();
        var said = "nothing";
        while (TIME.nanos() - begun < 2 * PATIENCE.toNanos()) {
            var request =
                    authorized("/admin/settle", admin)
                            .timeout(PATIENCE.plus(ATTEMPT))
                            .POST(HttpRequest.BodyPublishers.ofString("{\"timeout_ms\":20000}"))
                            .build();
            said = send(request).map(HttpResponse::body).orElse("nothing");
            if (said.contains("\"settled\":true")) return;
            TIME.sleep(Duration.ofMillis(200));
        }
        throw new AssertionError("not settled; the hub says " + said);
    }

    private HttpRequest.Builder authorized(String path, String at) {
        return HttpRequest.newBuilder(URI.create(at + path))
                .timeout(ATTEMPT)
                .header("Authorization", "Bearer " + token);
    }

    /** All that is known of the keys with which something is wrong. */
    private void tell(LogChecker.Report report) {
        var wrong = new HashSet<String>();
        report.found().forEach(each -> wrong.add(each.key()));
        for (var key : wrong) {
            System.out.println("history of " + key);
            var lines = new ArrayList<Map.Entry<Long, String>>();
            for (var each : appends)
                if (each.key().equals(key)) lines.add(Map.entry(each.begunNanos(), each.toString()));
            for (var each : sights)
                if (each.key().equals(key)) lines.add(Map.entry(each.begunNanos(), each.toString()));
            Collections.sort(lines, Map.Entry.comparingByKey());
            lines.forEach(line -> System.out.println("  " + line.getValue()));
        }
    }

    private static String member(String json, String name) {
        return matched("\"" + name + "\":\"([^\"]*)\"", json);
    }

    private static String matched(String pattern, String text) {
        var matcher = Pattern.compile(pattern).matcher(text);
        if (!matcher.find()) throw new IllegalStateException("no " + pattern + " in " + text);
        return matcher.group(1);
    }
}
