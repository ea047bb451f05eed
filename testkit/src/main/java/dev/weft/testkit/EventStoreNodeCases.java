package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.events.Origin;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several stores on one log, as instances of one service have them. */
abstract class EventStoreNodeCases extends EventStoreKeepCases {

    private final List<EventStore> nodes = new ArrayList<>();

    @AfterEach
    void closeNodes() {
        nodes.forEach(EventStore::close);
    }

    private EventStore another() throws Exception {
        var node = node();
        nodes.add(node);
        return node;
    }

    private static boolean appends(EventStore node, String stream, long version, String type)
            throws InterruptedException {
        try {
            node.append(List.of(new Append(stream, version, events(type))), Origin.NONE);
            return true;
        } catch (Failure.Conflict e) {
            return false;
        }
    }

    @Test
    void a_node_keeps_its_promise_about_what_was_there_before_it() throws Exception {
        append("cart-1", 0, "a", "b");
        var node = another();
        assertThat(types(node.log(0, 10))).isEqualTo(shared() ? List.of("a", "b") : List.of());
        assertThat(appends(node, "cart-1", 2, "c")).isEqualTo(shared());
        assertThat(store.head()).isEqualTo(shared() ? 3 : 2);
    }

    @Test
    void a_node_keeps_its_promise_about_what_others_append() throws Exception {
        var node = another();
        append("cart-1", 0, "a");
        assertThat(node.head()).isEqualTo(shared() ? 1 : 0);
        assertThat(node.stream("cart-1", 0, 10)).hasSize(shared() ? 1 : 0);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void a_node_keeps_its_promise_about_keys_of_others() throws Exception {
        var node = another();
        append("cart-1", 0, key("k#1"), "a");
        assertThat(node.appended("k#1").isPresent()).isEqualTo(shared());
        assertThat(
                        node.append(List.of(new Append("cart-1", 0, events("a"))), key("k#1"))
                                .repeated())
                .isEqualTo(shared());
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void a_node_keeps_its_promise_about_tags_of_others() throws Exception {
        var node = another();
        append("cart-1", tagged("a", "email:x"));
        assertThat(node.log(tag("email:x"), 0, 10)).hasSize(shared() ? 1 : 0);
        if (shared())
            assertThatThrownBy(() ->
                            append(node, "cart-2", tagged("a", "email:x"), none(tag("email:x"))))
                    .isInstanceOf(Failure.Conflict.class);
        else
            assertThat(
                            append(node, "cart-2", tagged("a", "email:x"), none(tag("email:x")))
                                    .position())
                    .isEqualTo(1);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void a_node_keeps_its_promise_about_snapshots_and_metadata_of_others() throws Exception {
        var node = another();
        append("cart-1", 0, "a");
        store.keep(new Snapshot("cart-1", 1, "cart", 1, bytes("one")));
        store.describe("cart-1", 0, bytes("{}"));
        assertThat(node.snapshot("cart-1").isPresent()).isEqualTo(shared());
        assertThat(node.metadata("cart-1").isPresent()).isEqualTo(shared());
        assertThat(store.metadata("cart-1")).isPresent();
    }

    @Test
    void a_node_keeps_its_promise_about_who_waits() throws Exception {
        var node = another();
        var waiter = begin(() -> node.awaitBeyond(0, shared() ? LONG : Duration.ofMillis(80)));
        awaitBlocked(waiter.thread());
        append("cart-1", 0, "a");
        assertThat(result(waiter)).isEqualTo(shared() ? 1 : 0);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void racers_on_nodes_for_a_version_win_as_often_as_there_are_logs() throws Exception {
        var all = List.of(store, another());
        var won = race(16, racer -> appends(all.get(racer % 2), "cart-1", 0, "a" + racer));
        assertThat(Collections.frequency(won, true)).isEqualTo(shared() ? 1 : 2);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void racers_on_nodes_for_a_tag_win_as_often_as_there_are_logs() throws Exception {
        var all = List.of(store, another());
        var won =
                race(
                        16,
                        racer -> {
                            try {
                                append(
                                        all.get(racer % 2),
                                        "cart-" + racer,
                                        tagged("a", "email:x"),
                                        none(tag("email:x")));
                                return true;
                            } catch (Failure.Conflict e) {
                                return false;
                            }
                        });
        assertThat(Collections.frequency(won, true)).isEqualTo(shared() ? 1 : 2);
        assertThat(store.log(tag("email:x"), 0, 10)).hasSize(1);
    }

    @Test
    void racers_on_nodes_with_a_key_store_once_in_each_log() throws Exception {
        var all = List.of(store, another());
        var appended =
                race(
                        16,
                        racer ->
                                all.get(racer % 2)
                                        .append(
                                                List.of(
                                                        new Append(
                                                                "cart-" + racer, 0, events("a"))),
                                                key("k#1")));
        assertThat(appended).filteredOn(one -> !one.repeated()).hasSize(shared() ? 1 : 2);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void racers_on_nodes_lose_nothing_and_leave_no_gap() throws Exception {
        var all = List.of(store, another(), another());
        race(
                6,
                racer -> {
                    for (int i = 0; i < 10; i++)
                        assertThat(appends(all.get(racer % 3), "cart-" + racer, i, "a")).isTrue();
                    return true;
                });
        assertGapless();
        assertThat(store.head()).isEqualTo(shared() ? 60 : 20);
    }

    @Test
    void a_reader_of_a_node_never_sees_a_gap_while_others_write() throws Exception {
        var all = List.of(store, another());
        var watched = another();
        var writing = new AtomicInteger(4);
        var reader =
                begin(() -> {
                    long seen = 0;
                    while (true) {
                        boolean last = writing.get() == 0;
                        for (var event : watched.log(seen, 7))
                            assertThat(event.position()).isEqualTo(++seen);
                        if (last && watched.head() == seen) return seen;
                    }
                });
        race(
                4,
                racer -> {
                    try {
                        for (int i = 0; i < 15; i++)
                            assertThat(appends(all.get(racer % 2), "cart-" + racer, i, "a"))
                                    .isTrue();
                    } finally {
                        writing.decrementAndGet();
                    }
                    return true;
                });
        assertThat(result(reader)).isEqualTo(shared() ? 60 : 0);
        assertThat(store.head()).isEqualTo(shared() ? 60 : 30);
    }

    @Test
    void a_node_goes_on_when_another_closes() throws Exception {
        var node = another();
        append("cart-1", 0, "a");
        store.close();
        assertThat(appends(node, "cart-2", 0, "b")).isTrue();
        assertThat(node.head()).isEqualTo(shared() ? 2 : 1);
    }
}
