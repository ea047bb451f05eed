package dev.weft.testkit;

import static dev.weft.testkit.EventStoreCases.awaitBlocked;
import static dev.weft.testkit.EventStoreCases.begin;
import static dev.weft.testkit.EventStoreCases.events;
import static dev.weft.testkit.EventStoreCases.key;
import static dev.weft.testkit.EventStoreCases.none;
import static dev.weft.testkit.EventStoreCases.positions;
import static dev.weft.testkit.EventStoreCases.race;
import static dev.weft.testkit.EventStoreCases.result;
import static dev.weft.testkit.EventStoreCases.tag;
import static dev.weft.testkit.EventStoreCases.tagged;
import static dev.weft.testkit.EventStoreCases.types;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import dev.weft.events.Transaction;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every {@link Storage} must do where log and tables meet: in one transaction, and while one is held open.
 *
 * <p>{@link #survivesReopening}, {@link #shared} and {@link #readsWhileWriting} are promises both ways.
 */
@Timeout(60)
public abstract class StorageContract {

    private static final int RACERS = 16;

    private final List<Storage> opened = new ArrayList<>();

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Storage storage;

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private EventStore store;

    protected StorageContract() {}

    /** Opens an empty storage. */
    protected abstract Storage open() throws Exception;

    /** Opens the storage of this case again, which is closed, or once more, while it is open. */
    protected abstract Storage again() throws Exception;

    /** Whether what was written is there when the storage is opened again. */
    protected abstract boolean survivesReopening();

    /** Whether storages that are open at once have the same log and tables. */
    protected abstract boolean shared();

    /** Whether reads are answered while a transaction is held open; else they wait for its end. */
    protected abstract boolean readsWhileWriting();

    @BeforeEach
    void openStorage() throws Exception {
        storage = opened(open());
        store = storage.events();
        storage.write(StorageContract::createNotes);
    }

    @AfterEach
    void closeStorages() {
        opened.forEach(Storage::close);
    }

    private Storage opened(Storage one) {
        opened.add(one);
        return one;
    }

    // One transaction

    @Test
    void rows_and_events_are_there_together() throws Exception {
        store.append(List.of(append("cart-1", "before")), Origin.NONE);
        var appended =
                storage.write(it -> {
                    note(it.sql(), "a", 1);
                    var told = it.append(List.of(append("cart-1", "b", "c")), Origin.NONE);
                    note(it.sql(), "z", told.position());
                    return told;
                });
        assertThat(appended).isEqualTo(new Appended(3, 3, false));
        assertThat(types(store.log(0, 10))).containsExactly("before", "b", "c");
        assertThat(notes()).containsExactly("a 1", "z 3");
    }

    @Test
    void work_that_fails_leaves_neither_rows_nor_events() throws Exception {
        assertThatThrownBy(() ->
                        storage.write(it -> {
                            note(it.sql(), "a", 1);
                            it.append(
                                    List.of(new Append("cart-1", 0, List.of(tagged("b", "t")))),
                                    key("k#1"));
                            throw new IllegalStateException("no");
                        }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no");
        assertThat(store.head()).isZero();
        assertThat(notes()).isEmpty();
        assertThat(store.log(tag("t"), 0, 10)).isEmpty();
        assertThat(store.appended("k#1")).isEmpty();
        assertThat(store.append(List.of(append("cart-1", 0, "c")), key("k#1")))
                .isEqualTo(new Appended(1, 1, false));
    }

    @Test
    void a_conflict_takes_the_rows_back() throws Exception {
        store.append(List.of(append("cart-1", "a")), Origin.NONE);
        assertThatThrownBy(() ->
                        storage.write(it -> {
                            note(it.sql(), "a", 1);
                            return it.append(List.of(append("cart-1", 0, "b")), Origin.NONE);
                        }))
                .isInstanceOf(Failure.Conflict.class)
                .hasMessageContaining("cart-1");
        assertThat(notes()).isEmpty();
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void work_may_go_on_behind_a_conflict() throws Exception {
        store.append(List.of(append("cart-1", "a")), Origin.NONE);
        storage.write(it -> {
            try {
                return it.append(List.of(append("cart-1", 0, "b")), Origin.NONE);
            } catch (Failure.Conflict e) {
                note(it.sql(), "lost", 0);
                return it.append(List.of(append("cart-1", 1, "c")), Origin.NONE);
            }
        });
        assertThat(types(store.log(0, 10))).containsExactly("a", "c");
        assertThat(notes()).containsExactly("lost 0");
    }

    @Test
    void a_transaction_reads_what_is_there_and_what_it_has_appended() throws Exception {
        store.append(List.of(new Append("cart-1", 0, List.of(tagged("a", "t")))), Origin.NONE);
        store.keep(new Snapshot("cart-1", 1, "cart", 2, "one".getBytes(UTF_8)));
        storage.write(it -> {
            it.append(List.of(new Append("cart-1", 1, List.of(tagged("b", "t")))), Origin.NONE);
            it.append(List.of(append("cart-2", "c")), Origin.NONE);
            assertThat(it.snapshot("cart-1").orElseThrow().version()).isEqualTo(1);
            assertThat(it.snapshot("cart-1").orElseThrow().data()).asString().isEqualTo("one");
            assertThat(it.snapshot("cart-2")).isEmpty();
            assertThat(types(it.stream("cart-1", 0, 10))).containsExactly("a", "b");
            assertThat(types(it.stream("cart-1", 1, 10))).containsExactly("b");
            assertThat(types(it.stream("cart-1", 0, 1))).containsExactly("a");
            assertThat(types(it.log(tag("t"), 1, 10))).containsExactly("b");
            return true;
        });
        assertThat(store.head()).isEqualTo(3);
    }

    @Test
    void what_is_to_be_done_behind_a_transaction_is_done_when_it_is_committed() throws Exception {
        var done = new ArrayList<String>();
        storage.write(it -> {
            it.append(List.of(append("cart-1", "a")), Origin.NONE);
            it.behind(() -> done.add("first at " + store.head()));
            it.behind(() -> done.add("second"));
            return done.isEmpty();
        });
        assertThat(done).containsExactly("first at 1", "second");
        assertThatThrownBy(() ->
                        storage.write(it -> {
                            it.behind(() -> done.add("lost"));
                            throw new IllegalStateException("no");
                        }))
                .hasMessage("no");
        assertThat(done).hasSize(2);
    }

    @Test
    void an_append_sees_those_before_it_in_the_same_transaction() throws Exception {
        storage.write(it -> {
            assertThat(it.append(List.of(append("cart-1", 0, "a")), Origin.NONE).position())
                    .isEqualTo(1);
            assertThatThrownBy(() -> it.append(List.of(append("cart-1", 0, "b")), Origin.NONE))
                    .isInstanceOf(Failure.Conflict.class);
            return it.append(List.of(append("cart-1", 1, "c")), Origin.NONE);
        });
        assertThat(types(store.stream("cart-1", 0, 10))).containsExactly("a", "c");
    }

    @Test
    void a_key_stores_once_over_transactions_and_appends() throws Exception {
        var append = List.of(append("cart-1", "a"));
        storage.write(it -> {
            assertThat(it.append(append, key("k#1")).repeated()).isFalse();
            return it.append(append, key("k#1"));
        });
        assertThat(store.append(append, key("k#1"))).isEqualTo(new Appended(1, 1, true));
        Appended first = storage.write(it -> it.append(append, key("k#1")));
        assertThat(first).isEqualTo(new Appended(1, 1, true));
        store.append(append, key("k#2"));
        Appended second = storage.write(it -> it.append(append, key("k#2")));
        assertThat(second).isEqualTo(new Appended(2, 2, true));
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void conditions_count_in_a_transaction() throws Exception {
        store.append(List.of(new Append("cart-1", 0, List.of(tagged("a", "t")))), Origin.NONE);
        assertThatThrownBy(() ->
                        storage.write(it ->
                                it.append(
                                        List.of(append("cart-2", "b")),
                                        List.of(none(tag("t"))),
                                        Origin.NONE)))
                .isInstanceOf(Failure.Conflict.class)
                .hasMessageContaining("position 1");
        storage.write(it ->
                it.append(
                        List.of(append("cart-2", "b")),
                        List.of(new Condition(tag("t"), 1)),
                        Origin.NONE));
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void a_condition_sees_what_the_same_transaction_has_appended() throws Exception {
        assertThatThrownBy(() ->
                        storage.write(it -> {
                            it.append(
                                    List.of(new Append("cart-1", 0, List.of(tagged("a", "t")))),
                                    Origin.NONE);
                            return it.append(
                                    List.of(append("cart-2", "b")),
                                    List.of(none(tag("t"))),
                                    Origin.NONE);
                        }))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(store.head()).isZero();
        assertThat(store.append(List.of(append("cart-1", 0, "a")), Origin.NONE).position())
                .isEqualTo(1);
    }

    @Test
    void tags_and_versions_of_types_are_kept_by_a_transaction() throws Exception {
        var event = new NewEvent("a", 4, new byte[] {'1'}, Set.of("t", "u"));
        storage.write(it -> it.append(List.of(new Append("cart-1", 0, List.of(event))), key("k")));
        assertThat(store.log(tag("u"), 0, 10))
                .singleElement()
                .extracting(StoredEvent::typeVersion, StoredEvent::tags)
                .containsExactly(4, Set.of("t", "u"));
        assertThat(store.appended("k")).isPresent();
    }

    @Test
    void limits_count_in_a_transaction() throws Exception {
        var many = Collections.nCopies(EventStore.MAX_EVENTS + 1, events("a").getFirst());
        assertThatThrownBy(() ->
                        storage.write(
                                it -> it.append(List.of(new Append("a-1", 0, many)), Origin.NONE)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1001");
        storage.write(it ->
                it.append(
                        List.of(new Append("a-1", 0, many.subList(0, EventStore.MAX_EVENTS))),
                        Origin.NONE));
        assertThat(store.head()).isEqualTo(EventStore.MAX_EVENTS);
    }

    @Test
    void a_transaction_without_events_leaves_the_log_alone() throws Exception {
        storage.write(it -> note(it.sql(), "a", 1));
        assertThat(store.head()).isZero();
        assertThat(notes()).containsExactly("a 1");
    }

    @Test
    void a_transaction_is_of_no_use_behind_its_end() throws Exception {
        var kept = new AtomicReference<Transaction>();
        storage.write(it -> {
            kept.set(it);
            return it.append(List.of(append("cart-1", "a")), Origin.NONE);
        });
        assertThatThrownBy(() -> kept.get().append(List.of(append("cart-1", "b")), Origin.NONE))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> note(kept.get().sql(), "a", 1))
                .isInstanceOf(IllegalStateException.class);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void a_transaction_is_of_no_use_on_another_thread() throws Exception {
        var failure =
                storage.write(it ->
                        thrownElsewhere(
                                () -> it.append(List.of(append("cart-1", "a")), Origin.NONE)));
        assertThat(failure).isInstanceOf(IllegalStateException.class);
        assertThat(store.head()).isZero();
    }

    private static Exception thrownElsewhere(Callable<?> work) {
        try {
            result(begin(work));
        } catch (Exception e) {
            return e;
        }
        throw new AssertionError("it passed");
    }

    @Test
    void a_statement_that_fails_keeps_the_events_out_too() throws Exception {
        assertThatThrownBy(() ->
                        storage.write(it -> {
                            it.append(List.of(append("cart-1", "a")), Origin.NONE);
                            return it.sql().update("insert into nowhere values (1)");
                        }))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("nowhere");
        assertThat(store.head()).isZero();
        assertThat(store.append(List.of(append("cart-1", 0, "a")), Origin.NONE).position())
                .isEqualTo(1);
    }

    @Test
    void what_a_transaction_appends_wakes_who_waits() throws Exception {
        var waiter = begin(() -> store.awaitBeyond(0, EventStoreCases.LONG));
        storage.write(it -> it.append(List.of(append("cart-1", "a")), Origin.NONE));
        assertThat(result(waiter)).isEqualTo(1);
    }

    // Many at once

    @Test
    void racing_transactions_lose_nothing_and_leave_no_gap() throws Exception {
        race(
                RACERS,
                racer -> {
                    for (int i = 0; i < 5; i++) {
                        var id = racer + "-" + i;
                        if (racer % 2 == 0)
                            storage.write(it ->
                                    note(
                                            it.sql(),
                                            id,
                                            it.append(List.of(append("a-1", id)), Origin.NONE)
                                                    .position()));
                        else store.append(List.of(append("a-1", id)), Origin.NONE);
                    }
                    return true;
                });
        var log = store.log(0, 1_000);
        assertThat(positions(log))
                .isEqualTo(LongStream.rangeClosed(1, RACERS * 5).boxed().toList());
        for (var note : notes()) {
            var parts = note.split(" ");
            assertThat(log.get(Integer.parseInt(parts[1]) - 1).type()).isEqualTo(parts[0]);
        }
        assertThat(notes()).hasSize(RACERS / 2 * 5);
    }

    @Test
    void transactions_that_fail_among_racers_leave_no_gap() throws Exception {
        var kept = new AtomicInteger();
        race(
                RACERS,
                racer -> {
                    for (int i = 0; i < 5; i++) {
                        boolean fails = (racer + i) % 3 == 0;
                        try {
                            storage.write(it -> {
                                it.append(List.of(append("a-" + racer % 4, "x")), Origin.NONE);
                                if (fails) throw new IllegalStateException("no");
                                return true;
                            });
                            kept.incrementAndGet();
                        } catch (IllegalStateException e) {
                            assertThat(fails).isTrue();
                        }
                        store.append(List.of(append("a-" + racer % 4, "y")), Origin.NONE);
                    }
                    return true;
                });
        var log = store.log(0, 1_000);
        assertThat(positions(log))
                .isEqualTo(LongStream.rangeClosed(1, log.size()).boxed().toList());
        assertThat(log).hasSize(kept.get() + RACERS * 5);
        for (int i = 0; i < 4; i++) {
            var stream = store.stream("a-" + i, 0, 1_000);
            assertThat(stream)
                    .extracting(StoredEvent::version)
                    .isEqualTo(LongStream.rangeClosed(1, stream.size()).boxed().toList());
        }
    }

    @Test
    void one_of_many_claims_a_row_and_appends() throws Exception {
        var won =
                race(
                        RACERS,
                        racer ->
                                storage.write(it -> {
                                    int claimed =
                                            it.sql()
                                                    .update(
                                                            "insert into note (id, position) values ('it', ?) on conflict do nothing",
                                                            racer);
                                    if (claimed == 1)
                                        it.append(
                                                List.of(append("a-" + racer, "won")), Origin.NONE);
                                    return claimed == 1;
                                }));
        assertThat(Collections.frequency(won, true)).isEqualTo(1);
        assertThat(store.log(0, 10))
                .singleElement()
                .extracting(StoredEvent::stream)
                .isEqualTo("a-" + won.indexOf(true));
    }

    // While a writer is held

    /** A transaction that has done its work, and is not committed before it is let go. */
    private static final class Held {
        private final CountDownLatch there = new CountDownLatch(1);
        private final CountDownLatch go = new CountDownLatch(1);
        private final EventStoreCases.Begun<Boolean> writer;

        Held(Storage on, Consumer<Transaction> work) throws InterruptedException {
            writer =
                    begin(() ->
                            on.write(it -> {
                                work.accept(it);
                                there.countDown();
                                try {
                                    go.await();
                                } catch (InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                                return true;
                            }));
            there.await();
        }

        void letGo() throws Exception {
            go.countDown();
            result(writer);
        }
    }

    @Test
    void nothing_of_a_held_transaction_is_seen() throws Exception {
        store.append(List.of(append("cart-1", "a")), Origin.NONE);
        var held =
                new Held(
                        storage,
                        it ->
                                it.append(
                                        List.of(new Append("cart-1", 1, List.of(tagged("b", "t")))),
                                        Origin.NONE));
        var reader =
                begin(() ->
                        List.of(
                                store.head(),
                                (long) store.log(0, 10).size(),
                                (long) store.log(tag("t"), 0, 10).size()));
        if (readsWhileWriting()) assertThat(result(reader)).containsExactly(1L, 1L, 0L);
        else awaitBlocked(reader.thread());
        held.letGo();
        if (!readsWhileWriting()) assertThat(result(reader)).containsExactly(2L, 2L, 1L);
        assertThat(types(store.log(0, 10))).containsExactly("a", "b");
    }

    @Test
    void appends_wait_for_a_held_transaction_and_come_behind_it() throws Exception {
        var held =
                new Held(
                        storage,
                        it -> it.append(List.of(append("cart-1", 0, "held")), Origin.NONE));
        var waiting = new ArrayList<EventStoreCases.Begun<Appended>>();
        for (int i = 0; i < RACERS; i++) {
            int number = i;
            waiting.add(
                    begin(() ->
                            store.append(
                                    List.of(append("cart-" + (number + 2), 0, "a")), Origin.NONE)));
        }
        for (var one : waiting) awaitBlocked(one.thread());
        held.letGo();
        var told = new ArrayList<Long>();
        for (var one : waiting) told.add(result(one).position());
        assertThat(told)
                .containsExactlyInAnyOrderElementsOf(
                        LongStream.rangeClosed(2, RACERS + 1).boxed().toList());
        assertThat(store.log(0, 1).getFirst().type()).isEqualTo("held");
    }

    @Test
    void of_racers_held_together_for_a_version_one_wins() throws Exception {
        var held = new Held(storage, it -> {});
        var waiting = new ArrayList<EventStoreCases.Begun<Boolean>>();
        for (int i = 0; i < RACERS; i++)
            waiting.add(begin(() -> appends(append("cart-1", 0, "a"))));
        for (var one : waiting) awaitBlocked(one.thread());
        held.letGo();
        int won = 0;
        for (var one : waiting) if (result(one)) won++;
        assertThat(won).isEqualTo(1);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void of_racers_held_together_for_a_tag_one_wins() throws Exception {
        var held = new Held(storage, it -> {});
        var waiting = new ArrayList<EventStoreCases.Begun<Boolean>>();
        for (int i = 0; i < RACERS; i++) {
            var append = new Append("cart-" + i, 0, List.of(tagged("a", "u", "t")));
            waiting.add(
                    begin(() -> appends(append, none(tag("t", "u")), none(tag("t").in("cart")))));
        }
        for (var one : waiting) awaitBlocked(one.thread());
        held.letGo();
        int won = 0;
        for (var one : waiting) if (result(one)) won++;
        assertThat(won).isEqualTo(1);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void what_a_failed_transaction_took_back_stands_against_nobody_held_with_it() throws Exception {
        var held = new Held(storage, it -> {});
        var condition = none(tag("t"));
        var failing =
                begin(() ->
                        storage.write(it -> {
                            it.append(
                                    List.of(new Append("cart-1", 0, List.of(tagged("a", "t")))),
                                    List.of(condition),
                                    key("k#1"));
                            try {
                                it.append(
                                        List.of(append("cart-2", "b")),
                                        List.of(condition),
                                        Origin.NONE);
                            } catch (Failure.Conflict e) {
                                throw new IllegalStateException("as wanted", e);
                            }
                            return true;
                        }));
        awaitBlocked(failing.thread());
        var append = new Append("cart-1", 0, List.of(tagged("c", "t")));
        var next = begin(() -> store.append(List.of(append), List.of(condition), key("k#1")));
        awaitBlocked(next.thread());
        held.letGo();
        assertThatThrownBy(() -> result(failing)).hasMessage("as wanted");
        assertThat(result(next)).isEqualTo(new Appended(1, 1, false));
        assertThat(types(store.log(0, 10))).containsExactly("c");
    }

    @Test
    void an_append_held_behind_a_transaction_sees_what_it_appended() throws Exception {
        var held =
                new Held(
                        storage,
                        it ->
                                it.append(
                                        List.of(new Append("cart-1", 0, List.of(tagged("a", "t")))),
                                        key("k#1")));
        var version = begin(() -> appends(append("cart-1", 0, "b")));
        var condition = begin(() -> appends(append("cart-2", 0, "b"), none(tag("t"))));
        var repeated = begin(() -> store.append(List.of(append("cart-3", 0, "b")), key("k#1")));
        for (var one : List.of(version, condition, repeated)) awaitBlocked(one.thread());
        held.letGo();
        assertThat(result(version)).isFalse();
        assertThat(result(condition)).isFalse();
        assertThat(result(repeated)).isEqualTo(new Appended(1, 1, true));
        assertThat(store.head()).isEqualTo(1);
    }

    // Several storages

    @Test
    void a_writer_elsewhere_that_is_held_keeps_its_promise() throws Exception {
        var other = opened(again());
        if (!shared()) other.write(StorageContract::createNotes);
        var held =
                new Held(other, it -> it.append(List.of(append("cart-1", 0, "held")), Origin.NONE));
        var waiting = begin(() -> store.append(List.of(append("cart-2", 0, "a")), Origin.NONE));
        if (shared()) awaitBlocked(waiting.thread());
        else assertThat(result(waiting).position()).isEqualTo(1);
        held.letGo();
        assertThat(result(waiting).position()).isEqualTo(shared() ? 2 : 1);
        assertThat(types(store.log(0, 10)))
                .isEqualTo(shared() ? List.of("held", "a") : List.of("a"));
    }

    @Test
    void a_reader_sees_no_gap_while_a_writer_elsewhere_is_held() throws Exception {
        var other = opened(again());
        store.append(List.of(append("cart-1", "a", "b")), Origin.NONE);
        var held =
                new Held(
                        other,
                        it -> it.append(List.of(append("cart-2", 0, "c", "d")), Origin.NONE));
        assertThat(positions(store.log(0, 10))).containsExactly(1L, 2L);
        held.letGo();
        assertThat(positions(store.log(0, 10)))
                .isEqualTo(shared() ? List.of(1L, 2L, 3L, 4L) : List.of(1L, 2L));
    }

    @Test
    void racing_storages_lose_nothing_and_leave_no_gap() throws Exception {
        var other = opened(again());
        if (!shared()) other.write(StorageContract::createNotes);
        var all = List.of(storage, other);
        race(
                8,
                racer -> {
                    for (int i = 0; i < 5; i++) {
                        var id = racer + "-" + i;
                        all.get(racer % 2)
                                .write(it ->
                                        note(
                                                it.sql(),
                                                id,
                                                it.append(List.of(append("a-1", id)), Origin.NONE)
                                                        .position()));
                    }
                    return true;
                });
        int expected = shared() ? 40 : 20;
        var log = store.log(0, 100);
        assertThat(positions(log)).isEqualTo(LongStream.rangeClosed(1, expected).boxed().toList());
        assertThat(notes()).hasSize(expected);
    }

    @Test
    void reopening_keeps_its_promise_about_transactions() throws Exception {
        storage.write(it ->
                note(
                        it.sql(),
                        "a",
                        it.append(List.of(append("cart-1", "b")), key("k#1")).position()));
        assertThat(notes()).containsExactly("a 1");
        storage.close();
        storage = opened(again());
        assertThat(storage.events().head()).isEqualTo(survivesReopening() ? 1 : 0);
        assertThat(storage.events().appended("k#1").isPresent()).isEqualTo(survivesReopening());
        if (survivesReopening()) assertThat(notes()).containsExactly("a 1");
    }

    @Test
    void nothing_is_written_after_closing() {
        storage.close();
        assertThatThrownBy(() ->
                        storage.write(it -> it.append(List.of(append("cart-1", "a")), Origin.NONE)))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("closed");
    }

    // Words

    private static Append append(String stream, String... types) {
        return append(stream, EventStore.ANY_VERSION, types);
    }

    private static Append append(String stream, long expectedVersion, String... types) {
        return new Append(stream, expectedVersion, events(types));
    }

    private boolean appends(Append append, Condition... conditions) throws InterruptedException {
        try {
            store.append(List.of(append), List.of(conditions), Origin.NONE);
            return true;
        } catch (Failure.Conflict e) {
            return false;
        }
    }

    private static int createNotes(Transaction transaction) {
        var sql = transaction.sql();
        sql.update("drop table if exists note");
        return sql.update("create table note (id text primary key, position bigint)");
    }

    private static int note(Sql sql, String id, long position) {
        return sql.update("insert into note (id, position) values (?, ?)", id, position);
    }

    private List<String> notes() {
        return storage.database()
                .query(
                        "select id, position from note order by id",
                        row -> row.text("id") + " " + row.number("position"));
    }
}
