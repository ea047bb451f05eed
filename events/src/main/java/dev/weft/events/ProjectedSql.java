package dev.weft.events;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The SQL of a projection with tables of its own: refuses to change others, if it is to, and means those of its generation by their plain names.
 * Used by one thread.
 */
final class ProjectedSql {

    /** How many statements it remembers; a projection whose statements are not the same each time is slow, not wrong. */
    private static final int MAX_STATEMENTS = 500;

    private final ProjectionTables tables;
    private final Generation generation;
    private final boolean guarded;
    private final Map<String, String> changes = new HashMap<>();
    private final Map<String, String> queries = new HashMap<>();

    /**
     * @param guarded whether it refuses to change other tables
     */
    ProjectedSql(ProjectionTables tables, Generation generation, boolean guarded) {
        this.tables = tables;
        this.generation = generation;
        this.guarded = guarded;
    }

    /** What the projection uses in the transaction of this one. */
    Sql of(Sql sql) {
        if (tables.isEmpty()) return sql;
        return new Sql() {
            @Override
            public int update(String text, Object... parameters) {
                return sql.update(meant(text, changes, true), parameters);
            }

            @Override
            public void change(String text, Object... parameters) {
                sql.change(meant(text, changes, true), parameters);
            }

            @Override
            public <T> List<T> query(String text, Function<Row, T> row, Object... parameters) {
                return sql.query(meant(text, queries, false), row, parameters);
            }
        };
    }

    private String meant(String text, Map<String, String> known, boolean changing) {
        var before = known.get(text);
        if (before != null) return before;
        if (guarded) tables.requireOwn(text, changing);
        var meant = generation.live() ? text : tables.beside(text, generation.number());
        if (known.size() == MAX_STATEMENTS) known.clear();
        known.put(text, meant);
        return meant;
    }
}
