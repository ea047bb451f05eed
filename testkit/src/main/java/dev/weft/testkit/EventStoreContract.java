package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What every {@link EventStore} must do. A run of it opens stores on the system's time.
 *
 * <p>{@link #survivesReopening} and {@link #shared} are promises both ways: a store that makes the first has everything when it
 * is opened again, one that does not begins anew; one that makes the second shows every node what any node appends, one that
 * does not shows none of it.
 */
public abstract class EventStoreContract extends EventStoreNodeCases {

    protected EventStoreContract() {}

    // Order

    @Test
    void the_first_event_has_position_and_version_one() throws Exception {
        append("cart-1", 0, "opened");
        assertThat(store.log(0, 10))
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.position()).isEqualTo(1);
                    assertThat(event.version()).isEqualTo(1);
                    assertThat(event.stream()).isEqualTo("cart-1");
                });
    }

    @Test
    void positions_go_on_over_all_streams() throws Exception {
        append("cart-1", 0, "a");
        append("cart-2", 0, "b", "c");
        append("cart-1", 1, "d");
        assertThat(store.log(0, 10))
                .extracting(StoredEvent::position)
                .containsExactly(1L, 2L, 3L, 4L);
        assertThat(types(store.log(0, 10))).containsExactly("a", "b", "c", "d");
    }

    @Test
    void versions_go_on_in_each_stream() throws Exception {
        append("cart-1", 0, "a");
        append("cart-2", 0, "b", "c");
        append("cart-1", 1, "d");
        assertThat(store.log(0, 10))
                .extracting(StoredEvent::version)
                .containsExactly(1L, 1L, 2L, 2L);
    }

    @Test
    void an_append_tells_where_its_last_event_is() throws Exception {
        append("cart-1", 0, "a", "b");
        assertThat(append("cart-2", 0, "c", "d", "e")).isEqualTo(new Appended(5, 3, false));
    }

    @Test
    void the_head_is_the_position_of_the_last_event() throws Exception {
        long before = store.head();
        append("cart-1", 0, "a", "b");
        append("cart-2", 0, "c");
        assertThat(List.of(before, store.head())).containsExactly(0L, 3L);
    }

    @Test
    void a_read_brings_little_of_large_events_but_at_least_one() throws Exception {
        var large = new byte[EventStore.MAX_READ_BYTES / 2];
        var largest = new byte[EventStore.MAX_BYTES];
        for (var data : List.of(large, large, large, largest, largest))
            store.append(
                    List.of(
                            new Append(
                                    "cart-1",
                                    EventStore.ANY_VERSION,
                                    List.of(new NewEvent("a", data)))),
                    Origin.NONE);
        for (int size : List.of(1, 10)) {
            assertThat(positions(store.log(0, size))).hasSize(Math.min(size, 2));
            assertThat(positions(store.stream("cart-1", 0, size))).hasSize(Math.min(size, 2));
        }
        assertThat(positions(store.log(2, 10))).containsExactly(3L, 4L);
        assertThat(positions(store.stream("cart-1", 2, 10))).containsExactly(3L, 4L);
        assertThat(positions(store.log(4, 10))).containsExactly(5L);
        assertThat(positions(store.stream("cart-1", 4, 10))).containsExactly(5L);
        assertThat(store.log(5, 10)).isEmpty();
        assertThat(store.stream("cart-1", 5, 10)).isEmpty();
    }

    // What is kept

    @Test
    void type_and_data_come_back_as_they_were() throws Exception {
        var json = "{\"name\":\"Zoë \\\"€\\\" 😀\"}";
        store.append(
                List.of(
                        new Append(
                                "cart-1",
                                0,
                                List.of(
                                        new NewEvent(
                                                "item-added",
                                                json.getBytes(StandardCharsets.UTF_8))))),
                Origin.NONE);
        var event = store.log(0, 1).getFirst();
        assertThat(event.type()).isEqualTo("item-added");
        assertThat(new String(event.data(), StandardCharsets.UTF_8)).isEqualTo(json);
    }

    @Test
    void data_of_any_bytes_comes_back() throws Exception {
        var bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) i;
        store.append(
                List.of(new Append("cart-1", 0, List.of(new NewEvent("a", bytes)))), Origin.NONE);
        assertThat(store.stream("cart-1", 0, 1).getFirst().data()).isEqualTo(bytes);
    }

    @Test
    void no_data_comes_back_as_no_data() throws Exception {
        store.append(
                List.of(new Append("cart-1", 0, List.of(new NewEvent("a", new byte[0])))),
                Origin.NONE);
        assertThat(store.stream("cart-1", 0, 1).getFirst().data()).isEmpty();
    }

    @Test
    void the_origin_comes_back_with_each_event() throws Exception {
        var origin =
                new Origin(
                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                        "vendor=1",
                        "tenant=north",
                        "background",
                        "bell/3/0",
                        "order-7#1");
        store.append(List.of(new Append("cart-1", 0, events("a", "b"))), origin);
        append("cart-1", 2, "c");
        assertThat(store.log(0, 10))
                .extracting(StoredEvent::origin)
                .containsExactly(origin, origin, Origin.NONE);
    }

    @Test
    void the_time_of_the_append_is_kept_to_the_microsecond() throws Exception {
        var before = SystemTime.INSTANCE.now().truncatedTo(ChronoUnit.MICROS);
        append("cart-1", 0, "a");
        var after = SystemTime.INSTANCE.now();
        Instant at = store.log(0, 1).getFirst().at();
        assertThat(at).isBetween(before, after).isEqualTo(at.truncatedTo(ChronoUnit.MICROS));
        assertThat(store.stream("cart-1", 0, 1).getFirst().at()).isEqualTo(at);
    }

    @Test
    void streams_of_similar_names_are_different() throws Exception {
        var names =
                List.of("cart-1", "cart-10", "cart-1-0", "CART-1", "cart-1 ", "cart-é", "cart-%");
        for (var name : names) append(name, 0, "a");
        for (var name : names)
            assertThat(store.stream(name, 0, 10))
                    .singleElement()
                    .extracting(StoredEvent::stream)
                    .isEqualTo(name);
    }

    @Test
    void the_longest_name_of_a_stream_is_kept_whole() throws Exception {
        var name = "c-" + "é".repeat(EventStore.MAX_STREAM_NAME - 2);
        append(name, 0, "a");
        assertThat(store.stream(name, 0, 1).getFirst().stream()).isEqualTo(name);
    }

    // Expected versions

    @Test
    void a_stream_that_is_there_is_not_begun_again() throws Exception {
        append("cart-1", 0, "a");
        assertConflict("cart-1", 0);
    }

    @Test
    void an_append_behind_the_streams_version_conflicts() throws Exception {
        append("cart-1", 0, "a", "b", "c");
        assertConflict("cart-1", 2);
    }

    @Test
    void an_append_ahead_of_the_streams_version_conflicts() throws Exception {
        append("cart-1", 0, "a", "b");
        assertConflict("cart-1", 3);
        assertConflict("cart-2", 1);
    }

    @Test
    void a_conflict_names_the_stream_and_both_versions() throws Exception {
        append("cart-1", 0, "a", "b", "c");
        assertThatThrownBy(() -> append("cart-1", 17, "d"))
                .isInstanceOf(Failure.Conflict.class)
                .hasMessageContaining("cart-1")
                .hasMessageContaining("3")
                .hasMessageContaining("17");
    }

    @Test
    void a_conflict_stores_nothing_and_leaves_no_gap() throws Exception {
        append("cart-1", 0, "a");
        assertConflict("cart-1", 0);
        append("cart-1", 1, "b");
        assertThat(types(store.log(0, 10))).containsExactly("a", "b");
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void any_version_appends_behind_whatever_is_there() throws Exception {
        append("cart-1", EventStore.ANY_VERSION, "a");
        append("cart-1", 1, "b");
        assertThat(append("cart-1", EventStore.ANY_VERSION, "c").version()).isEqualTo(3);
        assertThat(types(store.stream("cart-1", 0, 10))).containsExactly("a", "b", "c");
    }

    @Test
    void one_of_many_racers_for_a_version_wins() throws Exception {
        append("cart-1", 0, "a");
        var won = race(RACERS, racer -> tries(() -> append("cart-1", 1, "b" + racer)));
        assertThat(Collections.frequency(won, true)).isEqualTo(1);
        assertThat(store.stream("cart-1", 1, 10))
                .singleElement()
                .extracting(StoredEvent::type)
                .isEqualTo("b" + won.indexOf(true));
    }

    @Test
    void racers_that_try_again_all_get_their_turn() throws Exception {
        race(
                8,
                racer -> {
                    for (int i = 0; i < 10; i++) {
                        long version = store.stream("cart-1", 0, 1_000).size();
                        while (!appends("cart-1", version, racer + "-" + i))
                            version = store.stream("cart-1", 0, 1_000).size();
                    }
                    return true;
                });
        var events = store.stream("cart-1", 0, 1_000);
        assertThat(events).hasSize(80);
        assertThat(types(events)).doesNotHaveDuplicates();
        assertGapless();
    }

    @Test
    void racers_for_one_stream_lose_nothing() throws Exception {
        race(
                RACERS,
                racer -> {
                    for (int i = 0; i < 10; i++)
                        append("cart-1", EventStore.ANY_VERSION, racer + "-" + i);
                    return true;
                });
        assertThat(types(store.stream("cart-1", 0, 1_000)))
                .hasSize(RACERS * 10)
                .doesNotHaveDuplicates();
        assertThat(types(store.log(0, 1_000))).isEqualTo(types(store.stream("cart-1", 0, 1_000)));
        assertGapless();
    }

    @Test
    void racers_for_many_streams_lose_nothing() throws Exception {
        race(
                RACERS,
                racer -> {
                    for (int i = 0; i < 10; i++) append("cart-" + racer, i, "a" + i);
                    return true;
                });
        for (int racer = 0; racer < RACERS; racer++)
            assertThat(types(store.stream("cart-" + racer, 0, 100)))
                    .containsExactlyElementsOf(
                            IntStream.range(0, 10).mapToObj(i -> "a" + i).toList());
        assertGapless();
        assertThat(store.head()).isEqualTo(RACERS * 10L);
    }

    @Test
    void each_racer_is_told_its_own_position() throws Exception {
        var told = race(RACERS, racer -> append("cart-" + racer, 0, "a" + racer).position());
        for (int racer = 0; racer < RACERS; racer++)
            assertThat(store.log(told.get(racer) - 1, 1).getFirst().stream())
                    .isEqualTo("cart-" + racer);
    }

    // Several streams at once

    @Test
    void several_streams_are_appended_to_side_by_side() throws Exception {
        append("cart-1", 0, "a");
        var appended =
                store.append(
                        List.of(
                                new Append("cart-1", 1, events("b")),
                                new Append("order-9", 0, events("c", "d"))),
                        Origin.NONE);
        assertThat(appended).isEqualTo(new Appended(4, 2, false));
        assertThat(types(store.log(0, 10))).containsExactly("a", "b", "c", "d");
        assertThat(types(store.stream("order-9", 0, 10))).containsExactly("c", "d");
    }

    @Test
    void a_conflict_in_the_last_stream_keeps_all_of_it_out() throws Exception {
        append("cart-1", 0, "a");
        assertThatThrownBy(() ->
                        store.append(
                                List.of(
                                        new Append("cart-1", 1, events("b")),
                                        new Append("cart-2", 1, events("c"))),
                                Origin.NONE))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(types(store.log(0, 10))).containsExactly("a");
        assertThat(append("cart-1", 1, "d").position()).isEqualTo(2);
    }

    @Test
    void racers_for_two_streams_get_both_or_none() throws Exception {
        race(
                RACERS,
                racer -> {
                    var one = new Append("a-1", EventStore.ANY_VERSION, events("a" + racer));
                    var two = new Append("b-1", EventStore.ANY_VERSION, events("a" + racer));
                    store.append(
                            racer % 2 == 0 ? List.of(one, two) : List.of(two, one), Origin.NONE);
                    return true;
                });
        var log = store.log(0, 1_000);
        assertThat(log).hasSize(RACERS * 2);
        for (int i = 0; i < log.size(); i += 2)
            assertThat(log.get(i).type()).isEqualTo(log.get(i + 1).type());
        assertThat(types(store.stream("a-1", 0, 1_000)))
                .isEqualTo(types(store.stream("b-1", 0, 1_000)));
    }

    // Append keys

    @Test
    void an_append_with_a_key_happens_once() throws Exception {
        var first = append("cart-1", 0, key("k#1"), "a", "b");
        var second = append("cart-1", 0, key("k#1"), "a", "b");
        assertThat(first).isEqualTo(new Appended(2, 2, false));
        assertThat(second).isEqualTo(new Appended(2, 2, true));
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void a_repetition_is_told_what_the_first_append_left() throws Exception {
        append("cart-1", 0, key("k#1"), "a");
        append("cart-1", 1, key("k#2"), "b");
        append("cart-2", 0, "c");
        assertThat(append("cart-1", 0, key("k#1"), "a")).isEqualTo(new Appended(1, 1, true));
        assertThat(append("cart-1", 1, key("k#2"), "b")).isEqualTo(new Appended(2, 2, true));
    }

    @Test
    void a_repetition_stores_nothing_whatever_it_holds() throws Exception {
        append("cart-1", 0, key("k#1"), "a");
        assertThat(append("order-7", 0, key("k#1"), "b", "c")).isEqualTo(new Appended(1, 1, true));
        assertThat(types(store.log(0, 10))).containsExactly("a");
        assertThat(store.stream("order-7", 0, 10)).isEmpty();
    }

    @Test
    void a_repetition_is_no_conflict() throws Exception {
        append("cart-1", 0, key("k#1"), "a");
        append("cart-1", 1, "b");
        assertThat(append("cart-1", 5, key("k#1"), "a").repeated()).isTrue();
    }

    @Test
    void different_keys_append_each() throws Exception {
        for (var key : List.of("k#1", "k#2", "K#1", "k#10"))
            append("cart-1", EventStore.ANY_VERSION, key(key), key);
        assertThat(types(store.log(0, 10))).containsExactly("k#1", "k#2", "K#1", "k#10");
    }

    @Test
    void appends_without_a_key_are_no_repetitions() throws Exception {
        append("cart-1", EventStore.ANY_VERSION, "a");
        append("cart-1", EventStore.ANY_VERSION, "a");
        assertThat(store.stream("cart-1", 0, 10)).hasSize(2);
        assertThat(store.appended("")).isEmpty();
    }

    @Test
    void an_append_is_found_by_its_key() throws Exception {
        append("cart-1", 0, "a");
        var before = store.appended("k#1");
        append("cart-1", 1, key("k#1"), "b", "c");
        append("cart-1", 3, "d");
        assertThat(before).isEmpty();
        assertThat(store.appended("k#1")).isEqualTo(Optional.of(new Appended(3, 3, true)));
    }

    @Test
    void an_append_to_several_streams_is_found_by_its_key() throws Exception {
        append("cart-1", 0, "a");
        store.append(
                List.of(
                        new Append("cart-1", 1, events("b", "c")),
                        new Append("order-9", 0, events("d"))),
                key("k#1"));
        assertThat(store.appended("k#1")).isEqualTo(Optional.of(new Appended(4, 1, true)));
    }

    @Test
    void a_conflict_leaves_the_key_unused() throws Exception {
        append("cart-1", 0, "a");
        assertThatThrownBy(() -> append("cart-1", 0, key("k#1"), "b"))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(store.appended("k#1")).isEmpty();
        assertThat(append("cart-1", 1, key("k#1"), "b")).isEqualTo(new Appended(2, 2, false));
    }

    @Test
    void one_of_many_racers_with_a_key_stores() throws Exception {
        var appended =
                race(
                        RACERS,
                        racer ->
                                append(
                                        "cart-" + racer,
                                        EventStore.ANY_VERSION,
                                        key("k#1"),
                                        "a",
                                        "b"));
        assertThat(appended).filteredOn(one -> !one.repeated()).hasSize(1);
        assertThat(appended).extracting(Appended::position).containsOnly(2L);
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void racers_with_many_keys_store_each_once() throws Exception {
        race(
                RACERS,
                racer -> {
                    for (int i = 0; i < 8; i++)
                        append("cart-1", EventStore.ANY_VERSION, key("k#" + i), "a" + i);
                    return true;
                });
        assertThat(types(store.log(0, 1_000)))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 8).mapToObj(i -> "a" + i).toList());
    }

    // Limits

    @Test
    void the_most_events_fit_into_one_append() throws Exception {
        var most = Collections.nCopies(EventStore.MAX_EVENTS, new NewEvent("a", new byte[2]));
        assertThat(store.append(List.of(new Append("cart-1", 0, most)), Origin.NONE))
                .isEqualTo(new Appended(EventStore.MAX_EVENTS, EventStore.MAX_EVENTS, false));
        assertThat(store.stream("cart-1", 0, 2_000)).hasSize(EventStore.MAX_EVENTS);
    }

    @Test
    void more_events_than_that_are_refused() throws Exception {
        var half =
                Collections.nCopies(EventStore.MAX_EVENTS / 2 + 1, new NewEvent("a", new byte[2]));
        assertThatThrownBy(() ->
                        store.append(
                                List.of(
                                        new Append("cart-1", 0, half),
                                        new Append("cart-2", 0, half)),
                                Origin.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000")
                .hasMessageContaining("1002");
        assertThat(store.head()).isEqualTo(0);
    }

    @Test
    void the_most_bytes_fit_into_one_append() throws Exception {
        var bytes = new byte[EventStore.MAX_BYTES];
        bytes[bytes.length - 1] = 7;
        store.append(
                List.of(new Append("cart-1", 0, List.of(new NewEvent("a", bytes)))), Origin.NONE);
        assertThat(store.log(0, 1).getFirst().data()).isEqualTo(bytes);
    }

    @Test
    void more_bytes_than_that_are_refused() throws Exception {
        var half = new NewEvent("a", new byte[EventStore.MAX_BYTES / 2 + 1]);
        assertThatThrownBy(() ->
                        store.append(
                                List.of(new Append("cart-1", 0, List.of(half, half))), Origin.NONE))
                .isInstanceOf(Failure.TooLarge.class)
                .hasMessageContaining(String.valueOf(EventStore.MAX_BYTES));
        assertThat(store.head()).isEqualTo(0);
    }

    @Test
    void a_stream_that_is_named_twice_is_refused() throws Exception {
        assertThatThrownBy(() ->
                        store.append(
                                List.of(
                                        new Append("cart-1", 0, events("a")),
                                        new Append("cart-1", 1, events("b"))),
                                Origin.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cart-1");
        assertThat(store.head()).isEqualTo(0);
    }

    @Test
    void names_that_not_every_store_can_keep_are_refused_and_not_there() throws Exception {
        for (var name : List.of("cart-\0", "cart-\ud800", "\udc00")) {
            assertThatThrownBy(() -> append(name, 0, "a"))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> append("cart-1", 0, name))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> append("cart-1", tagged("a", name)))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(store.stream(name, 0, 1)).isEmpty();
            assertThat(store.streamBackwards(name, EventStore.END, 1)).isEmpty();
            assertThat(store.snapshot(name)).isEmpty();
            assertThat(store.metadata(name)).isEmpty();
        }
        append("cart-\ud83d\ude00", 0, "a");
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void an_append_of_nothing_is_refused() {
        assertThatThrownBy(() -> store.append(List.of(), Origin.NONE))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_read_of_nothing_is_refused() {
        for (int max : new int[] {0, -1}) {
            assertThatThrownBy(() -> store.log(0, max))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> store.stream("cart-1", 0, max))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    // Reads

    @Test
    void a_stream_is_read_behind_a_version() throws Exception {
        append("cart-1", 0, "a", "b");
        append("cart-2", 0, "x");
        append("cart-1", 2, "c", "d");
        assertThat(types(store.stream("cart-1", 1, 10))).containsExactly("b", "c", "d");
        assertThat(store.stream("cart-1", 4, 10)).isEmpty();
        assertThat(store.stream("cart-3", 0, 10)).isEmpty();
    }

    @Test
    void a_stream_is_read_in_parts() throws Exception {
        for (int i = 0; i < 7; i++) append("cart-1", i, "a" + i);
        var read = new ArrayList<StoredEvent>();
        var part = store.stream("cart-1", 0, 3);
        while (!part.isEmpty()) {
            assertThat(part).hasSizeLessThanOrEqualTo(3);
            read.addAll(part);
            part = store.stream("cart-1", read.getLast().version(), 3);
        }
        assertThat(types(read)).containsExactly("a0", "a1", "a2", "a3", "a4", "a5", "a6");
    }

    @Test
    void the_log_is_read_behind_a_position() throws Exception {
        append("cart-1", 0, "a", "b");
        append("cart-2", 0, "c");
        assertThat(types(store.log(1, 10))).containsExactly("b", "c");
        assertThat(types(store.log(1, 1))).containsExactly("b");
        assertThat(store.log(3, 10)).isEmpty();
        assertThat(store.log(99, 10)).isEmpty();
    }

    @Test
    void stream_and_log_hold_the_same() throws Exception {
        append("cart-1", 0, key("k#1"), "a");
        append("cart-2", 0, "b");
        append("cart-1", 1, "c");
        var ofLog = store.log(0, 10).stream().filter(e -> e.stream().equals("cart-1")).toList();
        assertThat(ofLog).hasSize(2);
        assertThat(store.stream("cart-1", 0, 10)).usingRecursiveComparison().isEqualTo(ofLog);
    }

    @Test
    void what_was_appended_is_seen_by_the_next_read() throws Exception {
        race(
                8,
                racer -> {
                    for (int i = 0; i < 25; i++) {
                        var appended = append("cart-" + racer, i, "a" + i);
                        assertThat(store.head()).isGreaterThanOrEqualTo(appended.position());
                        assertThat(store.stream("cart-" + racer, i, 10)).hasSize(1);
                        assertThat(store.log(appended.position() - 1, 1).getFirst().stream())
                                .isEqualTo("cart-" + racer);
                    }
                    return true;
                });
    }

    @Test
    void a_reader_never_sees_a_gap_while_others_write() throws Exception {
        var writing = new AtomicInteger(8);
        var reader =
                begin(() -> {
                    long seen = 0;
                    while (true) {
                        boolean last = writing.get() == 0;
                        for (var event : store.log(seen, 100))
                            assertThat(event.position()).isEqualTo(++seen);
                        if (last && store.head() == seen) return seen;
                    }
                });
        race(
                8,
                racer -> {
                    try {
                        for (int i = 0; i < 40; i++) {
                            appends("cart-" + i % 4, i, "a");
                            append("cart-" + racer, EventStore.ANY_VERSION, "b", "c");
                        }
                    } finally {
                        writing.decrementAndGet();
                    }
                    return true;
                });
        assertThat(result(reader)).isGreaterThanOrEqualTo(8 * 40 * 2);
    }

    // Waiting

    @Test
    void who_waits_for_what_is_there_does_not_wait() throws Exception {
        append("cart-1", 0, "a", "b");
        assertThat(store.awaitBeyond(1, LONG)).isEqualTo(2);
    }

    @Test
    void who_waits_longer_than_nothing_comes_is_told_the_head() throws Exception {
        append("cart-1", 0, "a");
        long begun = SystemTime.INSTANCE.nanos();
        assertThat(store.awaitBeyond(1, Duration.ofMillis(80))).isEqualTo(1);
        assertThat(SystemTime.INSTANCE.nanos() - begun).isBetween(80_000_000L, LONG.toNanos() / 2);
        assertThat(store.awaitBeyond(1, Duration.ZERO)).isEqualTo(1);
    }

    @Test
    void an_append_wakes_who_waits() throws Exception {
        for (int i = 0; i < 20; i++) {
            long head = i;
            var waiter = begin(() -> store.awaitBeyond(head, LONG));
            append("cart-1", i, "a");
            assertThat(result(waiter)).isEqualTo(head + 1);
        }
    }

    @Test
    void an_append_wakes_all_who_wait() throws Exception {
        var waiters = new ArrayList<Begun<Long>>();
        for (int i = 0; i < RACERS; i++) waiters.add(begin(() -> store.awaitBeyond(0, LONG)));
        for (var waiter : waiters) awaitBlocked(waiter.thread());
        append("cart-1", 0, "a");
        for (var waiter : waiters) assertThat(result(waiter)).isEqualTo(1);
    }

    @Test
    void who_waits_for_more_is_not_content_with_less() throws Exception {
        var waiter = begin(() -> store.awaitBeyond(2, LONG));
        append("cart-1", 0, "a");
        append("cart-1", 1, "b");
        append("cart-1", 2, "c");
        assertThat(result(waiter)).isEqualTo(3);
    }

    @Test
    void who_waits_can_be_interrupted() throws Exception {
        var waiter = begin(() -> store.awaitBeyond(0, LONG));
        awaitBlocked(waiter.thread());
        waiter.thread().interrupt();
        assertThatThrownBy(() -> result(waiter)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void an_interrupted_append_happened_or_did_not() throws Exception {
        var untold = new AtomicInteger();
        var told = new AtomicInteger();
        for (int i = 0; i < 50; i++) {
            int number = i;
            var racer =
                    begin(() -> {
                        try {
                            append("cart-" + number, 0, "a");
                            told.incrementAndGet();
                        } catch (InterruptedException e) {
                            assertThat(store.stream("cart-" + number, 0, 1)).isEmpty();
                            untold.incrementAndGet();
                        }
                        return true;
                    });
            if (i % 2 == 1) racer.thread().interrupt();
            result(racer);
        }
        assertThat(told.get() + untold.get()).isEqualTo(50);
        assertThat(store.head()).isEqualTo(told.get()).isGreaterThanOrEqualTo(25);
        assertGapless();
    }

    // Life

    @Test
    void reopening_keeps_its_promise_about_events() throws Exception {
        append("cart-1", 0, "a", "b");
        append("cart-2", 0, key("k#1"), "c");
        var before = store.log(0, 10);
        assertThat(before).hasSize(3);
        closeAndReopen();
        if (survivesReopening()) {
            assertThat(store.log(0, 10)).usingRecursiveComparison().isEqualTo(before);
            assertThat(append("cart-1", 2, "d")).isEqualTo(new Appended(4, 3, false));
        } else {
            assertThat(store.head()).isEqualTo(0);
            assertThat(append("cart-1", 0, "d")).isEqualTo(new Appended(1, 1, false));
        }
    }

    @Test
    void reopening_keeps_its_promise_about_keys() throws Exception {
        append("cart-1", 0, key("k#1"), "a");
        closeAndReopen();
        assertThat(append("cart-1", EventStore.ANY_VERSION, key("k#1"), "a").repeated())
                .isEqualTo(survivesReopening());
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void reopening_keeps_its_promise_about_what_racers_were_told() throws Exception {
        var stop = new AtomicBoolean();
        var begun = new CountDownLatch(RACERS);
        var racers = new ArrayList<Begun<Long>>();
        for (int i = 0; i < RACERS; i++) {
            int racer = i;
            racers.add(begin(() -> appendsUntil(stop, begun, racer)));
        }
        begun.await();
        store.close();
        stop.set(true);
        long told = 0;
        for (var racer : racers) told += result(racer);
        store = reopen();
        assertThat(told).isGreaterThanOrEqualTo(RACERS);
        assertThat(store.head()).isEqualTo(survivesReopening() ? told : 0);
    }

    /** Tells how many appends were acknowledged before the store was closed. */
    private long appendsUntil(AtomicBoolean stop, CountDownLatch begun, int racer)
            throws InterruptedException {
        long told = 0;
        while (!stop.get()) {
            try {
                assertThat(append("cart-" + racer, told, "a").version()).isEqualTo(told + 1);
            } catch (Failure.Storage e) {
                return told;
            } finally {
                begun.countDown();
            }
            told++;
        }
        return told;
    }

    @Test
    void nothing_goes_after_closing() throws Exception {
        append("cart-1", 0, "a");
        store.close();
        store.close();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        () -> append("cart-1", 1, "b"),
                        () -> store.head(),
                        () -> store.log(0, 1),
                        () -> store.stream("cart-1", 0, 1),
                        () -> store.appended("k#1"),
                        () -> store.awaitBeyond(0, Duration.ZERO)))
            assertThatThrownBy(use::call)
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("closed");
    }

    @Test
    void closing_wakes_who_waits() throws Exception {
        var waiter = begin(() -> store.awaitBeyond(0, LONG));
        awaitBlocked(waiter.thread());
        store.close();
        assertThatThrownBy(() -> result(waiter)).isInstanceOf(Failure.Storage.class);
    }
}
