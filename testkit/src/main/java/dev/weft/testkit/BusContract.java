package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link Bus} must do. A run of it opens the bus on virtual time. */
@Timeout(60)
public abstract class BusContract {

    private static final Duration NOW = Duration.ZERO;
    private static final Duration LONG = Duration.ofSeconds(8);
    private static final Set<String> BOTH = Set.of("opened", "closed");

    private VirtualTime time = new VirtualTime();

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Bus bus;

    protected BusContract() {}

    /** Opens an empty bus that waits, and takes consumers to be silent, by this time. */
    protected abstract Bus open(VirtualTime time);

    /** Closes the bus and opens it again, as a new process would. */
    protected abstract Bus reopen(Bus bus);

    /** How long an answer may take that needs no waiting. */
    protected Duration patience() {
        return Duration.ofSeconds(10);
    }

    @BeforeEach
    void openBus() {
        time = new VirtualTime();
        bus = open(time);
    }

    @AfterEach
    void closeBus() {
        bus.close();
    }

    // Delivery

    @Test
    void an_event_arrives_as_it_was_published() throws Exception {
        var sent =
                new BusEvent(
                        "door",
                        7,
                        2,
                        "opened",
                        "front \"ä\"",
                        Instant.parse("2026-02-03T04:05:06.789Z"),
                        "{\"by\":\"Zoë\"}".getBytes(StandardCharsets.UTF_8),
                        new Origin(
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                "vendor=1",
                                "tenant=north",
                                "background",
                                "bell/3/0",
                                ""));
        bus.publish("door", 7, List.of(sent));
        var got = take(bus.subscribe("log.doors", BOTH), 1).getFirst();
        assertThat(got).usingRecursiveComparison().isEqualTo(sent);
        assertThat(got.id()).isEqualTo("door/7/2");
    }

    @Test
    void every_subscription_gets_every_event() throws Exception {
        var one = bus.subscribe("one.doors", BOTH);
        var two = bus.subscribe("two.doors", BOTH);
        publish("door", 2, opened("door", 1), opened("door", 2));
        assertThat(ids(take(one, 2))).containsExactly("door/1/0", "door/2/0");
        assertThat(ids(take(two, 2))).containsExactly("door/1/0", "door/2/0");
    }

    @Test
    void only_events_of_the_types_asked_for_arrive() throws Exception {
        var consumer = bus.subscribe("log.doors", Set.of("closed"));
        publish("door", 3, opened("door", 1), closed("door", 2), opened("door", 3));
        assertThat(ids(take(consumer, 1))).containsExactly("door/2/0");
        assertThat(consumer.poll(NOW).events()).isEmpty();
    }

    @Test
    void a_new_subscription_begins_with_the_oldest_event() throws Exception {
        publish("door", 1, opened("door", 1));
        var first = bus.subscribe("first.doors", BOTH);
        first.acknowledge(take(first, 1));
        publish("door", 2, opened("door", 2));
        assertThat(ids(take(bus.subscribe("late.doors", BOTH), 2)))
                .containsExactly("door/1/0", "door/2/0");
    }

    @Test
    void events_of_a_source_arrive_in_order() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        for (int i = 0; i < 20; i++)
            publish(
                    "door",
                    i * 3 + 3,
                    opened("door", i * 3 + 1),
                    closed("door", i * 3 + 2),
                    opened("door", i * 3 + 3));
        assertThat(take(consumer, 60))
                .extracting(BusEvent::position)
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 60).boxed().toList());
    }

    @Test
    void several_parts_of_one_position_arrive_in_order() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, event("door", 1, 0, "opened", "a"), event("door", 1, 1, "closed", "b"));
        assertThat(ids(take(consumer, 2))).containsExactly("door/1/0", "door/1/1");
    }

    @Test
    void events_of_many_sources_all_arrive() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        publish("gate", 1, opened("gate", 1));
        publish("door", 2, closed("door", 2));
        assertThat(ids(take(consumer, 3)))
                .containsExactlyInAnyOrder("door/1/0", "gate/1/0", "door/2/0");
    }

    @Test
    void a_subscription_takes_other_types_when_its_next_consumer_asks_for_them() throws Exception {
        var before = bus.subscribe("log.doors", Set.of("opened"));
        publish("door", 1, opened("door", 1));
        before.acknowledge(take(before, 1));
        before.close();
        var after = bus.subscribe("log.doors", Set.of("closed"));
        publish("door", 3, opened("door", 2), closed("door", 3));
        // Somebody may come back who names what is before it.
        assertThat(after.poll(NOW).events()).isEmpty();
        time.advance(Bus.SILENCE.plusMillis(1));
        assertThat(ids(take(after, 1))).containsExactly("door/3/0");
    }

    @Test
    void a_consumer_that_names_fewer_types_takes_none_from_another() throws Exception {
        var newer = bus.subscribe("log.doors", BOTH);
        bus.subscribe("log.doors", Set.of("opened"));
        publish("door", 2, opened("door", 1), closed("door", 2));
        assertThat(ids(take(newer, 2))).containsExactly("door/1/0", "door/2/0");
    }

    @Test
    void what_a_consumer_does_not_name_waits_for_one_that_does_with_all_that_comes_behind()
            throws Exception {
        var older = bus.subscribe("log.doors", Set.of("opened"));
        var newer = bus.subscribe("log.doors", BOTH);
        publish("door", 3, closed("door", 1), opened("door", 2), closed("door", 3));
        publish("gate", 1, opened("gate", 1));
        var got = take(older, 1);
        assertThat(ids(got)).containsExactly("gate/1/0");
        assertThat(older.poll(NOW).events()).isEmpty();
        older.acknowledge(got);
        older.close();
        assertThat(ids(take(newer, 3))).containsExactly("door/1/0", "door/2/0", "door/3/0");
    }

    @Test
    void a_consumer_that_was_held_up_still_takes_what_it_named() throws Exception {
        var newer = bus.subscribe("log.doors", BOTH);
        var older = bus.subscribe("log.doors", Set.of("opened"));
        time.advance(Bus.SILENCE.plusMillis(1));
        older.poll(NOW);
        newer.poll(NOW);
        publish("door", 1, closed("door", 1));
        older.close();
        assertThat(ids(take(newer, 1))).containsExactly("door/1/0");
    }

    @Test
    void a_type_that_nobody_names_for_long_is_taken_no_longer() throws Exception {
        var before = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(before, 1);
        before.close();
        var after = bus.subscribe("log.doors", Set.of("closed"));
        assertThat(after.poll(NOW).applied().positions()).doesNotContainEntry("door", 1L);
        time.advance(Bus.SILENCE.plusMillis(1));
        assertThat(after.poll(NOW).applied().positions()).containsEntry("door", 1L);
    }

    // Publication

    @Test
    void tells_how_far_a_source_has_published() throws Exception {
        assertThat(bus.published("door")).isZero();
        publish("door", 3, opened("door", 2));
        assertThat(bus.published("door")).isEqualTo(3);
        publish("door", 9);
        assertThat(bus.published("door")).isEqualTo(9);
        assertThat(bus.published("gate")).isZero();
    }

    @Test
    void what_was_published_again_is_left_out() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 1), closed("door", 2));
        publish("door", 2, opened("door", 1), closed("door", 2));
        publish("door", 3, closed("door", 2), opened("door", 3));
        assertThat(ids(take(consumer, 3))).containsExactly("door/1/0", "door/2/0", "door/3/0");
        assertThat(consumer.poll(NOW).events()).isEmpty();
    }

    @Test
    void an_old_publication_takes_nothing_back() throws Exception {
        publish("door", 5, opened("door", 5));
        publish("door", 2, opened("door", 2));
        assertThat(bus.published("door")).isEqualTo(5);
        assertThat(ids(take(bus.subscribe("log.doors", BOTH), 1))).containsExactly("door/5/0");
    }

    @Test
    void publishers_of_one_source_at_once_lose_and_double_nothing() throws Exception {
        List<FutureTask<Object>> publishers = new ArrayList<>();
        for (int p = 0; p < 4; p++)
            publishers.add(
                    started(() -> {
                        for (long from = bus.published("door"); from < 100; ) {
                            long through = Math.min(100, from + 7);
                            bus.publish(
                                    "door",
                                    through,
                                    LongStream.rangeClosed(from + 1, through)
                                            .mapToObj(i -> opened("door", i))
                                            .toList());
                            from = through;
                        }
                        return true;
                    }));
        for (var publisher : publishers) result(publisher);
        assertThat(take(bus.subscribe("log.doors", BOTH), 100))
                .extracting(BusEvent::position)
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 100).boxed().toList());
    }

    @Test
    void refuses_a_publication_that_is_too_large() {
        assertThatThrownBy(() -> bus.publish("door", 501, openedUpTo("door", 1, 501)))
                .hasMessageContaining("500");
        assertThat(bus.published("door")).isZero();
    }

    @Test
    void refuses_events_beyond_the_end_of_their_publication() {
        assertThatThrownBy(() -> publish("door", 1, opened("door", 2)))
                .hasMessageContaining("door/2/0");
    }

    @Test
    void refuses_events_of_another_source() {
        assertThatThrownBy(() -> publish("door", 1, opened("gate", 1)))
                .hasMessageContaining("gate/1/0");
    }

    @Test
    void takes_data_up_to_its_bound() throws Exception {
        publish("door", 1, withData("door", 1, Bus.MAX_DATA_BYTES));
        assertThat(take(bus.subscribe("log.doors", BOTH), 1).getFirst().data())
                .hasSize(Bus.MAX_DATA_BYTES);
    }

    @Test
    void refuses_data_beyond_its_bound_and_says_which_event_it_is() {
        assertThatThrownBy(() -> publish("door", 1, withData("door", 1, Bus.MAX_DATA_BYTES + 1)))
                .hasMessageContaining("door/1/0")
                .hasMessageContaining("1048577")
                .hasMessageContaining("1048576");
        assertThat(bus.published("door")).isZero();
    }

    @Test
    void refuses_a_key_that_is_too_long() {
        var key = "k".repeat(Bus.MAX_KEY + 1);
        assertThatThrownBy(() -> publish("door", 1, opened("door", 1, key)))
                .hasMessageContaining("door/1/0")
                .hasMessageContaining("1001")
                .hasMessageContaining("1000");
    }

    @Test
    void refuses_a_type_that_is_no_name() {
        for (var type : List.of("", "a,b", "t".repeat(Bus.MAX_NAME + 1)))
            assertThatThrownBy(() -> publish("door", 1, event("door", 1, 0, type, "key")))
                    .hasMessageContaining("door/1/0")
                    .hasMessageContaining("200");
    }

    @Test
    void refuses_a_service_that_calls_itself_a_program() {
        for (var source : List.of("", "/door", "http:door"))
            assertThatThrownBy(() -> publish(source, 1, opened(source, 1)))
                    .hasMessageContaining("\"" + source + "\"");
    }

    @Test
    void of_a_publication_that_is_refused_nothing_is_taken() throws Exception {
        assertThatThrownBy(() ->
                        publish(
                                "door",
                                2,
                                opened("door", 1),
                                withData("door", 2, Bus.MAX_DATA_BYTES + 1)))
                .hasMessageContaining("door/2/0");
        publish("door", 3, opened("door", 3));
        assertThat(ids(take(bus.subscribe("log.doors", BOTH), 1))).containsExactly("door/3/0");
    }

    @Test
    void refuses_events_out_of_order() {
        assertThatThrownBy(() -> publish("door", 2, opened("door", 2), opened("door", 1)))
                .hasMessageContaining("door/1/0");
    }

    // Acknowledgement

    @Test
    void an_event_is_handed_to_a_consumer_once_as_long_as_it_stays() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(consumer, 1);
        assertThat(consumer.poll(NOW).events()).isEmpty();
        publish("door", 2, opened("door", 2));
        assertThat(ids(take(consumer, 1))).containsExactly("door/2/0");
    }

    @Test
    void what_was_acknowledged_is_not_handed_over_again() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 3, opened("door", 1), opened("door", 2), opened("door", 3));
        var events = take(consumer, 3);
        consumer.acknowledge(List.of(events.get(1)));
        consumer.close();
        assertThat(ids(take(bus.subscribe("log.doors", BOTH), 2)))
                .containsExactly("door/1/0", "door/3/0");
    }

    @Test
    void what_was_acknowledged_stays_so_when_a_durable_bus_is_opened_again() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 3, opened("door", 1), opened("door", 2), opened("door", 3));
        var events = take(consumer, 3);
        consumer.acknowledge(List.of(events.get(0), events.get(2)));
        consumer.close();
        boolean durable = bus.durable();
        bus = reopen(bus);
        if (!durable) publish("door", 3, opened("door", 1), opened("door", 2), opened("door", 3));
        assertThat(ids(take(bus.subscribe("log.doors", BOTH), durable ? 1 : 3)))
                .isEqualTo(
                        durable
                                ? List.of("door/2/0")
                                : List.of("door/1/0", "door/2/0", "door/3/0"));
    }

    @Test
    void what_was_published_outlives_the_bus_if_it_says_so_and_else_does_not() throws Exception {
        publish("door", 2, opened("door", 1), opened("door", 2));
        boolean durable = bus.durable();
        bus = reopen(bus);
        assertThat(bus.published("door")).isEqualTo(durable ? 2 : 0);
        publish("door", 3, opened("door", 3));
        assertThat(take(bus.subscribe("log.doors", BOTH), durable ? 3 : 1))
                .extracting(BusEvent::position)
                .isEqualTo(durable ? List.of(1L, 2L, 3L) : List.of(3L));
    }

    @Test
    void one_that_was_opened_again_takes_and_hands_over_as_before() throws Exception {
        publish("door", 1, opened("door", 1));
        take(bus.subscribe("log.doors", BOTH), 1);
        boolean durable = bus.durable();
        bus = reopen(bus);
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 2));
        var events = take(consumer, durable ? 2 : 1);
        assertThat(events.getLast().id()).isEqualTo("door/2/0");
        assertThat(consumer.acknowledge(events)).isEmpty();
        assertThat(consumer.poll(NOW).events()).isEmpty();
    }

    @Test
    void acknowledging_twice_changes_nothing() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 1), opened("door", 2));
        var events = take(consumer, 2);
        consumer.acknowledge(events);
        consumer.acknowledge(events);
        consumer.close();
        var next = bus.subscribe("log.doors", BOTH);
        publish("door", 3, opened("door", 3));
        assertThat(ids(take(next, 1))).containsExactly("door/3/0");
    }

    @Test
    void a_late_acknowledgement_is_refused_when_another_consumer_has_the_event() throws Exception {
        var slow = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        var events = take(slow, 1);
        time.advance(Bus.SILENCE.plusSeconds(1));
        var other = bus.subscribe("log.doors", BOTH);
        var again = take(other, 1);
        assertThat(ids(slow.acknowledge(events))).containsExactly("door/1/0");
        assertThat(applied(other)).isEqualTo(Receipt.of("door", 0));
        assertThat(other.acknowledge(again)).isEmpty();
        assertThat(applied(other)).isEqualTo(Receipt.of("door", 1));
    }

    @Test
    void a_late_acknowledgement_counts_as_long_as_nobody_else_has_the_event() throws Exception {
        var slow = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        var events = take(slow, 1);
        time.advance(Bus.SILENCE.plusSeconds(1));
        var other = bus.subscribe("log.doors", BOTH);
        assertThat(slow.acknowledge(events)).isEmpty();
        assertThat(other.poll(NOW).events()).isEmpty();
        assertThat(applied(other)).isEqualTo(Receipt.of("door", 1));
    }

    @Test
    void an_acknowledgement_is_refused_for_its_keys_alone() throws Exception {
        var slow = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 1, "a"), opened("door", 2, "b"));
        var events = take(slow, 2);
        time.advance(Bus.SILENCE.plusSeconds(1));
        var other = bus.subscribe("log.doors", Set.of("opened"));
        other.acknowledge(take(other, 2).subList(0, 1));
        publish("door", 3, closed("door", 3));
        assertThat(ids(slow.acknowledge(events))).containsExactly("door/2/0");
    }

    @Test
    void an_acknowledgement_that_is_refused_is_still_refused_the_second_time() throws Exception {
        var slow = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        var events = take(slow, 1);
        time.advance(Bus.SILENCE.plusSeconds(1));
        take(bus.subscribe("log.doors", BOTH), 1);
        assertThat(slow.acknowledge(events)).hasSize(1);
        assertThat(slow.acknowledge(events)).hasSize(1);
    }

    // Several consumers of one subscription

    @Test
    void a_key_stays_with_the_consumer_that_has_events_of_it() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 1), opened("door", 2));
        assertThat(take(first, 2)).hasSize(2);
        publish("door", 3, opened("door", 3));
        assertThat(second.poll(NOW).events()).isEmpty();
        assertThat(ids(take(first, 1))).containsExactly("door/3/0");
    }

    @Test
    void consumers_share_the_keys() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1, "a"));
        assertThat(ids(take(first, 1))).containsExactly("door/1/0");
        publish("door", 3, opened("door", 2, "a"), opened("door", 3, "b"));
        assertThat(ids(take(second, 1))).containsExactly("door/3/0");
        assertThat(ids(take(first, 1))).containsExactly("door/2/0");
    }

    @Test
    void one_key_of_two_sources_is_two_keys() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(first, 1);
        publish("gate", 1, opened("gate", 1));
        assertThat(ids(take(second, 1))).containsExactly("gate/1/0");
    }

    @Test
    void a_key_goes_over_when_all_of_it_is_acknowledged() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 1), opened("door", 2));
        var events = take(first, 2);
        publish("door", 3, opened("door", 3));
        first.acknowledge(events.subList(0, 1));
        assertThat(second.poll(NOW).events()).isEmpty();
        first.acknowledge(events.subList(1, 2));
        assertThat(ids(take(second, 1))).containsExactly("door/3/0");
        assertThat(first.poll(NOW).events()).isEmpty();
    }

    @Test
    void a_consumer_that_joins_gets_a_share_at_once() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1, "a"));
        take(first, 1);
        var waiting = started(() -> take(bus.subscribe("log.doors", BOTH), 1, LONG));
        publish("door", 2, opened("door", 2, "b"));
        assertThat(ids(result(waiting))).containsExactly("door/2/0");
    }

    @Test
    void a_consumer_takes_no_more_than_its_share() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        for (int from = 1; from <= 2_501; from += 500)
            bus.publish(
                    "door",
                    from + 499,
                    LongStream.range(from, from + 500)
                            .mapToObj(at -> opened("door", at, "key" + at))
                            .toList());
        take(first, Bus.MAX_IN_FLIGHT / 2);
        assertThat(first.poll(NOW).events()).isEmpty();
        assertThat(take(second, Bus.MAX_IN_FLIGHT / 2)).hasSize(Bus.MAX_IN_FLIGHT / 2);
    }

    @Test
    void one_that_leaves_gives_up_its_keys_and_no_others() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        var third = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1, "a"));
        take(first, 1);
        publish("door", 2, opened("door", 2, "b"));
        take(second, 1);
        publish("door", 4, opened("door", 3, "a"), opened("door", 4, "b"));
        first.close();
        assertThat(ids(take(third, 2))).containsExactly("door/1/0", "door/3/0");
        assertThat(third.poll(NOW).events()).isEmpty();
        assertThat(ids(take(second, 1))).containsExactly("door/4/0");
    }

    @Test
    void one_that_falls_silent_gives_up_its_keys_and_no_others() throws Exception {
        var silent = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1, "a"));
        take(silent, 1);
        publish("door", 2, opened("door", 2, "b"));
        take(second, 1);
        time.advance(Bus.SILENCE.dividedBy(2));
        second.poll(NOW);
        time.advance(Bus.SILENCE.dividedBy(2).plusSeconds(1));
        var third = bus.subscribe("log.doors", BOTH);
        publish("door", 3, opened("door", 3, "b"));
        assertThat(ids(take(third, 1))).containsExactly("door/1/0");
        assertThat(ids(take(second, 1))).containsExactly("door/3/0");
    }

    @Test
    void an_acknowledgement_is_a_sign_of_life() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 3, opened("door", 1), opened("door", 2), opened("door", 3));
        for (var event : take(first, 3).subList(0, 2)) {
            time.advance(Bus.SILENCE.dividedBy(2).plusSeconds(1));
            assertThat(first.acknowledge(List.of(event))).isEmpty();
            assertThat(second.poll(NOW).events()).isEmpty();
        }
        first.close();
        assertThat(ids(take(second, 1))).containsExactly("door/3/0");
    }

    @Test
    void subscriptions_do_not_share() throws Exception {
        var one = bus.subscribe("one.doors", BOTH);
        var two = bus.subscribe("two.doors", BOTH);
        publish("door", 1, opened("door", 1));
        var events = take(one, 1);
        assertThat(two.acknowledge(List.of())).isEmpty();
        assertThat(one.acknowledge(events)).isEmpty();
        assertThat(ids(take(two, 1))).containsExactly("door/1/0");
    }

    @Test
    void many_consumers_at_once_never_have_one_key_together() throws Exception {
        int last = 400;
        var busy = new ConcurrentHashMap<String, Boolean>();
        var seen = new ConcurrentHashMap<String, Long>();
        var left = new AtomicInteger(last);
        bus.publish(
                "door",
                last,
                LongStream.rangeClosed(1, last)
                        .mapToObj(at -> opened("door", at, "key" + at % 7))
                        .toList());
        List<FutureTask<Boolean>> workers = new ArrayList<>();
        for (int w = 0; w < 4; w++)
            workers.add(
                    started(() -> {
                        try (var consumer = bus.subscribe("log.doors", BOTH)) {
                            long endNanos = SystemTime.INSTANCE.nanos() + patience().toNanos();
                            while (left.get() > 0) {
                                if (SystemTime.INSTANCE.nanos() - endNanos > 0) return false;
                                var events = consumer.poll(NOW).events();
                                var keys = new HashSet<String>();
                                for (var event : events) {
                                    if (keys.add(event.key())
                                            && busy.put(event.key(), true) != null)
                                        throw new AssertionError(event.key() + " is with two");
                                    var before = seen.put(event.key(), event.position());
                                    if (before != null && before >= event.position())
                                        throw new AssertionError(event.id() + " is out of order");
                                }
                                busy.keySet().removeAll(keys);
                                assertThat(consumer.acknowledge(events)).isEmpty();
                                left.addAndGet(-events.size());
                            }
                            return true;
                        }
                    }));
        for (var worker : workers) assertThat(result(worker)).isTrue();
        assertThat(left).hasValue(0);
    }

    @Test
    void consumers_that_join_and_leave_amid_events_lose_and_reorder_nothing() throws Exception {
        int last = 60;
        bus.publish(
                "door",
                last,
                LongStream.rangeClosed(1, last)
                        .mapToObj(at -> opened("door", at, "key" + at % 5))
                        .toList());
        Map<String, Long> handled = new HashMap<>();
        int count = 0;
        for (int round = 0; count < last && round < 3 * last; round++) {
            try (var one = bus.subscribe("log.doors", BOTH);
                    var two = bus.subscribe("log.doors", BOTH)) {
                for (var consumer : List.of(one, two)) {
                    var events = consumer.poll(NOW).events();
                    var some = events.subList(0, Math.min(3, events.size()));
                    for (var event : some) {
                        var before = handled.put(event.key(), event.position());
                        assertThat(before == null || before < event.position()).isTrue();
                    }
                    assertThat(consumer.acknowledge(some)).isEmpty();
                    count += some.size();
                }
            }
        }
        assertThat(count).isEqualTo(last);
        assertThat(bus.subscribe("log.doors", BOTH).poll(NOW).events()).isEmpty();
    }

    @Test
    void when_a_consumer_leaves_the_next_one_gets_what_it_had_in_order() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 3, opened("door", 1), opened("door", 2), opened("door", 3));
        take(first, 3);
        publish("door", 4, opened("door", 4));
        first.close();
        assertThat(ids(take(second, 4)))
                .containsExactly("door/1/0", "door/2/0", "door/3/0", "door/4/0");
    }

    @Test
    void a_waiting_consumer_takes_over_at_once() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(first, 1);
        var waiting = started(() -> take(second, 1, LONG));
        first.close();
        assertThat(ids(result(waiting))).containsExactly("door/1/0");
    }

    @Test
    void a_consumer_that_is_silent_for_too_long_has_left() throws Exception {
        var silent = bus.subscribe("log.doors", BOTH);
        publish("door", 2, opened("door", 1), opened("door", 2));
        silent.acknowledge(take(silent, 2).subList(0, 1));
        time.advance(Bus.SILENCE.plusSeconds(1));
        assertThat(ids(take(bus.subscribe("log.doors", BOTH), 1))).containsExactly("door/2/0");
    }

    @Test
    void a_consumer_that_polls_has_not_left() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(first, 1);
        for (int i = 0; i < 5; i++) {
            time.advance(Bus.SILENCE.dividedBy(2));
            first.poll(NOW);
            assertThat(second.poll(NOW).events()).isEmpty();
        }
        first.close();
        assertThat(ids(take(second, 1))).containsExactly("door/1/0");
    }

    @Test
    void one_that_comes_back_stands_behind_the_one_that_took_over() throws Exception {
        var silent = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(silent, 1);
        time.advance(Bus.SILENCE.plusSeconds(1));
        var next = bus.subscribe("log.doors", BOTH);
        assertThat(take(next, 1)).hasSize(1);
        assertThat(silent.poll(NOW).events()).isEmpty();
        next.close();
        assertThat(ids(take(silent, 1))).containsExactly("door/1/0");
    }

    @Test
    void leaving_twice_changes_nothing() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        first.close();
        var second = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        assertThat(take(second, 1)).hasSize(1);
        first.close();
        assertThat(second.poll(NOW).events()).isEmpty();
    }

    // What is applied

    @Test
    void applied_is_where_everything_before_is_acknowledged() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 4, opened("door", 1), opened("door", 2), opened("door", 3));
        var events = take(consumer, 3);
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 0));
        consumer.acknowledge(List.of(events.get(1)));
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 0));
        consumer.acknowledge(List.of(events.get(0)));
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 2));
        consumer.acknowledge(List.of(events.get(2)));
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 4));
    }

    @Test
    void what_nobody_here_listens_to_is_applied_as_soon_as_it_is_published() throws Exception {
        var consumer = bus.subscribe("log.doors", Set.of("closed"));
        publish("door", 3, opened("door", 3));
        publish("bell", 8);
        assertThat(applied(consumer)).isEqualTo(new Receipt(Map.of("door", 3L, "bell", 8L)));
    }

    @Test
    void each_source_is_applied_by_itself() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        publish("gate", 1, opened("gate", 1));
        publish("door", 2, opened("door", 2));
        var events = take(consumer, 3);
        consumer.acknowledge(events.stream().filter(e -> e.source().equals("gate")).toList());
        assertThat(applied(consumer)).isEqualTo(new Receipt(Map.of("door", 0L, "gate", 1L)));
    }

    @Test
    void a_position_is_applied_when_all_its_parts_are() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, event("door", 1, 0, "opened", "a"), event("door", 1, 1, "closed", "b"));
        var events = take(consumer, 2);
        consumer.acknowledge(events.subList(0, 1));
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 0));
        consumer.acknowledge(events.subList(1, 2));
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 1));
    }

    @Test
    void what_was_not_handed_over_yet_is_not_applied() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        bus.publish("door", 500, openedUpTo("door", 1, 500));
        publish("door", 502, opened("door", 501), opened("door", 502));
        var first = consumer.poll(NOW).events();
        assertThat(first).hasSizeLessThanOrEqualTo(Bus.MAX_BATCH);
        consumer.acknowledge(first);
        var second = consumer.poll(NOW);
        assertThat(positionApplied(second, "door")).isLessThan(502);
        consumer.acknowledge(second.events());
        consumer.acknowledge(take(consumer, 502 - first.size() - second.events().size()));
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 502));
    }

    @Test
    void a_standby_learns_what_the_other_has_applied() throws Exception {
        var first = bus.subscribe("log.doors", BOTH);
        var standby = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        var events = take(first, 1);
        var told = started(() -> pollUntilApplied(standby, Receipt.of("door", 1)));
        first.acknowledge(events);
        assertThat(result(told)).isTrue();
    }

    // Waiting

    @Test
    void a_waiting_poll_is_woken_by_a_publication() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        var waiting = started(() -> take(consumer, 1, LONG));
        time.awaitWaiting(1, patience());
        publish("door", 1, opened("door", 1));
        assertThat(ids(result(waiting))).containsExactly("door/1/0");
    }

    @Test
    void a_waiting_poll_is_woken_when_a_source_gets_further_without_events() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        var waiting = started(() -> pollUntilApplied(consumer, Receipt.of("bell", 5)));
        time.awaitWaiting(1, patience());
        publish("bell", 5);
        assertThat(result(waiting)).isTrue();
    }

    @Test
    void a_waiting_poll_is_woken_when_more_is_applied() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        var events = take(consumer, 1);
        var waiting = started(() -> pollUntilApplied(consumer, Receipt.of("door", 1)));
        time.awaitWaiting(1, patience());
        consumer.acknowledge(events);
        assertThat(result(waiting)).isTrue();
    }

    @Test
    void a_poll_that_finds_nothing_new_ends_in_time() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(consumer, 1);
        consumer.poll(NOW);
        var waiting = started(() -> consumer.poll(LONG));
        time.awaitWaiting(1, patience());
        assertThat(waiting.isDone()).isFalse();
        while (!waiting.isDone()) {
            time.advance(Duration.ofSeconds(1));
            Thread.onSpinWait();
        }
        assertThat(result(waiting).events()).isEmpty();
        assertThat(positionApplied(result(waiting), "door")).isZero();
    }

    @Test
    void an_interrupted_poll_ends() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(consumer, 1);
        var waiting =
                new FutureTask<Object>(() -> {
                    consumer.poll(NOW);
                    return consumer.poll(LONG);
                });
        var thread = SystemTime.INSTANCE.start("polls", waiting);
        time.awaitWaiting(1, patience());
        thread.interrupt();
        assertThatThrownBy(() -> result(waiting)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void closing_the_bus_wakes_those_who_wait() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        publish("door", 1, opened("door", 1));
        take(consumer, 1);
        consumer.poll(NOW);
        var waiting =
                new FutureTask<Object>(() -> {
                    try {
                        return consumer.poll(LONG);
                    } catch (RuntimeException e) {
                        return e;
                    }
                });
        SystemTime.INSTANCE.start("polls", waiting);
        time.awaitWaiting(1, patience());
        assertThat(waiting.isDone()).isFalse();
        bus.close();
        assertThat(result(waiting)).isNotNull();
    }

    // Bounds

    @Test
    void a_batch_is_bounded() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        bus.publish("door", 500, openedUpTo("door", 1, 500));
        bus.publish("door", 700, openedUpTo("door", 501, 700));
        int got = 0;
        while (got < 700) {
            int more = consumer.poll(NOW).events().size();
            assertThat(more).isBetween(1, Bus.MAX_BATCH);
            got += more;
        }
    }

    @Test
    void what_is_handed_over_and_not_acknowledged_is_bounded() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        for (int from = 1; from <= 2_501; from += 500)
            bus.publish("door", from + 499, openedUpTo("door", from, from + 499));
        var got = take(consumer, Bus.MAX_IN_FLIGHT);
        assertThat(got).hasSize(Bus.MAX_IN_FLIGHT);
        assertThat(consumer.poll(NOW).events()).isEmpty();
        consumer.acknowledge(got.subList(1, 11));
        assertThat(take(consumer, 10)).hasSize(10);
        assertThat(consumer.poll(NOW).events()).isEmpty();
    }

    @Test
    void acknowledgements_may_run_far_ahead_of_an_event_that_fails() throws Exception {
        var consumer = bus.subscribe("log.doors", BOTH);
        for (int from = 1; from <= 4_501; from += 500)
            bus.publish("door", from + 499, openedUpTo("door", from, from + 499));
        for (int got = 0; got < 5_000; ) {
            var events = consumer.poll(NOW).events();
            assertThat(events).isNotEmpty();
            consumer.acknowledge(events.stream().filter(event -> event.position() != 3).toList());
            got += events.size();
        }
        assertThat(applied(consumer)).isEqualTo(Receipt.of("door", 2));
        consumer.close();
        assertThat(ids(take(bus.subscribe("log.doors", BOTH), 1))).containsExactly("door/3/0");
    }

    // Everything at once

    @Test
    void whatever_consumers_do_nothing_is_lost_or_reordered() throws Exception {
        long seed = Long.getLong("weft.seed", SystemTime.INSTANCE.nanos());
        try {
            play(RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
        } catch (AssertionError e) {
            throw new AssertionError("with -Dweft.seed=" + seed + ": " + e.getMessage(), e);
        }
    }

    private void play(RandomGenerator random) throws Exception {
        var sources = List.of("door", "gate", "bell");
        Map<String, Long> published = new HashMap<>();
        Set<String> sent = new HashSet<>();
        Set<String> acknowledged = new HashSet<>();
        List<Bus.Consumer> consumers = new ArrayList<>();
        Map<Bus.Consumer, List<BusEvent>> open = new HashMap<>();
        for (int step = 0; step < 600; step++) {
            switch (random.nextInt(6)) {
                case 0, 1 -> {
                    var source = sources.get(random.nextInt(3));
                    long from = published.getOrDefault(source, 0L);
                    long through = from + 1 + random.nextInt(5);
                    var events = new ArrayList<BusEvent>();
                    for (long at = from + 1; at <= through; at++)
                        if (random.nextBoolean()) events.add(opened(source, at));
                    bus.publish(source, through, events);
                    published.put(source, through);
                    sent.addAll(ids(events));
                }
                case 2 -> {
                    if (consumers.size() < 3) consumers.add(bus.subscribe("log.doors", BOTH));
                }
                case 3 -> {
                    if (random.nextInt(8) == 0 && !consumers.isEmpty()) {
                        var leaves = consumers.remove(random.nextInt(consumers.size()));
                        leaves.close();
                        open.remove(leaves);
                    }
                }
                default -> {
                    if (consumers.isEmpty()) continue;
                    var consumer = consumers.get(random.nextInt(consumers.size()));
                    var batch = consumer.poll(NOW);
                    var mine = open.computeIfAbsent(consumer, c -> new ArrayList<>());
                    for (var event : batch.events()) {
                        assertThat(acknowledged).doesNotContain(event.id());
                        for (var before : mine)
                            if (before.source().equals(event.source()))
                                assertThat(event.position()).isGreaterThan(before.position());
                        mine.add(event);
                    }
                    var some = mine.stream().filter(event -> random.nextInt(3) > 0).toList();
                    consumer.acknowledge(some);
                    mine.removeAll(some);
                    acknowledged.addAll(ids(some));
                    for (var id : sent)
                        if (!acknowledged.contains(id)) {
                            var parts = id.split("/");
                            assertThat(positionApplied(batch, parts[0]))
                                    .isLessThan(Long.parseLong(parts[1]));
                        }
                }
            }
        }
        for (var consumer : consumers) consumer.close();
        var last = bus.subscribe("log.doors", BOTH);
        var rest = take(last, sent.size() - acknowledged.size());
        assertThat(last.poll(NOW).events()).isEmpty();
        last.acknowledge(rest);
        acknowledged.addAll(ids(rest));
        assertThat(acknowledged).isEqualTo(sent).isNotEmpty();
        assertThat(applied(last)).isEqualTo(new Receipt(published));
    }

    // Words of the cases above

    private void publish(String source, long through, BusEvent... events)
            throws InterruptedException {
        bus.publish(source, through, List.of(events));
    }

    private static BusEvent opened(String source, long position) {
        return event(source, position, 0, "opened", "key");
    }

    private static BusEvent opened(String source, long position, String key) {
        return event(source, position, 0, "opened", key);
    }

    private static BusEvent withData(String source, long position, int bytes) {
        return new BusEvent(
                source,
                position,
                0,
                "opened",
                "key",
                Instant.parse("2026-01-01T00:00:00Z"),
                ("\"" + "x".repeat(bytes - 2) + "\"").getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }

    private static BusEvent closed(String source, long position) {
        return event(source, position, 0, "closed", "key");
    }

    private static List<BusEvent> openedUpTo(String source, long from, long through) {
        return LongStream.rangeClosed(from, through).mapToObj(at -> opened(source, at)).toList();
    }

    private static BusEvent event(String source, long position, int part, String type, String key) {
        return new BusEvent(
                source,
                position,
                part,
                type,
                key,
                Instant.parse("2026-01-01T00:00:00Z"),
                "{}".getBytes(StandardCharsets.UTF_8),
                Origin.NONE);
    }

    private static List<String> ids(Collection<BusEvent> events) {
        return events.stream().map(BusEvent::id).toList();
    }

    private List<BusEvent> take(Bus.Consumer consumer, int count) throws InterruptedException {
        return take(consumer, count, NOW);
    }

    /** Polls until so many events have come. */
    private List<BusEvent> take(Bus.Consumer consumer, int count, Duration poll)
            throws InterruptedException {
        long endNanos = SystemTime.INSTANCE.nanos() + patience().toNanos();
        var events = new ArrayList<BusEvent>();
        while (true) {
            events.addAll(consumer.poll(poll).events());
            if (events.size() >= count) return events;
            if (SystemTime.INSTANCE.nanos() - endNanos > 0)
                throw new AssertionError("only " + ids(events) + " came, not " + count);
            Thread.onSpinWait();
        }
    }

    /** What the subscription has applied, as far as it is known at once. */
    private static Receipt applied(Bus.Consumer consumer) throws InterruptedException {
        return consumer.poll(NOW).applied();
    }

    private static long positionApplied(Bus.Batch batch, String source) {
        return batch.applied().positions().getOrDefault(source, 0L);
    }

    private boolean pollUntilApplied(Bus.Consumer consumer, Receipt wanted)
            throws InterruptedException {
        long endNanos = SystemTime.INSTANCE.nanos() + patience().toNanos();
        while (!consumer.poll(LONG).applied().equals(wanted))
            if (SystemTime.INSTANCE.nanos() - endNanos > 0) return false;
        return true;
    }

    private static <T> FutureTask<T> started(Callable<T> work) {
        var task = new FutureTask<>(work);
        SystemTime.INSTANCE.start("contract", task);
        return task;
    }

    private static <T> T result(FutureTask<T> task) throws Exception {
        try {
            return task.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case Exception exception -> throw exception;
                case Error error -> throw error;
                case null, default -> throw e;
            }
        }
    }
}
