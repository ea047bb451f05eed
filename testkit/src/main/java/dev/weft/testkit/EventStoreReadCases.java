package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Reads backwards, and by what events are. */
abstract class EventStoreReadCases extends EventStoreCases {

    private static final long END = EventStore.END;

    /** Positions 1 to 7, in two categories and three streams. */
    private void shop() throws InterruptedException {
        append("cart-1", tagged("opened", "customer:ann", "shop:north"));
        append("cart-2", tagged("opened", "customer:bob", "shop:north"));
        append("cart-1", tagged("item-added", "customer:ann", "product:cup"));
        append("order-1", tagged("placed", "customer:ann"));
        append("cart-2", tagged("item-added", "customer:bob", "product:cup"));
        append("order-1", tagged("paid"));
        append("cart-1", tagged("closed", "customer:ann"));
    }

    private List<Long> found(EventQuery query) {
        return positions(store.log(query, 0, 100));
    }

    // Backwards

    @Test
    void a_stream_is_read_backwards_from_its_end() throws Exception {
        append("cart-1", 0, "a", "b");
        append("cart-2", 0, "x");
        append("cart-1", 2, "c");
        assertThat(types(store.streamBackwards("cart-1", END, 10))).containsExactly("c", "b", "a");
        assertThat(types(store.streamBackwards("cart-1", END, 2))).containsExactly("c", "b");
    }

    @Test
    void a_stream_is_read_backwards_before_a_version() throws Exception {
        append("cart-1", 0, "a", "b", "c", "d");
        assertThat(types(store.streamBackwards("cart-1", 3, 10))).containsExactly("b", "a");
        assertThat(types(store.streamBackwards("cart-1", 4, 1))).containsExactly("c");
        assertThat(store.streamBackwards("cart-1", 1, 10)).isEmpty();
        assertThat(store.streamBackwards("cart-1", 0, 10)).isEmpty();
    }

    @Test
    void a_stream_is_read_backwards_in_parts() throws Exception {
        for (int i = 0; i < 7; i++) append("cart-1", i, "a" + i);
        var read = new ArrayList<StoredEvent>();
        var part = store.streamBackwards("cart-1", END, 3);
        while (!part.isEmpty()) {
            read.addAll(part);
            part = store.streamBackwards("cart-1", read.getLast().version(), 3);
        }
        assertThat(types(read)).containsExactly("a6", "a5", "a4", "a3", "a2", "a1", "a0");
    }

    @Test
    void a_stream_that_is_not_there_is_empty_backwards() throws Exception {
        append("cart-1", 0, "a");
        assertThat(store.streamBackwards("cart-2", END, 10)).isEmpty();
        assertThat(store.streamBackwards("cart-1", END, 10)).hasSize(1);
    }

    @Test
    void the_last_event_of_a_stream_is_one_read_away() throws Exception {
        for (int i = 0; i < 3; i++) append("cart-1", 3L * i, "a" + i, "b" + i, "c" + i);
        append("cart-2", 0, "x");
        assertThat(types(store.streamBackwards("cart-1", END, 1))).containsExactly("c2");
    }

    @Test
    void the_log_is_read_backwards_from_its_end() throws Exception {
        append("cart-1", 0, "a", "b");
        append("cart-2", 0, "c");
        assertThat(positions(store.logBackwards(END, 10))).containsExactly(3L, 2L, 1L);
        assertThat(positions(store.logBackwards(END, 2))).containsExactly(3L, 2L);
        assertThat(positions(store.logBackwards(99, 1))).containsExactly(3L);
    }

    @Test
    void the_log_is_read_backwards_before_a_position() throws Exception {
        append("cart-1", 0, "a", "b", "c", "d");
        assertThat(positions(store.logBackwards(3, 10))).containsExactly(2L, 1L);
        assertThat(positions(store.logBackwards(4, 1))).containsExactly(3L);
        assertThat(store.logBackwards(1, 10)).isEmpty();
    }

    @Test
    void forwards_and_backwards_bring_the_same() throws Exception {
        shop();
        append("cart-9", 0, key("k#1"), "a");
        assertThat(store.logBackwards(END, 100).reversed())
                .usingRecursiveComparison()
                .isEqualTo(store.log(0, 100));
        assertThat(store.streamBackwards("cart-1", END, 100).reversed())
                .usingRecursiveComparison()
                .isEqualTo(store.stream("cart-1", 0, 100));
        assertThat(store.logBackwards(END, 100)).hasSize(8);
    }

    @Test
    void a_read_backwards_brings_little_of_large_events_but_at_least_one() throws Exception {
        var large = new byte[EventStore.MAX_READ_BYTES / 2];
        var largest = new byte[EventStore.MAX_BYTES];
        for (var data : List.of(largest, large, large, large))
            append("cart-1", new NewEvent("a", data));
        assertThat(positions(store.logBackwards(END, 10))).containsExactly(4L, 3L);
        assertThat(positions(store.streamBackwards("cart-1", END, 10))).containsExactly(4L, 3L);
        assertThat(positions(store.logBackwards(2, 10))).containsExactly(1L);
        assertThat(positions(store.streamBackwards("cart-1", 2, 10))).containsExactly(1L);
    }

    @Test
    void a_read_of_nothing_is_refused_whichever_way() {
        for (int max : new int[] {0, -1})
            for (Callable<?> read :
                    List.<Callable<?>>of(
                            () -> store.logBackwards(END, max),
                            () -> store.streamBackwards("cart-1", END, max),
                            () -> store.log(EventQuery.ALL, 0, max),
                            () -> store.logBackwards(EventQuery.ALL, END, max)))
                assertThatThrownBy(read::call)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(String.valueOf(max));
    }

    @Test
    void a_reader_backwards_never_sees_a_gap_while_others_write() throws Exception {
        var writing = new AtomicInteger(4);
        var reader =
                begin(() -> {
                    long longest = 0;
                    while (true) {
                        boolean last = writing.get() == 0;
                        var read = positions(store.logBackwards(END, 1_000)).reversed();
                        assertThat(read)
                                .isEqualTo(LongStream.rangeClosed(1, read.size()).boxed().toList());
                        longest = Math.max(longest, read.size());
                        if (last) return longest;
                    }
                });
        race(
                4,
                racer -> {
                    try {
                        for (int i = 0; i < 30; i++)
                            append("cart-" + racer, EventStore.ANY_VERSION, "b", "c");
                    } finally {
                        writing.decrementAndGet();
                    }
                    return true;
                });
        assertThat(result(reader)).isEqualTo(4 * 30 * 2);
    }

    // By type, category and tag

    @Test
    void events_of_a_type_are_found_in_all_streams() throws Exception {
        shop();
        assertThat(found(type("opened"))).containsExactly(1L, 2L);
        assertThat(found(type("opened", "paid"))).containsExactly(1L, 2L, 6L);
    }

    @Test
    void events_of_a_category_are_found() throws Exception {
        shop();
        assertThat(found(category("order"))).containsExactly(4L, 6L);
        assertThat(found(category("cart"))).containsExactly(1L, 2L, 3L, 5L, 7L);
    }

    @Test
    void a_category_is_no_beginning_of_a_name() throws Exception {
        for (var stream : List.of("cart-1", "carts-1", "cart", "car-t-1", "CART-1", "cart-"))
            append(stream, 0, "a");
        assertThat(found(category("cart"))).containsExactly(1L, 6L);
        assertThat(found(category("car"))).containsExactly(4L);
    }

    @Test
    void events_with_a_tag_are_found_in_all_streams() throws Exception {
        shop();
        assertThat(found(tag("customer:ann"))).containsExactly(1L, 3L, 4L, 7L);
        assertThat(found(tag("product:cup"))).containsExactly(3L, 5L);
    }

    @Test
    void several_tags_are_all_wanted() throws Exception {
        shop();
        assertThat(found(tag("customer:ann", "product:cup"))).containsExactly(3L);
        assertThat(found(tag("product:cup", "customer:ann"))).containsExactly(3L);
        assertThat(found(tag("shop:north", "customer:ann", "product:cup"))).isEmpty();
    }

    @Test
    void type_category_and_tag_together_narrow() throws Exception {
        shop();
        assertThat(found(tag("customer:ann").ofTypes("opened", "placed"))).containsExactly(1L, 4L);
        assertThat(found(tag("customer:ann").in("order"))).containsExactly(4L);
        assertThat(found(category("cart").ofTypes("item-added", "paid"))).containsExactly(3L, 5L);
        assertThat(found(tag("customer:ann").in("order").ofTypes("paid"))).isEmpty();
    }

    @Test
    void alternatives_are_brought_in_order_and_each_event_once() throws Exception {
        shop();
        assertThat(found(type("paid").or(tag("customer:ann")).or(type("opened"))))
                .containsExactly(1L, 2L, 3L, 4L, 6L, 7L);
    }

    @Test
    void all_is_the_log() throws Exception {
        shop();
        assertThat(store.log(EventQuery.ALL, 2, 3))
                .usingRecursiveComparison()
                .isEqualTo(store.log(2, 3));
        assertThat(found(EventQuery.ALL)).hasSize(7);
    }

    @Test
    void what_nothing_is_is_found_nowhere() throws Exception {
        shop();
        assertThat(found(tag("customer:eve"))).isEmpty();
        assertThat(found(type("lost"))).isEmpty();
        assertThat(found(category("ship"))).isEmpty();
        assertThat(found(tag("customer:ann"))).isNotEmpty();
    }

    @Test
    void similar_tags_and_types_are_different() throws Exception {
        var names =
                List.of("a", "A", "a ", "a:1", "a:10", "é", "e\u0301", "%", "a'b", "a\"b", "😀");
        for (var name : names) append("cart-1", tagged(name, name));
        for (int i = 0; i < names.size(); i++) {
            assertThat(found(tag(names.get(i)))).containsExactly(i + 1L);
            assertThat(found(type(names.get(i)))).containsExactly(i + 1L);
        }
    }

    @Test
    void a_query_is_read_behind_a_position_in_parts() throws Exception {
        for (int i = 0; i < 20; i++)
            append("cart-" + i % 3, i % 2 == 0 ? tagged("a", "even") : tagged("b", "odd"));
        for (var query : List.of(tag("even"), type("a"), tag("even").or(type("a")))) {
            var read = new ArrayList<StoredEvent>();
            var part = store.log(query, 4, 3);
            while (!part.isEmpty()) {
                assertThat(part).hasSizeLessThanOrEqualTo(3);
                read.addAll(part);
                part = store.log(query, read.getLast().position(), 3);
            }
            assertThat(positions(read)).containsExactly(5L, 7L, 9L, 11L, 13L, 15L, 17L, 19L);
        }
    }

    @Test
    void a_query_is_read_backwards() throws Exception {
        shop();
        assertThat(positions(store.logBackwards(tag("customer:ann"), END, 10)))
                .containsExactly(7L, 4L, 3L, 1L);
        assertThat(positions(store.logBackwards(tag("customer:ann"), 7, 2)))
                .containsExactly(4L, 3L);
        assertThat(positions(store.logBackwards(category("cart"), 5, 2))).containsExactly(3L, 2L);
        assertThat(positions(store.logBackwards(type("paid").or(tag("product:cup")), END, 2)))
                .containsExactly(6L, 5L);
        assertThat(store.logBackwards(tag("customer:ann"), 1, 10)).isEmpty();
    }

    @Test
    void a_query_brings_little_of_large_events_but_at_least_one() throws Exception {
        var largest = new byte[EventStore.MAX_BYTES - "large".length()];
        var large = new byte[EventStore.MAX_READ_BYTES / 2];
        for (var data : List.of(largest, large, large, large)) append("cart-1", data("a", data));
        assertThat(positions(store.log(tag("large"), 0, 10))).containsExactly(1L);
        assertThat(positions(store.log(tag("large"), 1, 10))).containsExactly(2L, 3L);
        assertThat(positions(store.logBackwards(tag("large"), END, 10))).containsExactly(4L, 3L);
        assertThat(positions(store.log(type("a"), 1, 10))).containsExactly(2L, 3L);
    }

    private static NewEvent data(String type, byte[] data) {
        return new NewEvent(type, 1, data, Set.of("large"));
    }

    @Test
    void a_query_brings_events_whole() throws Exception {
        var origin = new Origin("", "", "tenant=north", "background", "bell/3/0", "k#1");
        store.append(
                List.of(new Append("cart-1", 0, List.of(tagged("a", "y", "x"), tagged("b")))),
                origin);
        assertThat(store.log(tag("x"), 0, 10))
                .usingRecursiveComparison()
                .isEqualTo(store.log(0, 1));
        assertThat(store.log(tag("x"), 0, 10)).hasSize(1);
    }

    @Test
    void a_query_sees_what_was_appended_before_it() throws Exception {
        race(
                8,
                racer -> {
                    for (int i = 1; i <= 15; i++) {
                        append("cart-" + racer, tagged("a", "racer:" + racer, "all"));
                        assertThat(store.log(tag("racer:" + racer), 0, 100)).hasSize(i);
                    }
                    return true;
                });
        assertThat(store.log(tag("all"), 0, 1_000)).hasSize(120);
    }

    @Test
    void who_follows_a_query_misses_nothing_while_others_write() throws Exception {
        var writing = new AtomicInteger(4);
        var reader =
                begin(() -> {
                    var seen = new ArrayList<Long>();
                    while (true) {
                        boolean last = writing.get() == 0;
                        long after = seen.isEmpty() ? 0 : seen.getLast();
                        var part = positions(store.log(tag("wanted"), after, 7));
                        seen.addAll(part);
                        if (last && part.isEmpty()) return seen;
                    }
                });
        race(
                4,
                racer -> {
                    try {
                        for (int i = 0; i < 30; i++)
                            append(
                                    "cart-" + racer,
                                    i % 2 == 0 ? tagged("a", "wanted") : tagged("a"));
                    } finally {
                        writing.decrementAndGet();
                    }
                    return true;
                });
        assertThat(result(reader)).hasSize(60).isSorted().doesNotHaveDuplicates();
    }
}
