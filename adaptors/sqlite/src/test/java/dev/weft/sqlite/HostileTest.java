package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.events.Commands;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.Event;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.Projection;
import dev.weft.events.PublicEvent;
import dev.weft.events.Publication;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.testkit.Hostile;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The hostile scheduler lets pass what is right, and finds each mistake that it is there for. */
@Timeout(60)
class HostileTest {

    public record Sold(int number) {}

    private static final int RUNS = 30;
    private static final EventType<Sold> SOLD = EventType.of("sold", Sold.class);
    private static final EventType<Sold> PASSED_ON = EventType.of("passed-on", Sold.class);
    private static final Decider<Integer, Integer, Sold> TILL =
            Decider.of(
                    "till",
                    0,
                    (number, sum) -> Decision.emit(new Sold(number)),
                    (sum, sold) -> sum + sold.number(),
                    PASSED_ON);

    private static Hostile hostile(Function<Storage, List<? extends Listener>> listeners) {
        var events = new ArrayList<PublicEvent<?>>();
        for (int i = 1; i <= 12; i++) events.add(SOLD.of("key" + i % 3, new Sold(i)));
        return Hostile.of(listeners)
                .tables("create table entry (number integer primary key, key text, value integer)")
                .hears(events.toArray(PublicEvent<?>[]::new))
                .comparing(HostileTest::entries);
    }

    private static Listener passingOn(Storage storage) {
        var commands = new Commands("hostile", storage.events(), SystemTime.INSTANCE, Tracer.NONE);
        return Listener.effect("pass-on")
                .on(SOLD, event -> commands.handle(TILL, event.key(), event.data().number()));
    }

    private static void enter(Event<Sold> event, Sql sql) {
        enter(sql, event.key(), event.data().number());
    }

    private static void enter(Sql sql, String key, int value) {
        sql.update("insert into entry (key, value) values (?, ?)", key, value);
    }

    /** In order within each key. */
    private static List<String> entries(Storage storage) {
        return storage.database()
                .query(
                        "select key, value from entry order by key, number",
                        row -> row.text("key") + " " + row.number("value"));
    }

    private static void assertFound(Hostile hostile, String... words) {
        assertThatThrownBy(() -> hostile.run(1, RUNS))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll(words);
    }

    @Test
    void a_table_that_a_transactional_listener_keeps_is_the_same_each_time() throws Exception {
        hostile(storage ->
                        List.of(
                                Listener.transactional("books").on(SOLD, HostileTest::enter),
                                Listener.transactional("more")
                                        .on(SOLD, (event, sql) -> enter(sql, "more", 1))))
                .run(1, RUNS);
    }

    @Test
    void what_an_effect_appends_and_publishes_counts_once() throws Exception {
        hostile(storage ->
                        List.of(
                                passingOn(storage),
                                Listener.transactional("books").on(PASSED_ON, HostileTest::enter)))
                .project(
                        Projection.of(
                                "view",
                                TILL,
                                (event, sql) ->
                                        enter(sql, "view " + event.key(), event.data().number())))
                .publish(Publication.of(TILL))
                .stored(TILL, "old", new Sold(1), new Sold(2))
                .run(1, RUNS);
    }

    @Test
    void an_effect_that_changes_tables_past_the_listener_is_found() {
        assertFound(
                hostile(storage ->
                        List.of(
                                Listener.effect("books")
                                        .on(
                                                SOLD,
                                                event ->
                                                        storage.database()
                                                                .write(sql -> {
                                                                    enter(event, sql);
                                                                    return true;
                                                                })))),
                "seed ",
                "-Dweft.hostile.seed=",
                "calmly: [[key0 3, key0 6, key0 9, key0 12, key1 1",
                "listener books gets sold elsewhere/",
                "the process died: ");
    }

    @Test
    void what_a_listener_keeps_in_memory_is_found() {
        assertFound(
                hostile(storage -> {
                    var sum = new AtomicInteger();
                    return List.of(
                            Listener.transactional("sums")
                                    .on(
                                            SOLD,
                                            (event, sql) -> {
                                                sql.update("delete from entry");
                                                enter(
                                                        sql,
                                                        "sum",
                                                        sum.addAndGet(event.data().number()));
                                            }));
                }),
                "calmly: [[sum 78]]");
    }

    @Test
    void what_a_transaction_that_is_run_again_counts_outside_of_it_is_found() {
        var counted = new AtomicInteger();
        assertFound(
                hostile(storage ->
                                List.of(
                                        Listener.transactional("books")
                                                .on(
                                                        SOLD,
                                                        (event, sql) -> counted.incrementAndGet())))
                        .comparing(storage -> counted.getAndSet(0)),
                "calmly: [[], 12]");
    }

    @Test
    void trust_in_an_order_between_keys_is_found() {
        assertFound(
                hostile(storage ->
                        List.of(
                                Listener.transactional("last")
                                        .on(
                                                SOLD,
                                                (event, sql) -> {
                                                    sql.update("delete from entry");
                                                    enter(event, sql);
                                                }))),
                "calmly: [[key0 12]]");
    }

    @Test
    void a_projection_that_keeps_something_in_memory_is_found() {
        var sum = new AtomicInteger();
        assertFound(
                hostile(
                                storage -> {
                                    // The process begins with nothing in memory.
                                    sum.set(0);
                                    return List.of(passingOn(storage));
                                })
                        .project(
                                Projection.of(
                                        "sums",
                                        TILL,
                                        (event, sql) -> {
                                            sql.update("delete from entry");
                                            enter(sql, "sum", sum.addAndGet(event.data().number()));
                                        })),
                "calmly: [[sum 78]]");
    }

    @Test
    void a_handler_that_waits_for_another_key_by_failing_is_right() throws Exception {
        hostile(storage ->
                        List.of(
                                Listener.transactional("patient")
                                        .attempts(Integer.MAX_VALUE, dev.weft.core.Backoff.PATIENT)
                                        .on(
                                                SOLD,
                                                (event, sql) -> {
                                                    if (event.data().number() == 11
                                                            && sql.query(
                                                                            "select value from entry where value = 12",
                                                                            row -> true)
                                                                    .isEmpty())
                                                        throw new IllegalStateException("12 first");
                                                    enter(event, sql);
                                                })))
                .run(1, RUNS);
    }

    @Test
    void a_history_that_cannot_be_handled_at_all_is_said_to_be_so() {
        assertFound(
                hostile(storage ->
                        List.of(
                                Listener.transactional("never")
                                        .on(
                                                SOLD,
                                                (event, sql) -> {
                                                    throw new IllegalStateException("no");
                                                }))),
                "even calmly: never has given up the key key",
                "no");
    }

    @Test
    void a_seed_does_the_same_each_time() {
        var messages = new ArrayList<String>();
        for (int i = 0; i < 2; i++)
            assertThatThrownBy(() ->
                            hostile(storage ->
                                            List.of(
                                                    Listener.transactional("last")
                                                            .on(
                                                                    SOLD,
                                                                    (event, sql) -> {
                                                                        sql.update(
                                                                                "delete from entry");
                                                                        enter(event, sql);
                                                                    })))
                                    .run(7, RUNS))
                    .satisfies(failure -> messages.add(String.valueOf(failure.getMessage())));
        assertThat(messages.get(1)).isEqualTo(messages.get(0));
    }

    @Test
    void without_anything_to_compare_it_says_so() {
        assertThatCode(() -> Hostile.of(storage -> List.of()).run())
                .hasMessageContaining("comparing");
    }
}
