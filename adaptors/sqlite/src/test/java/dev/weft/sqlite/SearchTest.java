package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import dev.weft.events.EventQuery;
import dev.weft.jdbc.Search;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a query costs, as SQLite plans it. */
class SearchTest {

    private static List<String> plan(EventQuery query, boolean backwards) {
        try (var storage = Sqlite.inMemory(SystemTime.INSTANCE)) {
            var search = Search.of(query.anyOf().getFirst(), backwards, 7, 100);
            return storage.database()
                    .query(
                            "explain query plan " + search.sql(),
                            row -> row.text("detail"),
                            search.parameters().toArray());
        }
    }

    @Test
    void a_tag_alone_is_one_walk_through_its_index() {
        assertThat(plan(EventQuery.ALL.tagged("a"), false))
                .containsExactly("SEARCH t USING PRIMARY KEY (tag=? AND position>?)");
        assertThat(plan(EventQuery.ALL.tagged("a"), true))
                .containsExactly("SEARCH t USING PRIMARY KEY (tag=? AND position<?)");
    }

    @Test
    void what_is_beside_a_tag_is_compared_event_by_event() {
        for (var query :
                List.of(
                        EventQuery.ALL.tagged("a", "b"),
                        EventQuery.ALL.tagged("a").ofTypes("x", "y"),
                        EventQuery.ALL.tagged("a").in("cart")))
            assertThat(plan(query, false))
                    .hasSize(2)
                    .first()
                    .isEqualTo("SEARCH t USING PRIMARY KEY (tag=? AND position>?)");
    }

    @Test
    void without_a_tag_the_log_is_walked_and_nothing_is_sorted() {
        for (var query : List.of(EventQuery.ALL.ofTypes("x", "y"), EventQuery.ALL.in("cart")))
            assertThat(plan(query, true))
                    .containsExactly("SEARCH e USING INTEGER PRIMARY KEY (rowid<?)");
    }
}
