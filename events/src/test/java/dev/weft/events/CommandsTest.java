package dev.weft.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Baggage;
import dev.weft.core.Context;
import dev.weft.core.Criticality;
import dev.weft.core.Failure;
import dev.weft.core.Receipt;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.core.Work;
import dev.weft.events.EventStore.Append;
import dev.weft.events.Outcome.Accepted;
import dev.weft.events.Outcome.Rejected;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A purse that never holds less than nothing. */
@Timeout(60)
class CommandsTest {

    public record Changed(long by) {}

    private static final EventType<Changed> CHANGED = EventType.of("changed", Changed.class);

    /** Its commands are amounts; 0 changes nothing, and an even 1000 comes in two parts. */
    private static final Decider<Long, Long, Changed> PURSE =
            Decider.of(
                    "purse", 0L, CommandsTest::decide, (held, event) -> held + event.by(), CHANGED);

    private static Decision<Changed> decide(long amount, long held) {
        if (held + amount < 0) return Decision.reject("too-little", "there are only " + held);
        if (amount == 0) return Decision.nothing();
        if (amount == 1_000) return Decision.emit(new Changed(500), new Changed(500));
        return Decision.emit(new Changed(amount));
    }

    private final Watched store = new Watched(new MemoryEventStore(SystemTime.INSTANCE));
    private final Commands commands = commands();

    private Commands commands() {
        return new Commands("bank", store, SystemTime.INSTANCE, Tracer.NONE);
    }

    @Test
    void what_is_accepted_is_stored_and_answered_with_the_state_behind_it() throws Exception {
        assertThat(commands.handle(PURSE, "1", 1_000L)).isEqualTo(new Accepted<>(1_000L, 2));
        assertThat(commands.handle(PURSE, "1", -300L)).isEqualTo(new Accepted<>(700L, 3));
        assertThat(store.stream("purse-1", 0, 10))
                .extracting(event -> new String(event.data(), StandardCharsets.UTF_8))
                .containsExactly("{\"by\":500}", "{\"by\":500}", "{\"by\":-300}");
        assertThat(commands.state(PURSE, "1")).isEqualTo(700L);
        assertThat(commands.state(PURSE, "2")).isEqualTo(0L);
    }

    @Test
    void what_would_be_too_large_to_publish_is_not_stored() throws Exception {
        var type = EventType.of("noted", Noted.class);
        var notes =
                Decider.<String, Integer, Noted>of(
                        "note",
                        0,
                        (text, count) -> Decision.emit(new Noted(text)),
                        (count, noted) -> count + 1,
                        type);
        var told =
                new Publication<>(
                        notes,
                        List.of(type),
                        event -> List.of(new PublicEvent<>(type, event.key(), event.data())));
        var publishing = commands.telling(List.of(told));
        var large = "x".repeat(Bus.MAX_DATA_BYTES);
        assertThatThrownBy(() -> publishing.handle(notes, "7", large))
                .isInstanceOf(Failure.TooLarge.class)
                .hasMessageContaining("noted of note 7")
                .hasMessageContaining("1048576");
        assertThat(store.head()).isZero();
        assertThat(publishing.handle(notes, "7", large.substring(100)))
                .isEqualTo(new Accepted<>(1, 1));
        assertThat(commands.handle(notes, "8", large)).isEqualTo(new Accepted<>(1, 1));
    }

    public record Noted(String text) {}

    @Test
    void the_reason_of_a_rejection_is_one_word() {
        assertThatThrownBy(() -> Decision.reject("Too many loans", "there are 5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"Too many loans\" is none");
    }

    @Test
    void what_is_rejected_leaves_nothing() throws Exception {
        commands.handle(PURSE, "1", 5L);
        assertThat(commands.handle(PURSE, "1", -6L))
                .isEqualTo(new Rejected<Long>("too-little", "there are only 5"));
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void a_decision_for_nothing_appends_nothing() throws Exception {
        commands.handle(PURSE, "1", 5L);
        assertThat(commands.handle(PURSE, "1", 0L)).isEqualTo(new Accepted<>(5L, 1));
        assertThat(store.appends.get()).isEqualTo(1);
    }

    @Test
    void a_known_state_is_not_read_again_to_append() throws Exception {
        commands.handle(PURSE, "1", 5L);
        int reads = store.reads.get();
        for (int i = 0; i < 10; i++) commands.handle(PURSE, "1", 1L);
        assertThat(store.reads.get()).isEqualTo(reads);
    }

    @Test
    void a_state_that_others_have_changed_is_read_on_and_decided_again() throws Exception {
        var other = commands();
        commands.handle(PURSE, "1", 5L);
        other.handle(PURSE, "1", -2L);
        assertThat(commands.handle(PURSE, "1", -3L)).isEqualTo(new Accepted<>(0L, 3));
        assertThat(other.handle(PURSE, "1", -3L))
                .isEqualTo(new Rejected<Long>("too-little", "there are only 0"));
    }

    @Test
    void a_rejection_is_never_of_an_old_state() throws Exception {
        var other = commands();
        commands.handle(PURSE, "1", 5L);
        other.handle(PURSE, "1", 100L);
        assertThat(commands.handle(PURSE, "1", -50L)).isEqualTo(new Accepted<>(55L, 3));
    }

    @Test
    void a_decision_for_nothing_answers_with_the_newest_state() throws Exception {
        var other = commands();
        commands.handle(PURSE, "1", 5L);
        other.handle(PURSE, "1", 100L);
        assertThat(commands.handle(PURSE, "1", 0L)).isEqualTo(new Accepted<>(105L, 2));
        other.handle(PURSE, "1", 1L);
        assertThat(commands.state(PURSE, "1")).isEqualTo(106L);
    }

    @Test
    void conflicts_are_the_callers_after_ten_attempts() {
        store.interfering = true;
        assertThatThrownBy(() -> commands.handle(PURSE, "1", 5L))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(store.appends.get()).isEqualTo(Commands.MAX_ATTEMPTS);
    }

    @Test
    void racers_lose_no_change() throws Exception {
        var other = commands();
        var racers = new ArrayList<FutureTask<Integer>>();
        for (int i = 0; i < 8; i++) {
            var by = i % 2 == 0 ? commands : other;
            var task = new FutureTask<>(() -> changes(by, 20));
            racers.add(task);
            SystemTime.INSTANCE.start("racer", task);
        }
        int changed = 0;
        for (var racer : racers) changed += racer.get(30, TimeUnit.SECONDS);
        assertThat(changed).isPositive();
        assertThat(commands.state(PURSE, "1")).isEqualTo(changed);
        assertThat(store.head()).isEqualTo(changed);
    }

    @Test
    void commands_to_one_thing_at_once_are_all_accepted_and_none_is_decided_in_vain()
            throws Exception {
        store.held = new CountDownLatch(1);
        var all = new ArrayList<FutureTask<Outcome<Long>>>();
        for (int i = 0; i < 64; i++) {
            var one = new FutureTask<>(() -> commands.handle(PURSE, "1", 1L));
            all.add(one);
            var thread = SystemTime.INSTANCE.start("racer", one);
            while (thread.getState() != Thread.State.WAITING) Thread.onSpinWait();
        }
        store.held.countDown();
        for (var one : all) assertThat(one.get(30, TimeUnit.SECONDS)).isInstanceOf(Accepted.class);
        assertThat(commands.state(PURSE, "1")).isEqualTo(64L);
        assertThat(store.appends.get()).isEqualTo(64);
    }

    @Test
    void who_waits_for_a_command_to_the_same_thing_may_leave_and_holds_up_no_other_thing()
            throws Exception {
        var held = new CountDownLatch(1);
        store.held = held;
        var slow = new FutureTask<>(() -> commands.handle(PURSE, "1", 1L));
        SystemTime.INSTANCE.start("slow", slow);
        while (store.appends.get() == 0) Thread.onSpinWait();
        store.held = new CountDownLatch(0);
        var leaving = new FutureTask<>(() -> commands.handle(PURSE, "1", 3L));
        var thread = SystemTime.INSTANCE.start("leaving", leaving);
        while (thread.getState() != Thread.State.WAITING) Thread.onSpinWait();
        assertThat(commands.handle(PURSE, "2", 7L)).isEqualTo(new Accepted<>(7L, 1));
        thread.interrupt();
        assertThatThrownBy(() -> leaving.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(InterruptedException.class);
        held.countDown();
        assertThat(slow.get(30, TimeUnit.SECONDS)).isEqualTo(new Accepted<>(1L, 1));
        assertThat(commands.handle(PURSE, "1", 2L)).isEqualTo(new Accepted<>(3L, 2));
    }

    private static int changes(Commands commands, int times) throws InterruptedException {
        int changed = 0;
        for (int i = 0; i < times; i++) if (changes(commands)) changed++;
        return changed;
    }

    private static boolean changes(Commands commands) throws InterruptedException {
        try {
            commands.handle(PURSE, "1", 1L);
            return true;
        } catch (Failure.Conflict e) {
            return false;
        }
    }

    // Once

    @Test
    void work_done_again_appends_nothing_and_is_answered_as_before() throws Exception {
        var first = work("k", () -> commands.handle(PURSE, "1", 5L));
        commands.handle(PURSE, "1", 100L);
        for (var any : List.of(commands, commands()))
            assertThat(work("k", () -> any.handle(PURSE, "1", 5L))).isEqualTo(first);
        assertThat(first).isEqualTo(new Accepted<>(5L, 1));
        assertThat(store.head()).isEqualTo(2);
        assertThat(commands.state(PURSE, "1")).isEqualTo(105L);
    }

    @Test
    void each_command_of_the_work_has_its_own_key() throws Exception {
        for (int again = 0; again < 2; again++)
            work(
                    "k",
                    () -> {
                        commands.handle(PURSE, "1", -7L);
                        commands.handle(PURSE, "1", 5L);
                        commands.handle(PURSE, "1", 0L);
                        return commands.handle(PURSE, "2", 6L);
                    });
        assertThat(store.log(0, 10))
                .extracting(event -> event.stream() + " " + event.origin().appendKey())
                .containsExactly("purse-1 k#2", "purse-2 k#4");
    }

    @Test
    void a_conflict_takes_no_second_key() throws Exception {
        var other = commands();
        commands.handle(PURSE, "1", 5L);
        other.handle(PURSE, "1", 1L);
        work(
                "k",
                () -> {
                    commands.handle(PURSE, "1", 1L);
                    return commands.handle(PURSE, "1", 1L);
                });
        assertThat(store.log(2, 10))
                .extracting(event -> event.origin().appendKey())
                .containsExactly("k#1", "k#2");
    }

    @Test
    void work_done_twice_at_once_appends_once() throws Exception {
        var racers = new ArrayList<FutureTask<Outcome<Long>>>();
        for (int i = 0; i < 16; i++) {
            var by = commands();
            var task = new FutureTask<>(() -> work("k", () -> by.handle(PURSE, "1", 5L)));
            racers.add(task);
            SystemTime.INSTANCE.start("racer", task);
        }
        for (var racer : racers)
            assertThat(racer.get(30, TimeUnit.SECONDS)).isEqualTo(new Accepted<>(5L, 1));
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void work_done_again_in_another_order_is_refused() throws Exception {
        work("k", () -> commands.handle(PURSE, "1", 5L));
        assertThatThrownBy(() -> work("k", () -> commands.handle(PURSE, "2", 5L)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("purse-1")
                .hasMessageContaining("purse-2")
                .hasMessageContaining("k#1");
    }

    @Test
    void the_receipt_names_what_was_written_the_second_time_too() throws Exception {
        for (int again = 0; again < 2; again++) {
            var work = Work.of("k", "");
            Context.none().with(work).call(() -> commands.handle(PURSE, "1", 1_000L));
            assertThat(work.receipt()).isEqualTo(Receipt.of("bank", 2));
        }
        var reading = Work.of("", "");
        Context.none().with(reading).call(() -> commands.handle(PURSE, "1", -5_000L));
        assertThat(reading.receipt()).isEqualTo(Receipt.NONE);
    }

    // Origin

    @Test
    void events_carry_cause_and_the_span_that_appended_them() throws Exception {
        var spans = Collections.synchronizedList(new ArrayList<Span>());
        var traced =
                new Commands(
                        "bank",
                        store,
                        SystemTime.INSTANCE,
                        new Tracer(SystemTime.INSTANCE, spans::add));
        var context =
                Context.none()
                        .with(new Baggage(Map.of("tenant", "north")))
                        .with(Criticality.BACKGROUND)
                        .with(Work.of("", "bell/3/0"));
        context.call(() -> traced.handle(PURSE, "1", 5L));
        var span = spans.getFirst();
        var origin = store.log(0, 1).getFirst().origin();
        assertThat(origin)
                .isEqualTo(
                        new Origin(
                                span.trace().traceparent(),
                                "",
                                "tenant=north",
                                "background",
                                "bell/3/0",
                                ""));
        assertThat(origin.context().baggage()).isEqualTo(context.baggage());
        assertThat(origin.context().criticality()).isEqualTo(Criticality.BACKGROUND);
        assertThat(origin.context().trace().traceId()).isEqualTo(span.trace().traceId());
        assertThat(span.name()).isEqualTo("append purse");
        assertThat(span.kind()).isEqualTo(Span.Kind.INTERNAL);
    }

    // Long streams, many streams, strange streams

    @Test
    void a_long_stream_is_read_in_parts() throws Exception {
        var one = new EventCodec<>("bank", PURSE).encode(new Changed(1));
        for (int i = 0; i < 3; i++)
            store.append(
                    List.of(
                            new Append(
                                    "purse-1",
                                    EventStore.ANY_VERSION,
                                    Collections.nCopies(500, one))),
                    Origin.NONE);
        assertThat(commands.state(PURSE, "1")).isEqualTo(1_500L);
        assertThat(store.mostRead.get()).isEqualTo(500);
        assertThat(commands.handle(PURSE, "1", 1L)).isEqualTo(new Accepted<>(1_501L, 1_501));
    }

    @Test
    void more_instances_than_are_kept_all_have_their_state() throws Exception {
        int many = Commands.MAX_STATES + 50;
        for (int i = 0; i < many; i++) commands.handle(PURSE, "" + i, i + 1L);
        for (int i = 0; i < many; i += 49)
            assertThat(commands.state(PURSE, "" + i)).isEqualTo(i + 1L);
    }

    @Test
    void an_event_that_the_decider_does_not_name_is_named() throws Exception {
        store.append(
                List.of(new Append("purse-1", 0, List.of(new NewEvent("lost", new byte[] {'1'})))),
                Origin.NONE);
        assertThatThrownBy(() -> commands.state(PURSE, "1"))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("\"lost\"")
                .hasMessageContaining("purse-1")
                .hasMessageContaining("position 1")
                .hasMessageContaining("[changed]");
    }

    @Test
    void data_that_does_not_fit_is_placed() throws Exception {
        var data = "{\"by\":\"many\"}".getBytes(StandardCharsets.UTF_8);
        store.append(
                List.of(new Append("purse-1", 0, List.of(new NewEvent("changed", data)))),
                Origin.NONE);
        assertThatThrownBy(() -> commands.state(PURSE, "1"))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("purse-1")
                .hasMessageContaining("by");
    }

    @Test
    void an_event_has_source_position_and_key() throws Exception {
        commands.handle(PURSE, "a-1", 5L);
        var codec = new EventCodec<>("bank", PURSE);
        var stored = store.log(0, 1).getFirst();
        var event = codec.decode(stored);
        assertThat(codec.owns(stored)).isTrue();
        assertThat(event.id()).isEqualTo("bank/1/0");
        assertThat(event.key()).isEqualTo("a-1");
        assertThat(event.type()).isEqualTo("changed");
        assertThat(event.data()).isEqualTo(new Changed(5));
    }

    // Versions of types

    public record Cents(long cents) {}

    public record Priced(long cents, String currency) {
        static Priced of(Changed changed) {
            return of(new Cents(changed.by() * 100));
        }

        static Priced of(Cents cents) {
            return new Priced(cents.cents(), "EUR");
        }
    }

    private static Decider<Long, Long, Priced> priced(EventType<Priced> type) {
        return Decider.of(
                "purse",
                0L,
                (amount, held) -> Decision.emit(new Priced(amount, "EUR")),
                (held, event) -> held + event.cents(),
                type);
    }

    @Test
    void what_was_stored_in_an_older_version_is_lifted_to_the_newest() throws Exception {
        var second =
                EventType.of("changed", Changed.class)
                        .next(Cents.class, it -> new Cents(it.by() * 100));
        var third = second.next(Priced.class, Priced::of);
        commands.handle(PURSE, "1", 5L);
        store.append(
                List.of(
                        new Append(
                                "purse-1",
                                1,
                                List.of(
                                        new NewEvent(
                                                "changed",
                                                2,
                                                "{\"cents\":70}".getBytes(StandardCharsets.UTF_8),
                                                Set.of())))),
                Origin.NONE);
        assertThat(commands().handle(priced(third), "1", 3L)).isEqualTo(new Accepted<>(573L, 3));
        assertThat(third.version()).isEqualTo(3);
        assertThat(store.stream("purse-1", 0, 10))
                .extracting(StoredEvent::typeVersion)
                .containsExactly(1, 2, 3);
    }

    @Test
    void a_version_that_the_type_has_not_is_named() throws Exception {
        var newer = EventType.of("changed", Changed.class).next(Priced.class, Priced::of);
        commands().handle(priced(newer), "1", 5L);
        assertThatThrownBy(() -> commands.state(PURSE, "1"))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("position 1")
                .hasMessageContaining("version 2")
                .hasMessageContaining("1 to 1");
    }

    @Test
    void what_cannot_be_lifted_is_placed() throws Exception {
        commands.handle(PURSE, "1", 5L);
        var broken =
                CHANGED.next(
                        Priced.class,
                        it -> {
                            throw new IllegalStateException("no rate for " + it.by());
                        });
        assertThatThrownBy(() -> commands().state(priced(broken), "1"))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("purse-1")
                .hasMessageContaining("version 1")
                .hasMessageContaining("no rate for 5");
    }

    @Test
    void a_public_event_is_named_with_its_version_from_the_second_on() {
        var second = CHANGED.next(Priced.class, Priced::of);
        assertThat(CHANGED.publicName()).isEqualTo("changed");
        assertThat(second.publicName()).isEqualTo("changed.v2");
        assertThat(second.publicNames()).containsExactly("changed", "changed.v2");
    }

    // Snapshots

    private static final StateType<Long> HELD =
            StateType.of("held", 1, Held.class, Held::new, Held::amount);

    public record Held(long amount) {}

    private void deposit(Decider<Long, Long, Changed> purse, int times) throws Exception {
        for (int i = 0; i < times; i++) commands.handle(purse, "1", 1L);
    }

    @Test
    void a_state_is_kept_every_so_many_events_and_read_from_there() throws Exception {
        var purse = PURSE.snapshots(HELD, 10);
        deposit(purse, 25);
        assertThat(store.snapshot("purse-1").orElseThrow().version()).isEqualTo(20);
        var later = commands();
        int reads = store.eventsRead.get();
        assertThat(later.state(purse, "1")).isEqualTo(25);
        assertThat(store.eventsRead.get() - reads).isEqualTo(5);
        assertThat(later.handle(purse, "1", 1L)).isEqualTo(new Accepted<>(26L, 26));
    }

    @Test
    void no_state_is_kept_unless_the_decider_says_so() throws Exception {
        deposit(PURSE, 25);
        assertThat(store.snapshot("purse-1")).isEmpty();
        assertThat(PURSE.snapshots(HELD).snapshots().orElseThrow().every()).isEqualTo(500);
    }

    @Test
    void a_snapshot_of_another_version_is_not_read_and_is_replaced() throws Exception {
        deposit(PURSE.snapshots(HELD, 10), 10);
        var doubled =
                Decider.of(
                                "purse",
                                0L,
                                CommandsTest::decide,
                                (Long held, Changed event) -> held + 2 * event.by(),
                                CHANGED)
                        .snapshots(
                                StateType.of("held", 2, Held.class, Held::new, Held::amount), 10);
        var later = commands();
        assertThat(later.handle(doubled, "1", 1L)).isEqualTo(new Accepted<>(22L, 11));
        assertThat(store.snapshot("purse-1").orElseThrow())
                .extracting(EventStore.Snapshot::version, EventStore.Snapshot::typeVersion)
                .containsExactly(11L, 2);
    }

    @Test
    void a_snapshot_that_cannot_be_read_is_not_and_is_replaced() throws Exception {
        deposit(PURSE, 10);
        store.keep(
                new EventStore.Snapshot(
                        "purse-1", 10, "held", 1, "rubbish".getBytes(StandardCharsets.UTF_8)));
        var purse = PURSE.snapshots(HELD, 5);
        var later = commands();
        assertThat(later.handle(purse, "1", 1L)).isEqualTo(new Accepted<>(11L, 11));
        assertThat(
                        new String(
                                store.snapshot("purse-1").orElseThrow().data(),
                                StandardCharsets.UTF_8))
                .isEqualTo("{\"amount\":11}");
    }

    @Test
    void contending_writers_keep_a_state_no_more_often() throws Exception {
        var purse = PURSE.snapshots(HELD, 10);
        var writers = new ArrayList<FutureTask<Boolean>>();
        for (int w = 0; w < 2; w++) {
            var task =
                    new FutureTask<>(() -> {
                        deposit(purse, 50);
                        return true;
                    });
            writers.add(task);
            SystemTime.INSTANCE.start("writer", task);
        }
        for (var writer : writers) writer.get(30, TimeUnit.SECONDS);
        assertThat(commands.state(purse, "1")).isEqualTo(100L);
        assertThat(store.kept.get()).isBetween(1, 20);
    }

    @Test
    void an_append_is_accepted_though_no_snapshot_can_be_kept() throws Exception {
        store.full = true;
        deposit(PURSE.snapshots(HELD, 2), 5);
        assertThat(store.head()).isEqualTo(5);
        assertThat(store.snapshot("purse-1")).isEmpty();
    }

    @Test
    void a_repetition_is_answered_with_its_own_state_and_not_a_later_snapshot() throws Exception {
        var purse = PURSE.snapshots(HELD, 2);
        assertThat(work("k", () -> commands.handle(purse, "1", 5L)))
                .isEqualTo(new Accepted<>(5L, 1));
        deposit(purse, 9);
        assertThat(work("k", () -> commands().handle(purse, "1", 5L)))
                .isEqualTo(new Accepted<>(5L, 1));
    }

    // What one stream cannot know

    public record SignedUp(String email) {}

    private static final Decider<String, Optional<SignedUp>, SignedUp> CUSTOMER =
            Decider.of(
                    "customer",
                    Optional.empty(),
                    (email, known) ->
                            known.isPresent()
                                    ? Decision.nothing()
                                    : Decision.unless(
                                                    EventQuery.ALL.tagged("email:" + email),
                                                    "email-taken",
                                                    "somebody has " + email)
                                            .emit(new SignedUp(email)),
                    (known, event) -> Optional.of(event),
                    EventType.of("signed-up", SignedUp.class)
                            .tagged(it -> Set.of("email:" + it.email())));

    @Test
    void an_address_is_taken_once_whoever_asks() throws Exception {
        assertThat(commands.handle(CUSTOMER, "ann", "a@b.c"))
                .isEqualTo(new Accepted<>(Optional.of(new SignedUp("a@b.c")), 1));
        assertThat(commands().handle(CUSTOMER, "bob", "a@b.c"))
                .isEqualTo(new Rejected<>("email-taken", "somebody has a@b.c"));
        assertThat(commands.handle(CUSTOMER, "bob", "b@b.c")).isInstanceOf(Accepted.class);
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void a_decision_is_held_against_events_with_a_tag_only() {
        var query = EventQuery.ALL.tagged("a").or(EventQuery.ALL.ofTypes("signed-up"));
        assertThatThrownBy(() -> Decision.unless(query, "taken", "it is taken"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("signed-up");
    }

    @Test
    void an_old_state_is_decided_again_before_its_condition_counts() throws Exception {
        var other = commands();
        assertThat(commands.state(CUSTOMER, "ann")).isEmpty();
        other.handle(CUSTOMER, "ann", "a@b.c");
        assertThat(commands.handle(CUSTOMER, "ann", "a@b.c"))
                .isEqualTo(new Accepted<>(Optional.of(new SignedUp("a@b.c")), 1));
    }

    private static Outcome<Long> work(String key, Callable<Outcome<Long>> commands)
            throws Exception {
        return Context.none().with(Work.of(key, "")).call(commands);
    }

    /** A store that counts, and in which another writer may always be faster. */
    private static final class Watched implements EventStore {
        private final EventStore store;
        final AtomicInteger reads = new AtomicInteger();
        final AtomicInteger appends = new AtomicInteger();
        final AtomicInteger kept = new AtomicInteger();
        final AtomicInteger eventsRead = new AtomicInteger();
        final AtomicInteger mostRead = new AtomicInteger();
        volatile CountDownLatch held = new CountDownLatch(0);
        volatile boolean interfering;
        volatile boolean full;

        Watched(EventStore store) {
            this.store = store;
        }

        @Override
        public Appended append(List<Append> appends, List<Condition> conditions, Origin origin)
                throws InterruptedException {
            this.appends.incrementAndGet();
            held.await();
            if (interfering)
                for (var append : appends)
                    store.append(
                            List.of(new Append(append.stream(), ANY_VERSION, append.events())),
                            Origin.NONE);
            return store.append(appends, conditions, origin);
        }

        @Override
        public Optional<Appended> appended(String appendKey) {
            return store.appended(appendKey);
        }

        @Override
        public List<StoredEvent> stream(String stream, long afterVersion, int max) {
            reads.incrementAndGet();
            mostRead.accumulateAndGet(max, Math::max);
            var read = store.stream(stream, afterVersion, max);
            eventsRead.addAndGet(read.size());
            return read;
        }

        @Override
        public List<StoredEvent> log(long afterPosition, int max) {
            return store.log(afterPosition, max);
        }

        @Override
        public List<StoredEvent> streamBackwards(String stream, long beforeVersion, int max) {
            return store.streamBackwards(stream, beforeVersion, max);
        }

        @Override
        public List<StoredEvent> logBackwards(long beforePosition, int max) {
            return store.logBackwards(beforePosition, max);
        }

        @Override
        public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
            return store.log(query, afterPosition, max);
        }

        @Override
        public List<StoredEvent> logBackwards(EventQuery query, long beforePosition, int max) {
            return store.logBackwards(query, beforePosition, max);
        }

        @Override
        public long lastOf(String correlation, long afterPosition) {
            return store.lastOf(correlation, afterPosition);
        }

        @Override
        public Optional<Snapshot> snapshot(String stream) {
            return store.snapshot(stream);
        }

        @Override
        public void keep(Snapshot snapshot) throws InterruptedException {
            if (full) throw new Failure.Storage("the disk is full", null);
            kept.incrementAndGet();
            store.keep(snapshot);
        }

        @Override
        public Optional<Metadata> metadata(String stream) {
            return store.metadata(stream);
        }

        @Override
        public long describe(String stream, long expectedVersion, byte[] data)
                throws InterruptedException {
            return store.describe(stream, expectedVersion, data);
        }

        @Override
        public long head() {
            return store.head();
        }

        @Override
        public long awaitBeyond(long position, Duration atMost) throws InterruptedException {
            return store.awaitBeyond(position, atMost);
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
