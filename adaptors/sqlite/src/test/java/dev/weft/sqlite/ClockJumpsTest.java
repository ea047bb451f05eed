package dev.weft.sqlite;

import static dev.weft.testkit.LogChecker.Outcome.OK;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Backoff;
import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.events.Commands;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.Event;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.Outcome;
import dev.weft.events.ParkedEvents;
import dev.weft.events.Pipeline;
import dev.weft.events.Projection;
import dev.weft.events.Publication;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.testkit.LogChecker;
import dev.weft.testkit.LogChecker.Append;
import dev.weft.testkit.LogChecker.Promise;
import dev.weft.testkit.LogChecker.Sight;
import dev.weft.testkit.Race;
import dev.weft.testkit.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The calendar's clock jumps by weeks, forward and back, while events move: nobody trusts it with more than a date. */
@Timeout(60)
class ClockJumpsTest {

    public record Said(long value) {}

    public record All(List<Long> values) {}

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final EventType<Said> SAID = EventType.of("said", Said.class);
    private static final Decider<Long, All, Said> TALK =
            Decider.of(
                    "talk",
                    new All(List.of()),
                    (value, all) -> Decision.emit(new Said(value)),
                    (all, said) ->
                            new All(
                                    Stream.concat(all.values.stream(), Stream.of(said.value))
                                            .toList()),
                    SAID);
    private static final Decider<Long, All, Said> ECHO =
            Decider.of("echo", TALK.initial(), TALK.decide(), TALK.evolve(), SAID);

    /** The system's, but that its calendar is off. */
    private static final class Jumping implements Time {
        private final SystemTime real = SystemTime.INSTANCE;
        private final AtomicLong offMs = new AtomicLong();

        @Override
        public long nanos() {
            return real.nanos();
        }

        @Override
        public Instant now() {
            return real.now().plusMillis(offMs.get());
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            real.sleep(duration);
        }

        @Override
        public Cancel schedule(Duration delay, Runnable task) {
            return real.schedule(delay, task);
        }

        @Override
        public RandomGenerator random() {
            return real.random();
        }

        @Override
        public Thread start(String name, Runnable task) {
            return real.start(name, task);
        }

        @Override
        public Thread startNative(String name, Runnable task) {
            return real.startNative(name, task);
        }
    }

    @TempDir Path folder;
    private final Jumping time = new Jumping();
    private final MemoryBus bus = new MemoryBus(time);
    private Storage storage;

    @BeforeEach
    void open() throws Exception {
        storage = Storage.open("sqlite:" + folder.resolve("house.db"), time);
        storage.database()
                .write(sql ->
                        sql.update(
                                "create table line (number integer primary key, reader text, key text, value integer)"));
    }

    @AfterEach
    void close() throws Exception {
        storage.close();
        bus.close();
    }

    private static void enter(Sql sql, String reader, Event<Said> event) {
        sql.update(
                "insert into line (reader, key, value) values (?, ?, ?)",
                reader,
                event.key(),
                event.data().value());
    }

    private Pipeline start(List<Listener> listeners) {
        var pipeline =
                new Pipeline(
                        "house",
                        List.of(
                                Projection.of(
                                        "view", TALK, (event, sql) -> enter(sql, "view", event))),
                        List.of(Publication.of(TALK)),
                        listeners,
                        storage,
                        bus,
                        Tracer.NONE,
                        time);
        pipeline.start();
        return pipeline;
    }

    @Test
    void nothing_is_lost_doubled_or_reordered_while_the_clock_jumps() throws Exception {
        var commands = new Commands("house", storage.events(), time, Tracer.NONE);
        List<Listener> listeners =
                List.of(
                        Listener.transactional("books")
                                .on(SAID, (event, sql) -> enter(sql, "books", event)),
                        Listener.effect("echo")
                                .on(
                                        SAID,
                                        event ->
                                                commands.handle(
                                                        ECHO, event.key(), event.data().value())));
        var appends = new ConcurrentLinkedQueue<Append>();
        var over = new AtomicBoolean();
        try (var pipeline = start(listeners)) {
            var jumps =
                    Race.begin(() -> {
                        var random = new VirtualTime(1).random();
                        while (!over.get()) {
                            time.offMs.set(random.nextLong(-4_000_000_000L, 4_000_000_000L));
                            time.sleep(Duration.ofMillis(1));
                        }
                        return true;
                    });
            var writers = new ArrayList<Race<Boolean>>();
            for (int i = 0; i < 4; i++) {
                var key = "k" + i;
                writers.add(
                        Race.begin(() -> {
                            for (long value = 1; value <= 50; value++) {
                                long begun = time.nanos();
                                assertThat(commands.handle(TALK, key, value))
                                        .isInstanceOf(Outcome.Accepted.class);
                                appends.add(new Append(key, value, OK, begun, time.nanos()));
                            }
                            return true;
                        }));
            }
            for (var writer : writers) writer.result();
            assertThat(
                            pipeline.progress()
                                    .awaitSettled(storage.events().head(), Receipt.NONE, LONG))
                    .isEmpty();
            over.set(true);
            jumps.result();
        }
        var sights = new ArrayList<Sight>();
        long now = time.nanos();
        for (int i = 0; i < 4; i++) {
            var key = "k" + i;
            sights.add(last("log", Promise.LOG, key, commands.state(TALK, key).values(), now));
            sights.add(last("echo", Promise.ONCE, key, commands.state(ECHO, key).values(), now));
            for (var reader : List.of("view", "books")) {
                var values =
                        storage.database()
                                .query(
                                        "select value from line where reader = ? and key = ? order by number",
                                        row -> row.number("value"),
                                        reader,
                                        key);
                sights.add(last(reader, Promise.ONCE, key, values, now));
            }
        }
        var report = LogChecker.check(List.copyOf(appends), sights);
        report.requireNone();
        assertThat(report.acknowledged()).isEqualTo(200);
    }

    private static Sight last(
            String reader, Promise promise, String key, List<Long> values, long now) {
        return new Sight(reader, promise, key, values, now, now + 1, true);
    }

    @Test
    void a_lease_that_was_taken_before_the_clock_was_set_back_keeps_nobody_waiting()
            throws Exception {
        var broken = new AtomicBoolean(true);
        List<Listener> listeners =
                List.of(
                        Listener.transactional("books")
                                .attempts(1, Backoff.CALLS)
                                .on(
                                        SAID,
                                        (event, sql) -> {
                                            if (broken.get())
                                                throw new IllegalStateException("broken");
                                            enter(sql, "books", event);
                                        }));
        // Somebody else held it who has died, and whose clock was a day ahead.
        long tomorrow = (time.now().toEpochMilli() + Duration.ofDays(1).toMillis()) * 1_000;
        storage.database()
                .write(sql ->
                        sql.update(
                                "insert into weft_lease (name, holder, ends) values (?, ?, ?)",
                                "parked books",
                                "another",
                                tomorrow));
        new Commands("house", storage.events(), time, Tracer.NONE).handle(TALK, "k", 1L);
        try (var pipeline = start(listeners)) {
            Race.await("it is parked", () -> keys(pipeline) == 1);
            broken.set(false);
            pipeline.parked().retry(ParkedEvents.Selection.ALL, ParkedEvents.NO_LIMIT);
            Race.await("it is tried again", () -> keys(pipeline) == 0);
        }
    }

    private static int keys(Pipeline pipeline) {
        return pipeline.parked().heads(ParkedEvents.Selection.ALL).size();
    }
}
