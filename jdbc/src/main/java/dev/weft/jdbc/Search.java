package dev.weft.jdbc;

import dev.weft.events.EventQuery;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A statement that finds the positions of the events that one alternative of a query means, in order.
 *
 * <p>With a tag it walks that tag's entries of {@code weft_tag} and looks at each of their events; without one it walks the log.
 */
public record Search(String sql, List<Object> parameters) {

    public Search {
        parameters = List.copyOf(parameters);
    }

    /**
     * The statement for one alternative.
     *
     * @param from behind which position it looks, or before which if it goes backwards
     */
    public static Search of(EventQuery.Alternative one, boolean backwards, long from, int max) {
        var where = new ArrayList<String>();
        var parameters = new ArrayList<Object>();
        var behind = backwards ? " < ?" : " > ?";
        boolean tagged = !one.tags().isEmpty();
        boolean tagAlone =
                one.tags().size() == 1 && one.types().isEmpty() && one.category().isEmpty();
        if (tagged) {
            where.add("t.tag = ? AND t.position" + behind);
            parameters.add(one.tags().getFirst());
            parameters.add(from);
        }
        if (!tagAlone) {
            // Said of both tables: else a database that merges them may begin with the first event.
            where.add("e.position" + behind);
            parameters.add(from);
            compare(one, where, parameters);
        }
        parameters.add(max);
        var position = tagged ? "t.position" : "e.position";
        return new Search(
                "SELECT "
                        + position
                        + " AS position FROM "
                        + tables(tagged, tagAlone)
                        + String.join(" AND ", where)
                        + " ORDER BY "
                        + position
                        + (backwards ? " DESC" : "")
                        + " LIMIT ?",
                parameters);
    }

    private static String tables(boolean tagged, boolean tagAlone) {
        if (tagAlone) return "weft_tag AS t WHERE ";
        return tagged
                ? "weft_tag AS t CROSS JOIN weft_event AS e WHERE e.position = t.position AND "
                : "weft_event AS e WHERE ";
    }

    /** What is not looked up, but compared. */
    private static void compare(
            EventQuery.Alternative one, List<String> where, List<Object> parameters) {
        for (int i = 1; i < one.tags().size(); i++) {
            // Whether it is in there, in words that every database knows.
            where.add("replace(e.tags, ?, '') <> e.tags");
            parameters.add("\n" + one.tags().get(i) + "\n");
        }
        if (!one.types().isEmpty()) {
            where.add("e.type IN (" + marks(one.types().size()) + ")");
            parameters.addAll(one.types());
        }
        one.category()
                .ifPresent(category -> {
                    // No range: the index of streams would have to be sorted by position.
                    where.add("substr(e.stream, 1, ?) = ?");
                    parameters.add(category.codePointCount(0, category.length()) + 1);
                    parameters.add(category + "-");
                });
    }

    private static String marks(int count) {
        return String.join(", ", Collections.nCopies(count, "?"));
    }

    /** Sets the parameters, which are texts and whole numbers. */
    public static void bind(PreparedStatement statement, List<Object> parameters)
            throws SQLException {
        int index = 0;
        for (var parameter : parameters)
            switch (parameter) {
                case String text -> statement.setString(++index, text);
                case Long number -> statement.setLong(++index, number);
                case Integer number -> statement.setInt(++index, number);
                default -> throw new IllegalStateException("no text or number: " + parameter);
            }
    }
}
