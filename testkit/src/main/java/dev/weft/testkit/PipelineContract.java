package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.Receipt;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Trace;
import dev.weft.core.Tracer;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventStore;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Pipeline;
import dev.weft.events.Progress;
import dev.weft.events.Projection;
import dev.weft.events.PublicEvent;
import dev.weft.events.Publication;
import dev.weft.events.Sql;
import dev.weft.events.StoredEvent;
import dev.weft.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What moves events in the background does so on every storage(). A run of it opens storages on the system's time, and is the
 * service {@code house}.
 */
@Timeout(60)
public abstract class PipelineContract extends StorageCases {

    public record Opened(int number) {}

    public record Rung(int number) {}

    public record Swung(int degrees) {}

    private static final EventType<Opened> OPENED = EventType.of("opened", Opened.class);
    private static final EventType<Rung> RUNG = EventType.of("rung", Rung.class);
    private static final Decider<String, Integer, Opened> DOOR =
            Decider.of("door", 0, (c, s) -> Decision.nothing(), (s, e) -> s, OPENED);
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(1);
    private static final Backoff SOON = new Backoff(Duration.ofMillis(2), Duration.ofMillis(2));
    private static final Set<String> TYPES = Set.of("opened", "rung");

    private final SystemTime time = TIME;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final ConcurrentLinkedQueue<Span> spans = new ConcurrentLinkedQueue<>();
    private final MemoryBus bus = new MemoryBus(time);

    protected PipelineContract() {}

    @BeforeEach
    void createTable() throws Exception {
        storage()
                .database()
                .write(sql ->
                        sql.update(
                                "create table seen (n bigint primary key, what text, key text, number integer)"));
    }

    @AfterEach
    void closeAll() throws Exception {
        for (var each : open.reversed()) each.close();
        bus.close();
    }

    // Projections

    @Test
    void a_projection_applies_each_event_of_its_decider_in_order() throws Exception {
        append("door-front", 1, 2);
        append("window-1", 3);
        append("door-back", 4);
        var progress = start(List.of(counting("doors")), List.of(), List.of()).progress();
        append("door-front", 5);
        assertThat(progress.awaitViews(Receipt.of("house", 5), LONG)).isEmpty();
        assertThat(seen("doors")).containsExactly("front 1", "front 2", "back 4", "front 5");
    }

    @Test
    void a_projection_goes_on_where_the_last_one_ended() throws Exception {
        append("door-front", 1, 2, 3);
        var first = start(List.of(counting("doors")), List.of(), List.of());
        assertThat(first.progress().awaitViews(Receipt.of("house", 3), LONG)).isEmpty();
        first.stop(LONG);
        append("door-front", 4);
        var second = start(List.of(counting("doors")), List.of(), List.of());
        assertThat(second.progress().awaitViews(Receipt.of("house", 4), LONG)).isEmpty();
        assertThat(seen("doors")).containsExactly("front 1", "front 2", "front 3", "front 4");
    }

    @Test
    void two_processes_of_a_service_apply_each_event_once() throws Exception {
        if (!isShared()) {
            requireOther();
            return;
        }
        var other = opened(reopen());
        var here = start(List.of(counting("doors")), List.of(), List.of());
        var there =
                started(
                        new Pipeline(
                                "house",
                                List.of(counting("doors")),
                                List.of(),
                                List.of(),
                                other,
                                bus,
                                Tracer.NONE,
                                time));
        for (int i = 1; i <= 200; i++) append("door-front", i);
        assertThat(here.progress().awaitViews(Receipt.of("house", 200), LONG)).isEmpty();
        assertThat(there.progress().awaitViews(Receipt.of("house", 200), LONG)).isEmpty();
        assertThat(seen("doors"))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 200).mapToObj(i -> "front " + i).toList());
    }

    @Test
    void an_event_that_fails_is_named_and_stops_its_projection_only() throws Exception {
        var broken = new AtomicBoolean(true);
        var picky =
                Projection.<Opened>of(
                        "picky",
                        DOOR,
                        (event, sql) -> {
                            see(sql, "picky", event.key(), event.data().number());
                            if (event.data().number() == 3 && broken.get())
                                throw new IllegalArgumentException("no threes");
                        });
        append("door-front", 1, 2, 3, 4);
        var progress = start(List.of(picky, counting("doors")), List.of(), List.of()).progress();
        awaitFailing(progress, "no threes");
        assertThat(progress.awaitViews(Receipt.of("house", 2), LONG)).isEmpty();
        var blocked = progress.awaitViews(Receipt.of("house", 4), SHORT);
        assertThat(blocked).hasSize(1);
        assertThat(blocked.getFirst().by()).isEqualTo("projection picky");
        assertThat(blocked.getFirst().applied()).isEqualTo(2);
        assertThat(blocked.getFirst().attempt()).isPositive();
        assertThat(blocked.getFirst().error()).contains("opened").contains("no threes");
        assertThat(seen("picky")).containsExactly("front 1", "front 2");
        broken.set(false);
        assertThat(progress.awaitViews(Receipt.of("house", 4), LONG)).isEmpty();
        assertThat(seen("picky")).containsExactly("front 1", "front 2", "front 3", "front 4");
        assertThat(progress.failing()).isEmpty();
    }

    @Test
    void a_long_log_is_replayed_in_order_past_an_event_that_fails() throws Exception {
        append("door-front", IntStream.rangeClosed(1, 700).toArray());
        append("window-1", IntStream.rangeClosed(1, 600).toArray());
        append("door-front", IntStream.rangeClosed(701, 1_400).toArray());
        var broken = new AtomicBoolean(true);
        var picky =
                Projection.<Opened>of(
                        "picky",
                        DOOR,
                        (event, sql) -> {
                            if (event.data().number() == 650 && broken.get())
                                throw new IllegalArgumentException("not this one");
                            see(sql, "picky", event.key(), event.data().number());
                        });
        var progress = start(List.of(picky), List.of(), List.of()).progress();
        awaitFailing(progress, "not this one");
        assertThat(seen("picky")).hasSize(649);
        broken.set(false);
        assertThat(progress.awaitViews(Receipt.of("house", 2_000), LONG)).isEmpty();
        assertThat(seen("picky"))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 1_400).mapToObj(i -> "front " + i).toList());
    }

    @Test
    void who_waits_for_one_trace_is_not_held_by_what_others_wrote() throws Exception {
        var broken = new AtomicBoolean(true);
        var picky =
                Projection.<Opened>of(
                        "picky",
                        DOOR,
                        (event, sql) -> {
                            if (event.data().number() == 2 && broken.get())
                                throw new IllegalArgumentException("no twos");
                        });
        var before = appendInTrace("door-front", 1);
        append("door-front", 2);
        var behind = appendInTrace("door-front", 3);
        var progress = start(List.of(picky), List.of(), List.of()).progress();
        awaitFailing(progress, "no twos");
        var log = storage().events();
        assertThat(progress.awaitOf(Set.of(before), log, LONG)).isEmpty();
        assertThat(progress.awaitOf(Set.of("0af7651916cd43dd8448eb211c80319c"), log, LONG))
                .isEmpty();
        var blocked = progress.awaitOf(Set.of(before, behind), log, SHORT);
        assertThat(blocked).extracting(Progress.Blocked::by).containsExactly("projection picky");
        assertThat(blocked.getFirst().position()).isEqualTo(3);
        assertThat(blocked.getFirst().error()).contains("no twos");
        broken.set(false);
        assertThat(progress.awaitOf(Set.of(behind), log, LONG)).isEmpty();
        assertThat(progress.awaitViews(Receipt.of("house", 3), Duration.ZERO)).isEmpty();
    }

    @Test
    void a_projection_that_begins_again_replays_the_log() throws Exception {
        append("door-front", 1, 2);
        var progress = start(List.of(counting("doors")), List.of(), List.of()).progress();
        assertThat(progress.awaitViews(Receipt.of("house", 2), LONG)).isEmpty();
        storage().database().write(sql -> sql.update("update weft_checkpoint set position = 0"));
        append("door-front", 3);
        assertThat(progress.awaitViews(Receipt.of("house", 3), LONG)).isEmpty();
        assertThat(seen("doors"))
                .containsExactly("front 1", "front 2", "front 1", "front 2", "front 3");
    }

    // Publication

    @Test
    void what_a_publication_says_reaches_the_bus_in_order() throws Exception {
        append("door-front", 1);
        append("window-1", 2);
        append("door-front", 3);
        var progress =
                start(
                                List.of(),
                                List.of(
                                        telling(event ->
                                                List.of(
                                                        RUNG.of("bell", new Rung(event)),
                                                        OPENED.of("k", new Opened(event))))),
                                List.of())
                        .progress();
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
        assertThat(bus.published("house")).isEqualTo(3);
        var events = take(4);
        assertThat(events)
                .extracting(BusEvent::id)
                .containsExactly("house/1/0", "house/1/1", "house/3/0", "house/3/1");
        assertThat(events)
                .extracting(event -> event.type() + " " + event.key() + " " + text(event))
                .containsExactly(
                        "rung bell {\"number\":1}",
                        "opened k {\"number\":1}",
                        "rung bell {\"number\":3}",
                        "opened k {\"number\":3}");
    }

    @Test
    void a_service_without_public_events_tells_how_far_it_is() throws Exception {
        append("door-front", 1, 2, 3);
        var progress = start(List.of(), List.of(), List.of()).progress();
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
        assertThat(bus.published("house")).isEqualTo(3);
        append("door-front", 4);
        assertThat(progress.awaitSettled(4, Receipt.NONE, LONG)).isEmpty();
        assertThat(progress.published()).isEqualTo(4);
    }

    @Test
    void many_public_events_are_split_between_positions_only() throws Exception {
        for (int from = 0; from < 400; from += 100)
            append("door-front", IntStream.range(from, from + 100).toArray());
        var whole = new AtomicBoolean(true);
        var watched =
                new Relay(bus) {
                    @Override
                    public void publish(String source, long through, List<BusEvent> events)
                            throws InterruptedException {
                        if (!events.isEmpty() && events.getLast().part() != 2) whole.set(false);
                        super.publish(source, through, events);
                    }
                };
        var three =
                telling(event ->
                        List.of(
                                OPENED.of("k", new Opened(event)),
                                OPENED.of("k", new Opened(event)),
                                OPENED.of("k", new Opened(event))));
        var progress = start(watched, List.of(), List.of(three), List.of()).progress();
        assertThat(progress.awaitSettled(400, Receipt.NONE, LONG)).isEmpty();
        assertThat(whole).isTrue();
        assertThat(take(1200)).extracting(BusEvent::id).doesNotHaveDuplicates().hasSize(1200);
    }

    @Test
    void an_event_that_cannot_be_told_is_named_and_what_was_before_is_told() throws Exception {
        append("door-front", 1, 2, 3);
        var broken = new AtomicBoolean(true);
        var picky =
                telling(event -> {
                    if (event == 3 && broken.get()) throw new IllegalArgumentException("no threes");
                    return List.of(OPENED.of("k", new Opened(event)));
                });
        var progress = start(List.of(), List.of(picky), List.of()).progress();
        awaitFailing(progress, "no threes");
        assertThat(bus.published("house")).isEqualTo(2);
        awaitTimers(progress);
        assertThat(progress.awaitSettled(3, Receipt.NONE, SHORT))
                .extracting(Progress.Blocked::by)
                .containsExactly("publication");
        broken.set(false);
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
        assertThat(take(3)).hasSize(3);
    }

    @Test
    void an_event_that_no_bus_would_take_is_named_and_what_was_before_is_told() throws Exception {
        append("door-front", 1, 2, 3);
        var broken = new AtomicBoolean(true);
        var large = "k".repeat(Bus.MAX_KEY + 1);
        var told =
                telling(event ->
                        List.of(
                                OPENED.of(
                                        event == 3 && broken.get() ? large : "k",
                                        new Opened(event))));
        var progress = start(List.of(), List.of(told), List.of()).progress();
        awaitFailing(progress, "house/3/0 has a key of 1001");
        assertThat(bus.published("house")).isEqualTo(2);
        broken.set(false);
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
        assertThat(take(3)).hasSize(3);
    }

    @Test
    void what_only_newer_code_tells_is_left_to_it() throws Exception {
        var asked = new Semaphore(0);
        var gate = new CountDownLatch(1);
        var older = new Asked(bus, asked);
        var newer =
                new Relay(bus) {
                    @Override
                    public void publish(String source, long through, List<BusEvent> events)
                            throws InterruptedException {
                        gate.await();
                        super.publish(source, through, events);
                    }
                };
        start(older, List.of(), List.of(), List.of());
        assertThat(asked.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        var progress =
                start(newer, List.of(), List.of(telling(PipelineContract::plainly)), List.of())
                        .progress();
        append("window-1", 1);
        append("door-front", 2);
        append("window-1", 3);
        // The older one has come to the event, and asks whether the newer one has told it.
        assertThat(asked.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        assertThat(bus.published("house")).isEqualTo(1);
        gate.countDown();
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
        assertThat(take(1)).extracting(BusEvent::id).containsExactly("house/2/0");
    }

    @Test
    void what_is_published_no_more_holds_nothing_up_once_older_code_is_gone() throws Exception {
        var clock = new MovableClock();
        var asked = new Semaphore(0);
        start(new Relay(bus), List.of(), List.of(telling(PipelineContract::plainly)), List.of())
                .stop(LONG);
        append("door-front", 1, 2);
        var progress = start(new Asked(bus, asked), clock, List.of()).progress();
        // Once to begin, and once more because the older code may still be there.
        assertThat(asked.tryAcquire(2, 20, TimeUnit.SECONDS)).isTrue();
        assertThat(bus.published("house")).isZero();
        clock.pass(Duration.ofSeconds(6));
        assertThat(progress.awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        // It is known from here on.
        append("door-front", 3);
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
    }

    @Test
    void code_that_tells_an_event_by_another_name_waits_for_nobody() throws Exception {
        var clock = new MovableClock();
        start(new Relay(bus), List.of(), List.of(telling(PipelineContract::plainly)), List.of());
        var renamed = EventType.of("unlocked", Opened.class);
        var newer =
                new Publication<>(
                        DOOR, List.of(renamed), event -> List.of(renamed.of("k", event.data())));
        append("window-1", 1);
        await(() -> bus.published("house") == 1);
        var progress = start(new Relay(bus), clock, List.of(newer)).progress();
        append("door-front", 2);
        assertThat(progress.awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        try (var consumer = bus.subscribe("test.all", Set.of("opened", "unlocked"))) {
            assertThat(consumer.poll(LONG).events())
                    .extracting(BusEvent::type)
                    .containsExactly("unlocked");
        }
    }

    @Test
    void what_only_newer_code_tells_is_shown_until_that_is_back() throws Exception {
        var clock = new MovableClock();
        var asked = new Semaphore(0);
        var older = start(new Asked(bus, asked), clock, List.of()).progress();
        assertThat(asked.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        start(new Relay(bus), List.of(), List.of(telling(PipelineContract::plainly)), List.of())
                .stop(LONG);
        append("door-front", 1);
        assertThat(asked.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        clock.pass(Duration.ofSeconds(6));
        awaitFailing(older, "newer code of house tells");
        assertThat(bus.published("house")).isZero();
        var progress =
                start(
                                new Relay(bus),
                                List.of(),
                                List.of(telling(PipelineContract::plainly)),
                                List.of())
                        .progress();
        assertThat(progress.awaitSettled(1, Receipt.NONE, LONG)).isEmpty();
        assertThat(take(1)).extracting(BusEvent::id).containsExactly("house/1/0");
    }

    @Test
    void what_was_not_declared_is_not_told_but_named() throws Exception {
        append("door-front", 1, 2);
        var knocked = EventType.of("knocked", Opened.class);
        var declared = new AtomicBoolean();
        var told =
                telling(event ->
                        List.of(
                                (event == 2 && !declared.get() ? knocked : OPENED)
                                        .of("k", new Opened(event))));
        var progress = start(List.of(), List.of(told), List.of()).progress();
        awaitFailing(progress, "knocked with Opened, which it has not declared");
        assertThat(bus.published("house")).isEqualTo(1);
        declared.set(true);
        assertThat(progress.awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        assertThat(take(2)).hasSize(2);
    }

    @Test
    void what_is_told_in_several_versions_is_lifted_for_who_knows_them_all() throws Exception {
        append("door-front", 1, 2);
        var later = OPENED.next(Swung.class, opened -> new Swung(opened.number() * 10));
        var told =
                new Publication<>(
                        DOOR,
                        List.of(OPENED, later),
                        event ->
                                List.of(
                                        event.data().number() == 1
                                                ? OPENED.of("k", event.data())
                                                : later.of("k", new Swung(25))));
        var heard = new ConcurrentLinkedQueue<String>();
        var all =
                List.<Listener>of(
                        Listener.transactional("later")
                                .on(
                                        later,
                                        (event, sql) ->
                                                see(
                                                        sql,
                                                        "later",
                                                        event.key(),
                                                        event.data().degrees())),
                        Listener.effect("outside")
                                .on(
                                        later,
                                        event ->
                                                heard.add(
                                                        event.type()
                                                                + " "
                                                                + event.data().degrees())),
                        Listener.transactional("older")
                                .on(
                                        OPENED,
                                        (event, sql) ->
                                                see(
                                                        sql,
                                                        "older",
                                                        event.key(),
                                                        event.data().number())));
        var progress = start(List.of(), List.of(told), all).progress();
        assertThat(progress.awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        assertThat(seen("later")).containsExactly("k 10", "k 25");
        assertThat(heard).containsExactly("opened 10", "opened 25");
        assertThat(seen("older")).containsExactly("k 1");
    }

    @Test
    void a_bus_that_is_away_is_told_everything_when_it_is_back() throws Exception {
        append("door-front", 1, 2, 3);
        var away = new AtomicBoolean(true);
        var flaky =
                new Relay(bus) {
                    @Override
                    public void publish(String source, long through, List<BusEvent> events)
                            throws InterruptedException {
                        if (away.get()) throw new IllegalStateException("the bus is away");
                        super.publish(source, through, events);
                    }
                };
        var progress =
                start(flaky, List.of(), List.of(telling(PipelineContract::plainly)), List.of())
                        .progress();
        awaitFailing(progress, "the bus is away");
        away.set(false);
        assertThat(progress.awaitSettled(3, Receipt.NONE, LONG)).isEmpty();
        assertThat(take(3)).hasSize(3);
    }

    @Test
    void a_bus_that_knows_more_than_the_log_is_an_error_that_is_named() throws Exception {
        bus.publish("house", 77, List.of());
        append("door-front", 1);
        var progress = start(List.of(), List.of(), List.of()).progress();
        awaitFailing(progress, "up to 77");
    }

    // Transactional listeners

    @Test
    void a_transactional_listener_applies_what_others_tell() throws Exception {
        var progress = start(List.of(), List.of(), List.of(tables("bells"))).progress();
        bus.publish("bell", 4, List.of(rung(1, "a", 1), rung(2, "b", 2), rung(4, "a", 4)));
        assertThat(progress.awaitViews(Receipt.of("bell", 4), LONG)).isEmpty();
        assertThat(seen("bells")).containsExactly("a 1", "b 2", "a 4");
    }

    @Test
    void what_a_source_wrote_that_nobody_listens_to_counts_as_applied() throws Exception {
        var progress = start(List.of(), List.of(), List.of(tables("bells"))).progress();
        var after = new Receipt(Map.of("bell", 3L, "horn", 9L));
        assertThat(progress.awaitViews(after, SHORT)).hasSize(2);
        bus.publish("bell", 3, List.of());
        bus.publish("horn", 9, List.of());
        assertThat(progress.awaitViews(after, LONG)).isEmpty();
        assertThat(progress.applied(after)).isTrue();
    }

    @Test
    void without_listeners_that_change_tables_nothing_lags_behind_others() throws Exception {
        var effect = Listener.effect("calls").on(RUNG, event -> {});
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        assertThat(progress.awaitViews(Receipt.of("bell", 4), SHORT)).isEmpty();
        awaitTimers(progress);
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 4), SHORT)).hasSize(1);
    }

    @Test
    void an_acknowledgement_that_is_lost_repeats_nothing() throws Exception {
        var lost = new AtomicInteger(3);
        var flaky =
                new Relay(bus) {
                    @Override
                    List<BusEvent> acknowledge(Consumer consumer, List<BusEvent> events)
                            throws InterruptedException {
                        if (lost.getAndDecrement() > 0)
                            throw new IllegalStateException("the bus went away");
                        return super.acknowledge(consumer, events);
                    }
                };
        var first = start(flaky, List.of(), List.of(), List.of(tables("bells")));
        bus.publish("bell", 2, List.of(rung(1, "a", 1), rung(2, "b", 2)));
        awaitFailing(first.progress(), "the bus went away");
        first.stop(LONG);
        var second = start(List.of(), List.of(), List.of(tables("bells")));
        bus.publish("bell", 3, List.of(rung(3, "a", 3)));
        assertThat(second.progress().awaitViews(Receipt.of("bell", 3), LONG)).isEmpty();
        assertThat(seen("bells")).containsExactly("a 1", "b 2", "a 3");
    }

    @Test
    void a_view_follows_what_others_tell_each_event_once_as_it_was_told() throws Exception {
        var lost = new AtomicInteger(2);
        var flaky =
                new Relay(bus) {
                    @Override
                    List<BusEvent> acknowledge(Consumer consumer, List<BusEvent> events)
                            throws InterruptedException {
                        if (lost.getAndDecrement() > 0)
                            throw new IllegalStateException("the bus went away");
                        return super.acknowledge(consumer, events);
                    }
                };
        var progress = start(flaky, List.of(), List.of(), List.of(ringing())).progress();
        bus.publish("bell", 2, List.of(rung(1, "a", 1), rung(2, "b", 2)));
        assertThat(progress.awaitViews(Receipt.of("bell", 2), LONG)).isEmpty();
        bus.publish("bell", 7, List.of(rung(3, "a", 3)));
        assertThat(progress.awaitViews(Receipt.of("bell", 7), LONG)).isEmpty();
        assertThat(seen("rings"))
                .containsExactly(
                        "bell/1/0 2026-01-01T00:00:00Z a 1",
                        "bell/2/0 2026-01-01T00:00:00Z b 2",
                        "bell/3/0 2026-01-01T00:00:00Z a 3");
        assertThat(progress.states())
                .filteredOn(state -> state.name().equals("rings"))
                .extracting(Progress.State::kind)
                .containsExactlyInAnyOrder("view", "projection");
    }

    private static Listener.View ringing() {
        return Listener.view("rings")
                .on(
                        RUNG,
                        (event, sql) ->
                                see(
                                        sql,
                                        "rings",
                                        event.id() + " " + event.at() + " " + event.key(),
                                        event.data().number()));
    }

    @Test
    void a_view_has_applied_what_its_tables_show() throws Exception {
        var broken = new AtomicBoolean(true);
        var picky =
                Listener.view("picky")
                        .on(
                                RUNG,
                                (event, sql) -> {
                                    if (event.data().number() == 2 && broken.get())
                                        throw new IllegalArgumentException("no twos");
                                    see(sql, "picky", event.key(), event.data().number());
                                });
        var progress = start(List.of(), List.of(), List.of(picky, ringing())).progress();
        bus.publish("bell", 2, List.of(rung(1, "a", 1), rung(2, "a", 2)));
        awaitFailing(progress, "no twos");
        assertThat(progress.awaitViews(Receipt.of("bell", 2), SHORT))
                .extracting(Progress.Blocked::by)
                .contains("listener picky");
        bus.publish("bell", 3, List.of(rung(3, "b", 3)));
        await(() -> seen("rings").size() == 3);
        assertThat(seen("picky")).containsExactly("a 1");
        broken.set(false);
        assertThat(progress.awaitViews(Receipt.of("bell", 3), LONG)).isEmpty();
        assertThat(seen("picky")).containsExactly("a 1", "a 2", "b 3");
    }

    @Test
    void a_key_that_fails_waits_in_order_while_others_go_on() throws Exception {
        var broken = new AtomicBoolean(true);
        var picky =
                Listener.transactional("bells")
                        .on(
                                RUNG,
                                (event, sql) -> {
                                    see(sql, "bells", event.key(), event.data().number());
                                    if (event.data().number() == 2 && broken.get())
                                        throw new IllegalArgumentException("no twos");
                                });
        var progress = start(List.of(), List.of(), List.of(picky)).progress();
        bus.publish(
                "bell",
                4,
                List.of(rung(1, "a", 1), rung(2, "b", 2), rung(3, "a", 3), rung(4, "b", 4)));
        awaitFailing(progress, "no twos");
        bus.publish("bell", 6, List.of(rung(5, "b", 5), rung(6, "a", 6)));
        await(() -> seen("bells").contains("a 6"));
        assertThat(seen("bells")).containsExactly("a 1", "a 3", "a 6");
        var blocked = progress.awaitViews(Receipt.of("bell", 6), SHORT);
        assertThat(blocked).hasSize(1);
        assertThat(blocked.getFirst().by()).isEqualTo("listener bells");
        assertThat(blocked.getFirst().applied()).isEqualTo(1);
        assertThat(blocked.getFirst().error()).contains("rung").contains("no twos");
        broken.set(false);
        assertThat(progress.awaitViews(Receipt.of("bell", 6), LONG)).isEmpty();
        assertThat(seen("bells")).containsExactly("a 1", "a 3", "a 6", "b 2", "b 4", "b 5");
        assertThat(progress.failing()).isEmpty();
    }

    @Test
    void data_that_cannot_be_read_holds_back_its_key_only() throws Exception {
        var progress = start(List.of(), List.of(), List.of(tables("bells"))).progress();
        var bad = rung(1, "a", 1);
        bad =
                new BusEvent(
                        bad.source(),
                        1,
                        0,
                        bad.type(),
                        "a",
                        bad.at(),
                        "{\"number\":\"x\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        Origin.NONE);
        bus.publish("bell", 2, List.of(bad, rung(2, "b", 2)));
        awaitFailing(progress, "rung");
        await(() -> seen("bells").contains("b 2"));
    }

    @Test
    void a_listener_hears_its_own_service_too() throws Exception {
        var own =
                Listener.transactional("own")
                        .on(
                                OPENED,
                                (event, sql) ->
                                        see(sql, "own", event.key(), event.data().number()));
        var progress =
                start(List.of(), List.of(telling(PipelineContract::plainly)), List.of(own))
                        .progress();
        append("door-front", 1, 2);
        assertThat(progress.awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        assertThat(seen("own")).containsExactly("k 1", "k 2");
    }

    @Test
    void whatever_is_closed_when_tables_change_exactly_once() throws Exception {
        if (!isShared()) {
            requireOther();
            return;
        }
        for (int round = 0; round < 8; round++) {
            var file = reopen();
            var pipeline =
                    new Pipeline(
                            "house",
                            List.of(counting("doors")),
                            List.of(),
                            List.of(tables("bells")),
                            file,
                            bus,
                            Tracer.NONE,
                            time);
            pipeline.start();
            int from = round * 100;
            for (int i = from + 1; i <= from + 100; i++) {
                append("door-front", i);
                bus.publish("bell", i, List.of(rung(i, "k" + i % 3, i)));
                if (i == from + 50 + round * 5) file.close();
            }
            // The file is gone below it: nothing was finished, nothing acknowledged in peace.
            pipeline.stop(SHORT);
        }
        var last = start(List.of(counting("doors")), List.of(), List.of(tables("bells")));
        var all = new Receipt(Map.of("house", 800L, "bell", 800L));
        assertThat(last.progress().awaitViews(all, LONG)).isEmpty();
        assertThat(seen("doors"))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 800).mapToObj(i -> "front " + i).toList());
        for (int k = 0; k < 3; k++) {
            int key = k;
            assertThat(seen("bells").stream().filter(row -> row.startsWith("k" + key)))
                    .containsExactlyElementsOf(
                            IntStream.rangeClosed(1, 800)
                                    .filter(i -> i % 3 == key)
                                    .mapToObj(i -> "k" + key + " " + i)
                                    .toList());
        }
    }

    // Effects

    @Test
    void an_effect_runs_in_the_context_of_its_event() throws Exception {
        var contexts = new ConcurrentLinkedQueue<Context>();
        var effect = Listener.effect("calls").on(RUNG, event -> contexts.add(Context.current()));
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        var context = contexts.remove();
        assertThat(context.work().key()).isEqualTo("bell/1/0:house.calls:0");
        assertThat(context.work().cause()).isEqualTo("bell/1/0");
        assertThat(context.attempt()).isEqualTo(1);
        assertThat(context.deadline().remaining())
                .isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
        assertThat(context.trace().exists()).isTrue();
    }

    @Test
    void what_an_effect_appends_is_there_once_however_often_it_runs() throws Exception {
        var runs = new AtomicInteger();
        var effect =
                Listener.effect("calls")
                        .attempts(9, SOON)
                        .on(
                                RUNG,
                                event -> {
                                    append("door-front", event.data().number());
                                    if (runs.incrementAndGet() < 4)
                                        throw new IllegalStateException("behind the append");
                                });
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(runs).hasValue(4);
        assertThat(storage().events().head()).isEqualTo(1);
    }

    @Test
    void keys_run_side_by_side_and_each_in_order() throws Exception {
        var both = new CyclicBarrier(2);
        var order = new ConcurrentLinkedQueue<String>();
        var effect =
                Listener.effect("calls")
                        .on(
                                RUNG,
                                event -> {
                                    if (event.data().number() <= 2)
                                        both.await(20, TimeUnit.SECONDS);
                                    order.add(event.key() + event.data().number());
                                });
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 2, List.of(rung(1, "a", 1), rung(2, "b", 2)));
        bus.publish(
                "bell",
                200,
                LongStream.rangeClosed(3, 200)
                        .mapToObj(i -> rung(i, i % 2 == 1 ? "a" : "b", (int) i))
                        .toList());
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 200), LONG)).isEmpty();
        for (int odd = 0; odd < 2; odd++) {
            int rest = odd;
            assertThat(order.stream().filter(it -> number(it) % 2 == rest).map(it -> number(it)))
                    .hasSize(100)
                    .isSorted();
        }
    }

    private static int number(String keyed) {
        return Integer.parseInt(keyed.substring(1));
    }

    @Test
    void when_no_attempt_is_left_it_gives_up_as_told() throws Exception {
        var attempts = new ConcurrentLinkedQueue<Integer>();
        var givenUp = new AtomicReference<String>("");
        var tries = new AtomicInteger();
        var effect =
                Listener.effect("calls")
                        .attempts(3, SOON)
                        .on(
                                RUNG,
                                event -> {
                                    attempts.add(Context.current().attempt());
                                    throw new IllegalStateException("nobody answers");
                                },
                                (event, failure) -> {
                                    if (tries.incrementAndGet() < 3)
                                        throw new IllegalStateException("not even that");
                                    givenUp.set(event.id() + " " + failure.getMessage());
                                });
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(attempts).containsExactly(1, 2, 3);
        assertThat(givenUp).hasValue("bell/1/0 nobody answers");
    }

    @Test
    void what_is_appended_when_it_gives_up_is_not_taken_for_what_an_attempt_appended()
            throws Exception {
        var effect =
                Listener.effect("calls")
                        .attempts(2, SOON)
                        .on(
                                RUNG,
                                event -> {
                                    append("door-tried", 1);
                                    throw new IllegalStateException("behind the append");
                                },
                                (event, failure) -> append("door-given-up", 2));
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(storage().events().log(0, 10))
                .extracting(StoredEvent::stream)
                .containsExactly("door-tried", "door-given-up");
    }

    @Test
    void two_handlers_of_one_event_append_by_themselves_whichever_fails() throws Exception {
        var runs = new AtomicInteger();
        var effect =
                Listener.effect("calls")
                        .attempts(9, SOON)
                        .on(RUNG, event -> append("door-first", 1))
                        .on(
                                RUNG,
                                event -> {
                                    if (runs.incrementAndGet() < 3)
                                        throw new IllegalStateException("before the append");
                                    append("door-second", 2);
                                });
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(storage().events().log(0, 10))
                .extracting(StoredEvent::stream)
                .containsExactly("door-first", "door-second");
    }

    @Test
    void told_so_it_tries_for_ever() throws Exception {
        var runs = new AtomicInteger();
        var effect =
                Listener.effect("calls")
                        .attempts(Integer.MAX_VALUE, SOON)
                        .on(
                                RUNG,
                                event -> {
                                    if (runs.incrementAndGet() < 7)
                                        throw new IllegalStateException("nobody answers");
                                });
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(runs).hasValue(7);
    }

    @Test
    void an_effect_that_fails_holds_back_its_key_only_and_is_named() throws Exception {
        var broken = new AtomicBoolean(true);
        var done = new ConcurrentLinkedQueue<Integer>();
        var effect =
                Listener.effect("calls")
                        .attempts(Integer.MAX_VALUE, SOON)
                        .on(
                                RUNG,
                                event -> {
                                    if (event.data().number() == 1 && broken.get())
                                        throw new IllegalStateException("nobody answers");
                                    done.add(event.data().number());
                                });
        var progress = start(List.of(), List.of(), List.of(effect)).progress();
        bus.publish("bell", 3, List.of(rung(1, "a", 1), rung(2, "b", 2), rung(3, "a", 3)));
        await(() -> done.contains(2));
        awaitFailing(progress, "nobody answers");
        awaitTimers(progress);
        var blocked = progress.awaitSettled(0, Receipt.of("bell", 3), SHORT);
        assertThat(blocked).hasSize(1);
        assertThat(blocked.getFirst().by()).isEqualTo("listener calls");
        assertThat(blocked.getFirst().error()).contains("nobody answers");
        assertThat(done).containsExactly(2);
        broken.set(false);
        assertThat(progress.awaitSettled(0, Receipt.of("bell", 3), LONG)).isEmpty();
        assertThat(done).containsExactly(2, 1, 3);
        assertThat(progress.failing()).isEmpty();
    }

    @Test
    void stopping_interrupts_an_effect_and_the_next_process_does_it() throws Exception {
        var begun = new CountDownLatch(1);
        var interrupted = new CountDownLatch(1);
        var effect =
                Listener.effect("calls")
                        .on(
                                RUNG,
                                event -> {
                                    begun.countDown();
                                    try {
                                        new CountDownLatch(1).await();
                                    } catch (InterruptedException e) {
                                        interrupted.countDown();
                                        throw e;
                                    }
                                });
        var first = start(List.of(), List.of(), List.of(effect));
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        first.stop(Duration.ofMillis(20));
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
        var done = new AtomicInteger();
        var again = Listener.effect("calls").on(RUNG, event -> done.incrementAndGet());
        var second = start(List.of(), List.of(), List.of(again));
        assertThat(second.progress().awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(done).hasValue(1);
    }

    @Test
    void stopping_lets_an_effect_finish() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var effect =
                Listener.effect("calls")
                        .on(
                                RUNG,
                                event -> {
                                    begun.countDown();
                                    go.await();
                                });
        var pipeline = start(List.of(), List.of(), List.of(effect));
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        var stop = time.start("stop", () -> pipeline.stop(LONG));
        go.countDown();
        assertThat(stop.join(LONG)).isTrue();
        assertThat(bus.subscribe("house.calls", Set.of("rung")).poll(SHORT).events()).isEmpty();
    }

    @Test
    void while_an_effect_finishes_polling_goes_on_as_the_sign_of_life() throws Exception {
        var begun = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        var polled = new ConcurrentLinkedQueue<String>();
        var watched =
                new Relay(bus) {
                    @Override
                    Batch polled(Batch batch) {
                        batch.events().forEach(event -> polled.add(event.id()));
                        return batch;
                    }
                };
        var done = new ConcurrentLinkedQueue<Integer>();
        var effect =
                Listener.effect("calls")
                        .on(
                                RUNG,
                                event -> {
                                    begun.countDown();
                                    go.await();
                                    done.add(event.data().number());
                                });
        var pipeline = start(watched, List.of(), List.of(), List.of(effect));
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        var stop = time.start("stop", () -> pipeline.stop(LONG));
        await(() ->
                stop.getState() == Thread.State.WAITING
                        || stop.getState() == Thread.State.TIMED_WAITING);
        bus.publish("bell", 2, List.of(rung(2, "b", 2)));
        await(() -> polled.contains("bell/2/0"));
        go.countDown();
        assertThat(stop.join(LONG)).isTrue();
        assertThat(done).containsExactly(1);
        assertThat(bus.subscribe("house.calls", Set.of("rung")).poll(SHORT).events())
                .extracting(BusEvent::id)
                .containsExactly("bell/2/0");
    }

    @Test
    void an_effect_that_was_done_is_not_done_again_when_its_acknowledgement_was_lost()
            throws Exception {
        var lost = new AtomicBoolean(true);
        var flaky =
                new Relay(bus) {
                    @Override
                    List<BusEvent> acknowledge(Consumer consumer, List<BusEvent> events)
                            throws InterruptedException {
                        if (lost.get()) throw new IllegalStateException("the bus went away");
                        return super.acknowledge(consumer, events);
                    }
                };
        var done = new AtomicInteger();
        var effect = Listener.effect("calls").on(RUNG, event -> done.incrementAndGet());
        var first = start(flaky, List.of(), List.of(), List.of(effect));
        bus.publish("bell", 1, List.of(rung(1, "a", 1)));
        awaitFailing(first.progress(), "the bus went away");
        first.stop(LONG);
        var second = start(List.of(), List.of(), List.of(effect));
        assertThat(second.progress().awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
        assertThat(done).hasValue(1);
    }

    // All of it

    @Test
    void spans_hang_below_the_trace_that_wrote_the_event() throws Exception {
        var root = Trace.start(time, true).child(time);
        var heard = new ConcurrentLinkedQueue<Trace>();
        var effect =
                Listener.effect("calls").on(OPENED, event -> heard.add(Context.current().trace()));
        var table =
                Listener.transactional("table")
                        .on(
                                OPENED,
                                (event, sql) ->
                                        see(sql, "table", event.key(), event.data().number()));
        var progress =
                start(
                                List.of(counting("doors")),
                                List.of(telling(PipelineContract::plainly)),
                                List.of(effect, table))
                        .progress();
        Context.none()
                .with(root)
                .call(() -> {
                    append("door-front", 1);
                    return true;
                });
        assertThat(progress.awaitSettled(1, Receipt.NONE, LONG)).isEmpty();
        await(() -> spans.size() >= 4);
        assertThat(spans).allMatch(span -> span.trace().traceId().equals(root.traceId()));
        var publish = named("publish opened");
        assertThat(publish.kind()).isEqualTo(Span.Kind.PRODUCER);
        assertThat(publish.parentId()).isEqualTo(root.spanId());
        assertThat(named("project doors").parentId()).isEqualTo(root.spanId());
        assertThat(named("project doors").kind()).isEqualTo(Span.Kind.INTERNAL);
        for (var name : List.of("house.calls opened", "house.table opened")) {
            assertThat(named(name).parentId()).isEqualTo(publish.trace().spanId());
            assertThat(named(name).kind()).isEqualTo(Span.Kind.CONSUMER);
        }
        assertThat(heard).containsExactly(named("house.calls opened").trace());
    }

    @Test
    void two_parts_of_one_name_are_refused() {
        assertThatThrownBy(() ->
                        start(List.of(counting("doors"), counting("doors")), List.of(), List.of()))
                .hasMessageContaining("\"doors\"");
    }

    @Test
    void stopping_an_idle_pipeline_is_quick_and_may_be_repeated() throws Exception {
        var pipeline =
                start(
                        List.of(counting("doors")),
                        List.of(telling(PipelineContract::plainly)),
                        List.of(tables("bells"), Listener.effect("calls").on(RUNG, event -> {})));
        append("door-front", 1);
        assertThat(pipeline.progress().awaitSettled(1, Receipt.NONE, LONG)).isEmpty();
        long before = time.nanos();
        pipeline.stop(LONG);
        pipeline.stop(LONG);
        assertThat(Duration.ofNanos(time.nanos() - before)).isLessThan(LONG.dividedBy(2));
    }

    // Words of the cases above

    /** What is opened once more knows nothing of this. */
    private void requireOther() throws Exception {
        append("door-front", 1);
        assertThat(opened(reopen()).events().head()).isZero();
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private Pipeline started(Pipeline pipeline) throws InterruptedException {
        pipeline.start();
        return opened(pipeline);
    }

    private Pipeline start(
            List<Projection<Opened>> projections,
            List<Publication<Opened>> publications,
            List<Listener> listeners)
            throws InterruptedException {
        return start(bus, projections, publications, listeners);
    }

    private Pipeline start(
            Bus bus,
            List<Projection<Opened>> projections,
            List<Publication<Opened>> publications,
            List<Listener> listeners)
            throws InterruptedException {
        return started(
                new Pipeline(
                        "house",
                        projections,
                        publications,
                        listeners,
                        storage(),
                        bus,
                        new Tracer(time, spans::add),
                        time));
    }

    private Pipeline start(Bus bus, Time clock, List<Publication<Opened>> publications)
            throws InterruptedException {
        return started(
                new Pipeline(
                        "house",
                        List.of(),
                        publications,
                        List.of(),
                        storage(),
                        bus,
                        Tracer.NONE,
                        clock));
    }

    private Span named(String name) {
        return spans.stream().filter(span -> span.name().equals(name)).findFirst().orElseThrow();
    }

    private static Projection<Opened> counting(String name) {
        return Projection.of(
                name, DOOR, (event, sql) -> see(sql, name, event.key(), event.data().number()));
    }

    private static Listener tables(String name) {
        return Listener.transactional(name)
                .on(RUNG, (event, sql) -> see(sql, name, event.key(), event.data().number()));
    }

    /** What a publication says of an event, by its number. */
    private interface Saying {
        List<PublicEvent<?>> of(int number);
    }

    private static Publication<Opened> telling(Saying saying) {
        return new Publication<>(
                DOOR, List.of(OPENED, RUNG), event -> saying.of(event.data().number()));
    }

    private static List<PublicEvent<?>> plainly(int number) {
        return List.of(OPENED.of("k", new Opened(number)));
    }

    private static void see(Sql sql, String what, String key, int number) {
        long last =
                sql.first("select coalesce(max(n), 0) as last from seen", row -> row.number("last"))
                        .orElseThrow();
        sql.update(
                "insert into seen (n, what, key, number) values (?, ?, ?, ?)",
                last + 1,
                what,
                key,
                number);
    }

    private List<String> seen(String what) {
        return storage()
                .database()
                .query(
                        "select key, number from seen where what = ? order by n",
                        row -> row.text("key") + " " + row.number("number"),
                        what);
    }

    private void append(String stream, int... numbers) throws InterruptedException {
        var events =
                IntStream.of(numbers)
                        .mapToObj(n -> new NewEvent("opened", Json.write(new Opened(n))))
                        .toList();
        storage()
                .events()
                .append(
                        List.of(new EventStore.Append(stream, EventStore.ANY_VERSION, events)),
                        Origin.current());
    }

    /** Tells the trace's id. */
    private String appendInTrace(String stream, int number) throws Exception {
        var trace = Trace.start(time, false).child(time);
        Context.none()
                .with(trace)
                .call(() -> {
                    append(stream, number);
                    return true;
                });
        return trace.traceId();
    }

    private static BusEvent rung(long position, String key, int number) {
        return new BusEvent(
                "bell",
                position,
                0,
                "rung",
                key,
                Instant.parse("2026-01-01T00:00:00Z"),
                Json.write(new Rung(number)),
                Origin.NONE);
    }

    private static String text(BusEvent event) {
        return new String(event.data(), java.nio.charset.StandardCharsets.UTF_8);
    }

    private List<BusEvent> take(int count) throws InterruptedException {
        var got = new ArrayList<BusEvent>();
        try (var consumer = bus.subscribe("test.all", TYPES)) {
            while (got.size() < count) {
                var events = consumer.poll(LONG).events();
                consumer.acknowledge(events);
                got.addAll(events);
            }
        }
        return got;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private void await(Condition condition) throws Exception {
        long endNanos = time.nanos() + LONG.toNanos();
        while (!condition.holds()) {
            assertThat(time.nanos() - endNanos).isNegative();
            Thread.onSpinWait();
        }
    }

    /** Timers hold settling up until they have been looked at for the first time. */
    private static void awaitTimers(Progress progress) throws Exception {
        assertThat(progress.awaitSettled(0, Receipt.NONE, LONG)).isEmpty();
    }

    private void awaitFailing(Progress progress, String error) throws Exception {
        await(() -> progress.failing().stream().anyMatch(it -> it.error().contains(error)));
    }

    /** Tells each time when it is asked how far is published. */
    private static final class Asked extends Relay {
        private final Semaphore asked;

        Asked(Bus to, Semaphore asked) {
            super(to);
            this.asked = asked;
        }

        @Override
        public long published(String source) {
            long published = super.published(source);
            asked.release();
            return published;
        }
    }

    /** Passes everything on, unless a test says otherwise. */
    private static class Relay implements Bus {
        private final Bus to;

        Relay(Bus to) {
            this.to = to;
        }

        @Override
        public void publish(String source, long through, List<BusEvent> events)
                throws InterruptedException {
            to.publish(source, through, events);
        }

        @Override
        public long published(String source) {
            return to.published(source);
        }

        @Override
        public Consumer subscribe(String name, Set<String> types) {
            var consumer = to.subscribe(name, types);
            return new Consumer() {
                @Override
                public Batch poll(Duration atMost) throws InterruptedException {
                    return polled(consumer.poll(atMost));
                }

                @Override
                public List<BusEvent> acknowledge(List<BusEvent> events)
                        throws InterruptedException {
                    return Relay.this.acknowledge(consumer, events);
                }

                @Override
                public void close() {
                    consumer.close();
                }
            };
        }

        Batch polled(Batch batch) {
            return batch;
        }

        List<BusEvent> acknowledge(Consumer consumer, List<BusEvent> events)
                throws InterruptedException {
            return consumer.acknowledge(events);
        }

        @Override
        public void close() {}
    }
}
