package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Receipt;
import dev.weft.core.Trace;
import dev.weft.core.Tracer;
import dev.weft.events.Bus;
import dev.weft.events.Database;
import dev.weft.events.EventStore;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.Pipeline;
import dev.weft.events.PublicEvent;
import dev.weft.events.Recurring;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.Timers;
import dev.weft.events.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Timers of a service go off once, in order and not lost, on every storage. The service is {@code house}. */
@Timeout(60)
public abstract class TimersContract extends LaterCases {

    public record Rung(int number) {}

    public record Story(String text) {}

    private static final EventType<Rung> RUNG = EventType.of("rung", Rung.class);
    private static final EventType<Story> STORY = EventType.of("story", Story.class);
    private static final Duration DAY = Duration.ofDays(1);

    @SuppressWarnings("NullAway.Init") // Made before each case.
    private Timers timers;

    protected TimersContract() {}

    @BeforeEach
    void createTable() throws Exception {
        timers = new Timers(storage().database(), clock);
        storage()
                .database()
                .write(sql ->
                        sql.update(
                                "create table seen (n bigint primary key, key text, number integer)"));
    }

    @Test
    void a_timer_that_is_due_is_heard_once() throws Exception {
        timers.after(Duration.ZERO, rung("a", 1));
        var pipeline = start();
        settle(pipeline);
        assertThat(seen()).containsExactly("a 1");
        assertThat(pipeline.timers().count()).isZero();
        assertThat(storage().events().head()).isEqualTo(1);
    }

    @Test
    void one_that_is_not_due_waits_and_holds_nobody_up() throws Exception {
        var due = clock.now().plus(DAY);
        timers.at(due, rung("a", 1));
        var pipeline = start();
        settle(pipeline);
        assertThat(seen()).isEmpty();
        assertThat(pipeline.timers().count()).isEqualTo(1);
        assertThat(pipeline.timers().next().orElseThrow()).isBetween(due.minusMillis(1), due);
        clock.move(DAY);
        settle(pipeline);
        assertThat(seen()).containsExactly("a 1");
    }

    @Test
    void a_timer_is_set_with_its_transaction_or_not_at_all() throws Exception {
        var database = storage().database();
        assertThatThrownBy(() ->
                        database.write(sql -> {
                            timers.after(Duration.ZERO, rung("a", 1), sql);
                            throw new IllegalStateException("no");
                        }))
                .hasMessage("no");
        database.write(sql -> {
            timers.after(Duration.ZERO, rung("a", 2), sql);
            return true;
        });
        settle(start());
        assertThat(seen()).containsExactly("a 2");
    }

    @Test
    void setting_it_again_moves_it() throws Exception {
        timers.after(DAY, rung("a", 1));
        timers.after(Duration.ZERO, rung("a", 2));
        timers.after(DAY, rung("b", 3));
        var pipeline = start();
        clock.move(DAY.multipliedBy(2));
        settle(pipeline);
        assertThat(seen()).containsExactly("a 2", "b 3");
    }

    @Test
    void one_that_is_replaced_while_it_goes_off_tells_what_it_was_replaced_by() throws Exception {
        var due = clock.now();
        timers.at(due, rung("a", 1));
        settle(start(new Between(storage(), () -> timers.at(due, rung("a", 2))), List.of()));
        assertThat(seen()).containsExactly("a 2");
    }

    @Test
    void one_that_is_taken_back_does_not_go_off() throws Exception {
        timers.after(DAY, rung("a", 1));
        timers.after(DAY, rung("b", 2));
        var database = storage().database();
        assertThat(database.<Boolean>write(sql -> timers.cancel(RUNG, "a", sql))).isTrue();
        assertThat(database.<Boolean>write(sql -> timers.cancel(RUNG, "a", sql))).isFalse();
        assertThat(database.<Boolean>write(sql -> timers.cancel("named", RUNG, "b", sql)))
                .isFalse();
        var pipeline = start();
        clock.move(DAY);
        settle(pipeline);
        assertThat(seen()).containsExactly("b 2");
    }

    @Test
    void those_of_a_key_go_off_in_the_order_in_which_they_are_due() throws Exception {
        var now = clock.now();
        storage()
                .database()
                .write(sql -> {
                    for (int n : new int[] {3, 1, 250, 2})
                        timers.at("n" + n, now.plusSeconds(n), rung("a", n), sql);
                    for (int n = 4; n < 250; n++)
                        timers.at("n" + n, now.plusSeconds(n), rung("a", n), sql);
                    return true;
                });
        var pipeline = start();
        clock.move(DAY);
        settle(pipeline);
        assertThat(seen())
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 250).mapToObj(n -> "a " + n).toList());
    }

    @Test
    void they_outlive_the_process() throws Exception {
        timers.after(DAY, rung("a", 1));
        var first = start();
        settle(first);
        first.close();
        clock.move(DAY.multipliedBy(3));
        var second = start(another(), List.of());
        settle(second);
        assertThat(seen()).containsExactly("a 1");
    }

    @Test
    void of_several_processes_one_lets_each_go_off() throws Exception {
        var other = another();
        var now = clock.now();
        storage()
                .database()
                .write(sql -> {
                    for (int n = 1; n <= 300; n++)
                        timers.at(now.plusMillis(n), rung("k" + n, n), sql);
                    return true;
                });
        var here = start(storage(), List.of());
        var there = start(other, List.of());
        settle(here);
        settle(there);
        clock.move(Duration.ofSeconds(1));
        settle(here);
        settle(there);
        assertThat(seen()).hasSize(300).doesNotHaveDuplicates();
        assertThat(storage().events().head()).isEqualTo(300);
    }

    @Test
    void what_recurs_is_told_at_whole_intervals_and_once_for_what_was_missed() throws Exception {
        var every = Duration.ofHours(1);
        var hourly = List.of(new Recurring("hourly", every, rung("all", 7)));
        moveTo(hour(clock.now()).plus(Duration.ofMinutes(10)));
        var pipeline = start(storage(), hourly);
        settle(pipeline);
        assertThat(seen()).isEmpty();
        for (int i = 1; i <= 3; i++) {
            clock.move(every);
            settle(pipeline);
            assertThat(seen()).hasSize(i);
            assertThat(pipeline.timers().next().orElseThrow())
                    .isEqualTo(hour(clock.now()).plus(every));
        }
        pipeline.close();
        clock.move(every.multipliedBy(50));
        var again = start(storage(), hourly);
        settle(again);
        assertThat(seen()).hasSize(4);
        assertThat(again.timers().next().orElseThrow()).isEqualTo(hour(clock.now()).plus(every));
    }

    @Test
    void what_does_not_recur_any_more_is_forgotten() throws Exception {
        var every = Duration.ofHours(1);
        var first = start(storage(), List.of(new Recurring("a", every, rung("all", 1))));
        settle(first);
        first.close();
        var second = start(storage(), List.of(new Recurring("b", every, rung("all", 2))));
        settle(second);
        assertThat(second.timers().count()).isEqualTo(1);
        clock.move(every);
        settle(second);
        assertThat(seen()).containsExactly("all 2");
    }

    @Test
    void a_clock_that_jumps_loses_and_doubles_none() throws Exception {
        var every = Duration.ofHours(1);
        moveTo(hour(clock.now()).plus(Duration.ofMinutes(10)));
        timers.after(Duration.ofMinutes(5), rung("once", 1));
        var pipeline = start(storage(), List.of(new Recurring("hourly", every, rung("all", 7))));
        settle(pipeline);
        clock.move(Duration.ofDays(365));
        settle(pipeline);
        assertThat(seen()).containsExactlyInAnyOrder("once 1", "all 7");
        clock.move(Duration.ofDays(-365));
        settle(pipeline);
        var within = clock.now().plus(every);
        await(() -> pipeline.timers().next().filter(it -> !it.isAfter(within)).isPresent());
        timers.after(Duration.ofMinutes(5), rung("once", 2));
        clock.move(every);
        settle(pipeline);
        assertThat(seen()).containsExactlyInAnyOrder("once 1", "all 7", "once 2", "all 7");
    }

    @Test
    void a_listener_sets_the_next_one_with_its_change() throws Exception {
        var counting =
                Listener.transactional("seen")
                        .on(
                                RUNG,
                                (event, sql) -> {
                                    int number = event.data().number();
                                    see(sql, event.key(), number);
                                    if (number < 5)
                                        timers.after(
                                                Duration.ZERO, rung(event.key(), number + 1), sql);
                                });
        timers.after(Duration.ZERO, rung("a", 1));
        settle(start(storage(), List.of(), counting));
        assertThat(seen()).containsExactly("a 1", "a 2", "a 3", "a 4", "a 5");
    }

    @Test
    void an_event_that_was_set_in_a_trace_belongs_to_it() throws Exception {
        var trace =
                Trace.parse("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "")
                        .orElseThrow();
        Context.none()
                .with(trace)
                .call(() -> {
                    timers.after(Duration.ZERO, rung("a", 1));
                    return true;
                });
        settle(start());
        var stored = storage().events().log(0, 1).getFirst();
        assertThat(stored.origin().correlation()).isEqualTo("0123456789abcdef0123456789abcdef");
        assertThat(stored.origin().appendKey()).isEmpty();
    }

    @Test
    void what_could_not_be_told_is_not_set() {
        assertThatThrownBy(() ->
                        timers.after(DAY, STORY.of("a", new Story("x".repeat(Bus.MAX_DATA_BYTES)))))
                .isInstanceOf(Failure.TooLarge.class);
        assertThatThrownBy(() -> timers.after(DAY, rung("", 1))).hasMessageContaining("key");
        assertThatThrownBy(() -> timers.after(DAY, rung("x".repeat(401), 1)))
                .hasMessageContaining("401");
    }

    @Test
    void the_timers_of_a_key_are_bounded() throws Exception {
        var now = clock.now();
        storage()
                .database()
                .write(sql -> {
                    for (int n = 0; n < Timers.MAX_OF_KEY; n++)
                        timers.at("n" + n, now.plus(DAY), rung("a", n), sql);
                    timers.at("n0", now.plus(DAY), rung("a", 7), sql);
                    timers.at(now.plus(DAY), rung("b", 1), sql);
                    return true;
                });
        assertThatThrownBy(() -> timers.after(DAY, rung("a", 1)))
                .hasMessageContaining("1000 timers");
    }

    /** A storage where somebody comes in between, once: behind what told which timers are due, and before they go off. */
    private static final class Between implements Storage {
        private final Storage storage;
        private final Change change;
        private final AtomicBoolean changed = new AtomicBoolean();

        Between(Storage storage, Change change) {
            this.storage = storage;
            this.change = change;
        }

        /** The first timers that go off do so in their runner's first transaction over log and tables. */
        @Override
        public <T> T write(Function<Transaction, T> work) throws InterruptedException {
            boolean goesOff = Thread.currentThread().getName().equals("house timers");
            if (goesOff && !changed.getAndSet(true)) change.make();
            return storage.write(work);
        }

        @Override
        public EventStore events() {
            return storage.events();
        }

        @Override
        public Database database() {
            return storage.database();
        }

        @Override
        public void close() {}
    }

    private interface Change {
        void make() throws InterruptedException;
    }

    private void settle(Pipeline pipeline) throws InterruptedException {
        settle(pipeline, Receipt.NONE);
    }

    private static PublicEvent<Rung> rung(String key, int number) {
        return RUNG.of(key, new Rung(number));
    }

    private static Instant hour(Instant time) {
        return time.truncatedTo(ChronoUnit.HOURS);
    }

    private void moveTo(Instant time) {
        clock.move(Duration.between(clock.now(), time));
    }

    private Pipeline start() {
        return start(storage(), List.of());
    }

    private Pipeline start(Storage on, List<Recurring> recurring) {
        var counting =
                Listener.transactional("seen")
                        .on(RUNG, (event, sql) -> see(sql, event.key(), event.data().number()));
        return start(on, recurring, counting);
    }

    private Pipeline start(Storage on, List<Recurring> recurring, Listener listener) {
        return started(
                new Pipeline(
                        "house",
                        List.of(),
                        List.of(),
                        List.of(listener),
                        recurring,
                        Optional.empty(),
                        on,
                        bus,
                        Tracer.NONE,
                        Meter.NONE,
                        clock));
    }

    private static void see(Sql sql, String key, int number) {
        long last =
                sql.first("select coalesce(max(n), 0) as last from seen", row -> row.number("last"))
                        .orElseThrow();
        sql.update("insert into seen (n, key, number) values (?, ?, ?)", last + 1, key, number);
    }

    private List<String> seen() {
        return storage()
                .database()
                .query(
                        "select key, number from seen order by n",
                        row -> row.text("key") + " " + row.number("number"));
    }
}
