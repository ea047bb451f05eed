package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tags, versions of types, and conditions over streams. */
abstract class EventStoreTagCases extends EventStoreReadCases {

    // What is kept

    @Test
    void tags_come_back_with_each_event() throws Exception {
        append("cart-1", tagged("a", "email:a@b.c", "tenant:north"));
        append("cart-1", tagged("b"));
        assertThat(store.log(0, 10))
                .extracting(StoredEvent::tags)
                .containsExactly(Set.of("email:a@b.c", "tenant:north"), Set.of());
        assertThat(store.stream("cart-1", 0, 10))
                .extracting(StoredEvent::tags)
                .containsExactly(Set.of("email:a@b.c", "tenant:north"), Set.of());
    }

    @Test
    void the_most_and_longest_tags_come_back() throws Exception {
        var tags =
                IntStream.range(0, NewEvent.MAX_TAGS)
                        .mapToObj(i ->
                                i + "é".repeat(NewEvent.MAX_TAG - 2).concat("x").substring(i / 10))
                        .collect(Collectors.toSet());
        append("cart-1", tagged("a", tags.toArray(String[]::new)));
        assertThat(store.log(0, 1).getFirst().tags()).isEqualTo(tags);
        for (var tag : tags) assertThat(store.log(tag(tag), 0, 1)).hasSize(1);
    }

    @Test
    void the_version_of_its_type_comes_back_with_each_event() throws Exception {
        append("cart-1", new NewEvent("a", 3, bytes("{}"), Set.of()));
        append("cart-1", new NewEvent("a", bytes("{}")));
        append("cart-1", new NewEvent("a", Integer.MAX_VALUE, bytes("{}"), Set.of("t")));
        assertThat(store.log(0, 10))
                .extracting(StoredEvent::typeVersion)
                .containsExactly(3, 1, Integer.MAX_VALUE);
        assertThat(store.log(tag("t"), 0, 10).getFirst().typeVersion())
                .isEqualTo(Integer.MAX_VALUE);
    }

    // Conditions

    @Test
    void a_condition_that_holds_lets_an_append_pass() throws Exception {
        append("cart-1", tagged("a", "email:x"));
        assertThat(append("cart-2", tagged("a", "email:y"), none(tag("email:y"))))
                .isEqualTo(new Appended(2, 1, false));
    }

    @Test
    void an_event_that_a_condition_excludes_is_a_conflict() throws Exception {
        append("cart-1", tagged("a", "email:x"));
        assertThat(appends("cart-2", tagged("a", "email:x"), none(tag("email:x")))).isFalse();
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void a_broken_condition_names_the_query_and_the_position() throws Exception {
        append("cart-1", 0, Collections.nCopies(40, "a").toArray(String[]::new));
        append("cart-2", tagged("signed-up", "email:x"));
        assertThatThrownBy(() ->
                        append(
                                "cart-3",
                                tagged("signed-up", "email:x"),
                                new Condition(tag("email:x").ofTypes("signed-up"), 17)))
                .isInstanceOf(Failure.Conflict.class)
                .hasMessageContaining("email:x")
                .hasMessageContaining("signed-up")
                .hasMessageContaining("17")
                .hasMessageContaining("41");
    }

    @Test
    void what_was_there_before_the_position_does_not_matter() throws Exception {
        append("cart-1", tagged("a", "email:x"));
        append("cart-1", tagged("a", "email:x"));
        for (long after : new long[] {0, 1})
            assertThat(appends("cart-2", tagged("b"), new Condition(tag("email:x"), after)))
                    .isFalse();
        assertThat(appends("cart-2", tagged("b"), new Condition(tag("email:x"), 2))).isTrue();
    }

    @Test
    void a_condition_asks_for_types_too() throws Exception {
        append("cart-1", tagged("opened", "customer:ann"));
        assertThat(appends("x-1", tagged("a"), none(tag("customer:ann").ofTypes("closed"))))
                .isTrue();
        assertThat(
                        appends(
                                "x-1",
                                tagged("a"),
                                none(tag("customer:ann").ofTypes("closed", "opened"))))
                .isFalse();
        assertThat(appends("x-1", tagged("a"), none(type("opened")))).isFalse();
        assertThat(appends("x-1", tagged("a"), none(type("closed")))).isTrue();
    }

    @Test
    void a_condition_asks_for_the_category_too() throws Exception {
        append("cart-1", tagged("opened", "customer:ann"));
        assertThat(appends("x-1", tagged("a"), none(tag("customer:ann").in("order")))).isTrue();
        assertThat(appends("x-1", tagged("a"), none(tag("customer:ann").in("cart")))).isFalse();
        assertThat(appends("x-1", tagged("a"), none(category("cart")))).isFalse();
        assertThat(appends("x-1", tagged("a"), none(category("car")))).isTrue();
    }

    @Test
    void a_condition_of_several_tags_wants_all_in_one_event() throws Exception {
        append("cart-1", tagged("a", "customer:ann"));
        append("cart-1", tagged("a", "product:cup"));
        var both = none(tag("customer:ann", "product:cup"));
        assertThat(appends("x-1", tagged("b"), both)).isTrue();
        append("cart-1", tagged("a", "product:cup", "z", "customer:ann"));
        assertThat(appends("x-1", tagged("b"), both)).isFalse();
    }

    @Test
    void one_alternative_breaks_a_condition() throws Exception {
        append("cart-1", tagged("a", "customer:ann"));
        var query = tag("customer:bob").or(type("b")).or(tag("customer:ann"));
        assertThatThrownBy(() -> append("x-1", tagged("c"), none(query)))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(appends("x-1", tagged("c"), none(tag("customer:bob").or(type("b"))))).isTrue();
    }

    @Test
    void several_conditions_all_have_to_hold() throws Exception {
        append("cart-1", tagged("a", "customer:ann"));
        var holds = none(tag("customer:bob"));
        var broken = none(tag("customer:ann"));
        assertThat(appends("x-1", tagged("b"), holds, broken)).isFalse();
        assertThat(appends("x-1", tagged("b"), broken, holds)).isFalse();
        assertThat(appends("x-1", tagged("b"), holds, none(type("c")))).isTrue();
    }

    @Test
    void that_nothing_at_all_has_happened_is_a_condition() throws Exception {
        append("cart-1", tagged("a"));
        assertThat(appends("x-1", tagged("b"), new Condition(EventQuery.ALL, 1))).isTrue();
        assertThat(appends("x-1", tagged("b"), new Condition(EventQuery.ALL, 1))).isFalse();
        assertThat(appends("x-1", tagged("b"), new Condition(EventQuery.ALL, store.head())))
                .isTrue();
    }

    @Test
    void an_append_does_not_stand_against_itself() throws Exception {
        var events = List.of(tagged("a", "email:x"), tagged("a", "email:x"));
        assertThat(
                        store.append(
                                List.of(new Append("cart-1", 0, events)),
                                List.of(none(tag("email:x"))),
                                Origin.NONE))
                .isEqualTo(new Appended(2, 2, false));
    }

    @Test
    void versions_and_conditions_are_checked_together() throws Exception {
        append("cart-1", tagged("a", "email:x"));
        for (var wrong :
                List.of(List.of(0L, "email:y"), List.of(1L, "email:x"), List.of(0L, "email:x")))
            assertThatThrownBy(() ->
                            store.append(
                                    List.of(
                                            new Append(
                                                    "cart-1",
                                                    (long) wrong.getFirst(),
                                                    events("b"))),
                                    List.of(none(tag((String) wrong.getLast()))),
                                    Origin.NONE))
                    .isInstanceOf(Failure.Conflict.class);
        assertThat(store.head()).isEqualTo(1);
        store.append(
                List.of(new Append("cart-1", 1, events("b"))),
                List.of(none(tag("email:y"))),
                Origin.NONE);
        assertThat(store.head()).isEqualTo(2);
    }

    @Test
    void a_broken_condition_keeps_all_streams_out_and_leaves_no_gap() throws Exception {
        append("cart-1", tagged("a", "email:x"));
        assertThatThrownBy(() ->
                        store.append(
                                List.of(
                                        new Append("cart-1", 1, events("b")),
                                        new Append("cart-2", 0, events("c"))),
                                List.of(none(tag("email:x"))),
                                key("k#1")))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(store.appended("k#1")).isEmpty();
        assertThat(append("cart-2", 0, key("k#1"), "c")).isEqualTo(new Appended(2, 1, false));
    }

    @Test
    void a_repetition_is_not_asked_for_its_conditions() throws Exception {
        var append = List.of(new Append("cart-1", 0, List.of(tagged("a", "email:x"))));
        var condition = List.of(none(tag("email:x")));
        assertThat(store.append(append, condition, key("k#1")))
                .isEqualTo(new Appended(1, 1, false));
        assertThat(store.append(append, condition, key("k#1"))).isEqualTo(new Appended(1, 1, true));
        assertThatThrownBy(() -> store.append(append, condition, key("k#2")))
                .isInstanceOf(Failure.Conflict.class);
    }

    @Test
    void one_of_many_racers_for_a_tag_wins() throws Exception {
        var won =
                race(
                        RACERS,
                        racer ->
                                appends(
                                        "cart-" + racer,
                                        tagged("a" + racer, "email:x"),
                                        none(tag("email:x"))));
        assertThat(Collections.frequency(won, true)).isEqualTo(1);
        assertThat(types(store.log(tag("email:x"), 0, 10)))
                .containsExactly("a" + won.indexOf(true));
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void one_of_many_racers_for_a_type_wins() throws Exception {
        var won =
                race(
                        RACERS,
                        racer -> appends("cart-" + racer, tagged("first"), none(type("first"))));
        assertThat(Collections.frequency(won, true)).isEqualTo(1);
        assertThat(store.head()).isEqualTo(1);
    }

    @Test
    void racers_for_different_tags_all_win() throws Exception {
        var won =
                race(
                        RACERS,
                        racer ->
                                appends(
                                        "cart-" + racer % 4,
                                        tagged("a", "email:" + racer),
                                        none(tag("email:" + racer))));
        assertThat(won).containsOnly(true);
        assertGapless();
        assertThat(store.head()).isEqualTo(RACERS);
    }

    @Test
    void a_limit_over_streams_holds_whoever_races() throws Exception {
        race(
                8,
                racer -> {
                    for (int i = 0; i < 5; i++) enrol("student-" + racer + "-" + i, 10);
                    return true;
                });
        assertThat(store.log(tag("course:7"), 0, 100)).hasSize(10);
        assertGapless();
    }

    /** Reads, decides, appends unless something came in between; again if it did. */
    private void enrol(String student, int places) throws InterruptedException {
        while (true) {
            var taken = store.log(tag("course:7"), 0, 100);
            if (taken.size() >= places) return;
            long seen = taken.isEmpty() ? 0 : taken.getLast().position();
            if (appends(
                    student, tagged("enrolled", "course:7"), new Condition(tag("course:7"), seen)))
                return;
        }
    }

    @Test
    void money_is_not_spent_twice_over_two_streams() throws Exception {
        race(
                8,
                racer -> {
                    for (int i = 0; i < 5; i++) {
                        var account = tag("account:" + racer % 2);
                        var seen = store.log(account, 0, 100);
                        long last = seen.isEmpty() ? 0 : seen.getLast().position();
                        if (seen.size() < 3)
                            appends(
                                    "purse-" + racer,
                                    tagged("spent", "account:" + racer % 2),
                                    new Condition(account, last));
                    }
                    return true;
                });
        for (int account = 0; account < 2; account++)
            assertThat(store.log(tag("account:" + account), 0, 100).size()).isBetween(1, 3);
    }

    @Test
    void racers_with_conditions_and_without_lose_nothing() throws Exception {
        var told =
                race(
                        RACERS,
                        racer -> {
                            int won = 0;
                            for (int i = 0; i < 5; i++) {
                                if (racer % 2 == 0) append("cart-" + racer, i, "a");
                                else if (!appends(
                                        "x-" + racer, tagged("b", "n:" + i), none(tag("n:" + i))))
                                    continue;
                                won++;
                            }
                            return won;
                        });
        assertThat(store.head()).isEqualTo(told.stream().mapToInt(it -> it).sum());
        for (int i = 0; i < 5; i++) assertThat(store.log(tag("n:" + i), 0, 10)).hasSize(1);
        assertGapless();
    }

    @Test
    void reopening_keeps_its_promise_about_tags() throws Exception {
        append("cart-1", tagged("a", "email:x"));
        closeAndReopen();
        assertThat(store.log(tag("email:x"), 0, 10)).hasSize(survivesReopening() ? 1 : 0);
        assertThat(appends("cart-2", tagged("a", "email:x"), none(tag("email:x"))))
                .isEqualTo(!survivesReopening());
        assertThat(store.log(tag("email:x"), 0, 10)).hasSize(1);
    }

    // Limits

    @Test
    void the_most_conditions_fit_and_more_are_refused() throws Exception {
        var most =
                IntStream.range(0, EventStore.MAX_CONDITIONS)
                        .mapToObj(i -> none(tag("t:" + i)))
                        .toArray(Condition[]::new);
        assertThat(append("cart-1", tagged("a", "t:9"), most).position()).isEqualTo(1);
        var more = Collections.nCopies(EventStore.MAX_CONDITIONS + 1, most[0]);
        assertThatThrownBy(() -> append("cart-1", tagged("a"), more.toArray(Condition[]::new)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10")
                .hasMessageContaining("11");
    }

    @Test
    void a_condition_without_a_tag_is_about_the_last_events_only() throws Exception {
        var many = Collections.nCopies(EventStore.MAX_EVENTS, tagged("a"));
        for (int i = 0; i < EventStore.MAX_BEHIND_CONDITION; i += many.size())
            store.append(List.of(new Append("cart-1", EventStore.ANY_VERSION, many)), Origin.NONE);
        assertThat(appends("x-1", tagged("b", "t"), none(type("c")))).isTrue();
        assertThatThrownBy(() -> append("x-1", tagged("b"), none(tag("u").or(type("c")))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10000")
                .hasMessageContaining("10001");
        assertThat(appends("x-1", tagged("b"), none(tag("u")))).isTrue();
        assertThat(appends("x-1", tagged("b"), new Condition(type("c"), 2))).isTrue();
        assertThat(store.head()).isEqualTo(EventStore.MAX_BEHIND_CONDITION + 3);
    }

    @Test
    void the_largest_query_is_answered() throws Exception {
        var types = IntStream.range(0, EventQuery.MAX_TYPES).mapToObj(i -> "t" + i);
        var one =
                tag(IntStream.range(0, NewEvent.MAX_TAGS)
                                .mapToObj(i -> "g" + i)
                                .toArray(String[]::new))
                        .ofTypes(types.toArray(String[]::new))
                        .in("cart");
        var query = one;
        for (int i = 1; i < EventQuery.MAX_ALTERNATIVES; i++) query = query.or(one);
        var largest = query;
        append(
                "cart-1",
                tagged(
                        "t49",
                        IntStream.range(0, NewEvent.MAX_TAGS)
                                .mapToObj(i -> "g" + i)
                                .toArray(String[]::new)));
        append("cart-1", tagged("t49", "g0"));
        assertThat(positions(store.log(largest, 0, 10))).containsExactly(1L);
        assertThat(appends("x-1", tagged("a"), none(largest))).isFalse();
        assertThat(appends("x-1", tagged("a"), new Condition(largest, 1))).isTrue();
    }

    @Test
    void conditions_are_refused_when_closed() throws Exception {
        append("cart-1", tagged("a", "t"));
        store.close();
        for (Callable<?> use :
                List.<Callable<?>>of(
                        () -> append("cart-1", tagged("a"), none(tag("x"))),
                        () -> store.log(tag("t"), 0, 1),
                        () -> store.logBackwards(tag("t"), EventStore.END, 1),
                        () -> store.logBackwards(EventStore.END, 1),
                        () -> store.streamBackwards("cart-1", EventStore.END, 1),
                        () -> store.lastOf("0af7651916cd43dd8448eb211c80319c", 0)))
            assertThatThrownBy(use::call)
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("closed");
    }
}
