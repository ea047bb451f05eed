package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.core.Trace;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Snapshots, metadata, and what a trace brought about. */
abstract class EventStoreKeepCases extends EventStoreTagCases {

    // Snapshots

    private static Snapshot snapshot(String stream, long version, int typeVersion, String data) {
        return new Snapshot(stream, version, "cart", typeVersion, bytes(data));
    }

    private String kept(String stream) {
        return store.snapshot(stream)
                .map(it ->
                        it.stream()
                                + " at "
                                + it.version()
                                + " as "
                                + it.type()
                                + " "
                                + it.typeVersion()
                                + ": "
                                + new String(it.data(), StandardCharsets.UTF_8))
                .orElse("none");
    }

    @Test
    void a_snapshot_comes_back_as_it_was() throws Exception {
        append("cart-1", 0, "a", "b");
        assertThat(store.snapshot("cart-1")).isEmpty();
        store.keep(snapshot("cart-1", 2, 3, "{\"é\":1}"));
        assertThat(kept("cart-1")).isEqualTo("cart-1 at 2 as cart 3: {\"é\":1}");
        assertThat(kept("cart-10")).isEqualTo("none");
    }

    @Test
    void a_newer_snapshot_takes_the_place_of_an_older_one() throws Exception {
        append("cart-1", 0, "a", "b", "c");
        store.keep(snapshot("cart-1", 1, 1, "one"));
        store.keep(snapshot("cart-1", 3, 1, "three"));
        assertThat(kept("cart-1")).endsWith("at 3 as cart 1: three");
    }

    @Test
    void an_older_snapshot_does_not_take_the_place_of_a_newer_one() throws Exception {
        append("cart-1", 0, "a", "b", "c");
        store.keep(snapshot("cart-1", 3, 1, "three"));
        store.keep(snapshot("cart-1", 2, 1, "two"));
        store.keep(snapshot("cart-1", 3, 1, "again"));
        assertThat(kept("cart-1")).endsWith("at 3 as cart 1: three");
    }

    @Test
    void a_snapshot_of_another_type_takes_the_place_whatever_its_version() throws Exception {
        append("cart-1", 0, "a", "b", "c");
        store.keep(snapshot("cart-1", 3, 1, "three"));
        store.keep(snapshot("cart-1", 2, 2, "two"));
        assertThat(kept("cart-1")).endsWith("at 2 as cart 2: two");
        store.keep(new Snapshot("cart-1", 1, "basket", 2, bytes("one")));
        assertThat(kept("cart-1")).endsWith("at 1 as basket 2: one");
    }

    @Test
    void there_is_no_snapshot_of_what_has_not_happened() throws Exception {
        append("cart-1", 0, "a", "b");
        for (var ahead : List.of(snapshot("cart-1", 3, 1, "x"), snapshot("cart-2", 1, 1, "x")))
            assertThatThrownBy(() -> store.keep(ahead))
                    .isInstanceOf(Failure.Conflict.class)
                    .hasMessageContaining(ahead.stream())
                    .hasMessageContaining(String.valueOf(ahead.version()));
        assertThat(kept("cart-1")).isEqualTo("none");
    }

    @Test
    void a_snapshot_is_no_event() throws Exception {
        append("cart-1", 0, "a");
        store.keep(snapshot("cart-1", 1, 1, "one"));
        assertThat(store.head()).isEqualTo(1);
        assertThat(append("cart-1", 1, "b").position()).isEqualTo(2);
        assertThat(kept("cart-1")).endsWith(": one");
    }

    @Test
    void the_largest_snapshot_is_kept() throws Exception {
        append("cart-1", 0, "a");
        var data = new byte[EventStore.MAX_BYTES];
        data[data.length - 1] = 7;
        store.keep(new Snapshot("cart-1", 1, "cart", 1, data));
        assertThat(store.snapshot("cart-1").orElseThrow().data()).isEqualTo(data);
    }

    @Test
    void of_racing_snapshots_the_newest_stays() throws Exception {
        append("cart-1", 0, Collections.nCopies(16, "a").toArray(String[]::new));
        race(
                16,
                racer -> {
                    store.keep(snapshot("cart-1", racer + 1, 1, "of " + (racer + 1)));
                    return true;
                });
        assertThat(kept("cart-1")).endsWith("at 16 as cart 1: of 16");
    }

    @Test
    void reopening_keeps_its_promise_about_snapshots() throws Exception {
        append("cart-1", 0, "a");
        store.keep(snapshot("cart-1", 1, 1, "one"));
        assertThat(kept("cart-1")).endsWith(": one");
        closeAndReopen();
        assertThat(kept("cart-1").equals("none")).isEqualTo(!survivesReopening());
    }

    // Metadata

    private String described(String stream) {
        return store.metadata(stream)
                .map(it -> it.version() + " " + new String(it.data(), StandardCharsets.UTF_8))
                .orElse("none");
    }

    @Test
    void metadata_is_replaced_and_counted() throws Exception {
        assertThat(store.metadata("cart-1")).isEmpty();
        assertThat(store.describe("cart-1", 0, bytes("{\"é\":1}"))).isEqualTo(1);
        assertThat(described("cart-1")).isEqualTo("1 {\"é\":1}");
        assertThat(store.describe("cart-1", 1, bytes("{}"))).isEqualTo(2);
        assertThat(described("cart-1")).isEqualTo("2 {}");
        assertThat(described("cart-2")).isEqualTo("none");
    }

    @Test
    void metadata_of_another_version_conflicts() throws Exception {
        store.describe("cart-1", 0, bytes("a"));
        for (long wrong : new long[] {0, 2, 17})
            assertThatThrownBy(() -> store.describe("cart-1", wrong, bytes("b")))
                    .isInstanceOf(Failure.Conflict.class)
                    .hasMessageContaining("cart-1")
                    .hasMessageContaining("version 1")
                    .hasMessageContaining(String.valueOf(wrong));
        assertThatThrownBy(() -> store.describe("cart-2", 1, bytes("b")))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(described("cart-1")).isEqualTo("1 a");
    }

    @Test
    void metadata_is_replaced_at_whatever_version() throws Exception {
        for (int i = 1; i <= 3; i++)
            assertThat(store.describe("cart-1", EventStore.ANY_VERSION, bytes("m" + i)))
                    .isEqualTo(i);
        assertThat(described("cart-1")).isEqualTo("3 m3");
    }

    @Test
    void one_of_many_racers_for_metadata_wins() throws Exception {
        var won =
                race(RACERS, racer -> tries(() -> store.describe("cart-1", 0, bytes("m" + racer))));
        assertThat(Collections.frequency(won, true)).isEqualTo(1);
        assertThat(described("cart-1")).isEqualTo("1 m" + won.indexOf(true));
    }

    @Test
    void the_most_metadata_fits_and_more_is_refused() throws Exception {
        var most = new byte[EventStore.MAX_METADATA_BYTES];
        store.describe("cart-1", 0, most);
        assertThat(store.metadata("cart-1").orElseThrow().data()).isEqualTo(most);
        assertThatThrownBy(() -> store.describe("cart-1", 1, new byte[most.length + 1]))
                .isInstanceOf(Failure.TooLarge.class)
                .hasMessageContaining(String.valueOf(most.length));
        assertThatThrownBy(() -> store.describe("", 0, most))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void metadata_is_no_event() throws Exception {
        store.describe("cart-1", 0, bytes("{}"));
        assertThat(store.head()).isEqualTo(0);
        assertThat(append("cart-1", 0, "a").position()).isEqualTo(1);
        assertThat(described("cart-1")).isEqualTo("1 {}");
    }

    @Test
    void reopening_keeps_its_promise_about_metadata() throws Exception {
        store.describe("cart-1", 0, bytes("{}"));
        closeAndReopen();
        assertThat(store.describe("cart-1", EventStore.ANY_VERSION, bytes("{}")))
                .isEqualTo(survivesReopening() ? 2 : 1);
    }

    @Test
    void nothing_is_kept_after_closing() throws Exception {
        append("cart-1", 0, "a");
        store.close();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        () -> store.snapshot("cart-1"),
                        () -> store.metadata("cart-1"),
                        () -> store.describe("cart-1", 0, bytes("{}")),
                        () -> {
                            store.keep(snapshot("cart-1", 1, 1, "one"));
                            return true;
                        }))
            assertThatThrownBy(use::call)
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("closed");
    }

    // Correlation

    private static Trace trace() {
        return Trace.start(SystemTime.INSTANCE, true);
    }

    @Test
    void the_last_event_of_a_trace_is_found() throws Exception {
        var one = trace();
        var other = trace();
        append("cart-1", one, "a", "b");
        append("cart-2", other, "c");
        append("cart-3", one, "d");
        append("cart-4", 0, "e");
        assertThat(store.lastOf(one.traceId(), 0)).isEqualTo(4);
        assertThat(store.lastOf(other.traceId(), 0)).isEqualTo(3);
        assertThat(store.lastOf(trace().traceId(), 0)).isEqualTo(0);
    }

    @Test
    void the_last_event_of_a_trace_is_looked_for_behind_a_position() throws Exception {
        var trace = trace();
        append("cart-1", trace, "a", "b");
        append("cart-2", 0, "c");
        assertThat(store.lastOf(trace.traceId(), 1)).isEqualTo(2);
        assertThat(store.lastOf(trace.traceId(), 2)).isEqualTo(0);
        assertThat(store.lastOf(trace.traceId(), 99)).isEqualTo(0);
    }

    @Test
    void the_spans_of_a_trace_are_one_correlation() throws Exception {
        var trace = trace();
        append("cart-1", trace, "a");
        append("cart-1", trace.child(SystemTime.INSTANCE), "b");
        assertThat(store.lastOf(trace.traceId(), 0)).isEqualTo(2);
        assertThat(store.log(0, 10))
                .extracting(event -> event.origin().correlation())
                .containsOnly(trace.traceId())
                .hasSize(2);
    }
}
