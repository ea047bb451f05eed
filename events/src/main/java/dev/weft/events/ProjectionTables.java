package dev.weft.events;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * The tables of a projection, as its statements define them, and what they are called while they are not the live ones.
 *
 * <p>A statement is given other names word by word, without understanding it: every word outside of texts and comments that is the
 * name of a table is taken for the table. So none is overlooked, which would change the live table; a word that means something
 * else, such as a column, is refused here where tables are defined, and elsewhere becomes an error of the database.
 */
final class ProjectionTables {

    /** The longest name, so that {@code weft_12_} fits before it: PostgreSQL cuts names at 63 bytes without an error. */
    private static final int MAX_NAME = 45;

    /** Words that stand in statements for themselves: a table with such a name is meant in quotes only. */
    private static final Set<String> KEYWORDS =
            Set.of(
                    ("all alter and any as asc between by case cast check column conflict constraint create cross current data default"
                                    + " delete desc distinct do drop else end except exists filter first for foreign from full group"
                                    + " having id if in index inner insert intersect into is join json key last left like limit match not"
                                    + " nothing null nulls offset on only or order outer over partition primary range recursive"
                                    + " references replace returning right row rows select set table text then time to union unique"
                                    + " update user using values view when where window with without")
                            .split(" "));

    private static final Set<String> CONSTRAINTS =
            Set.of("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT", "EXCLUDE", "LIKE");

    /**
     * A table.
     *
     * @param key its primary key; empty if it has none
     */
    record Definition(String name, List<String> columns, List<String> key) {}

    private final List<String> statements;
    private final Map<String, Definition> tables = new LinkedHashMap<>();
    private final Set<String> indexes = new LinkedHashSet<>();

    /**
     * @param statements {@code create table if not exists …} and {@code create index if not exists …}; any other, or one that
     *     cannot be given another name, is an {@link IllegalArgumentException}
     */
    ProjectionTables(List<String> statements) {
        this.statements = List.copyOf(statements);
        for (var statement : statements) if (isTable(statement)) table(statement);
        for (var statement : statements) if (!isTable(statement)) index(statement);
        for (var statement : statements) requireOnlyTables(statement);
    }

    private static boolean isTable(String statement) {
        var tokens = SqlToken.of(statement);
        return tokens.size() > 1 && tokens.get(0).is("create") && tokens.get(1).is("table");
    }

    private void table(String statement) {
        var tokens = SqlToken.of(statement);
        int at = name(statement, tokens, 2);
        var name = taken(tokens.get(at).name(), statement);
        if (at + 1 >= tokens.size() || !tokens.get(at + 1).is("("))
            throw new IllegalArgumentException(
                    "the table "
                            + name
                            + " is defined by its columns in parentheses: "
                            + statement);
        var columns = new ArrayList<String>();
        var key = new ArrayList<String>();
        for (var item : items(tokens, at + 2)) {
            boolean column = !CONSTRAINTS.contains(item.getFirst().word());
            if (column) columns.add(item.getFirst().name());
            int primary = primaryKey(item);
            if (primary < 0) continue;
            if (column) key.add(item.getFirst().name());
            else
                for (var each : item.subList(primary + 2, item.size()))
                    if (!each.name().isEmpty()) key.add(each.name());
        }
        if (columns.isEmpty())
            throw new IllegalArgumentException("a table has columns: " + statement);
        tables.put(name, new Definition(name, List.copyOf(columns), List.copyOf(key)));
    }

    private static int primaryKey(List<SqlToken> item) {
        for (int i = 0; i + 1 < item.size(); i++)
            if (item.get(i).is("primary") && item.get(i + 1).is("key")) return i;
        return -1;
    }

    /** What stands between the parentheses that were opened before {@code from}, comma by comma. */
    private static List<List<SqlToken>> items(List<SqlToken> tokens, int from) {
        var items = new ArrayList<List<SqlToken>>();
        var item = new ArrayList<SqlToken>();
        int depth = 1;
        for (var token : tokens.subList(from, tokens.size())) {
            if (token.is("(")) depth++;
            if (token.is(")")) depth--;
            if (depth == 0 || (depth == 1 && token.is(","))) {
                if (!item.isEmpty()) items.add(item);
                item = new ArrayList<>();
                if (depth == 0) break;
            } else {
                item.add(token);
            }
        }
        return items;
    }

    private void index(String statement) {
        var tokens = SqlToken.of(statement);
        int at = !tokens.isEmpty() && tokens.getFirst().is("create") ? 1 : tokens.size();
        if (at < tokens.size() && tokens.get(at).is("unique")) at++;
        if (at >= tokens.size() || !tokens.get(at).is("index"))
            throw new IllegalArgumentException(
                    "a projection has tables and indexes, create table if not exists … or create index if not exists …; not: "
                            + statement);
        at = name(statement, tokens, at + 1);
        boolean own =
                at + 2 < tokens.size()
                        && tokens.get(at + 1).is("on")
                        && tables.containsKey(tokens.get(at + 2).name());
        if (!own)
            throw new IllegalArgumentException(
                    "an index of a projection is on one of its tables, "
                            + tables.keySet()
                            + "; not: "
                            + statement);
        indexes.add(taken(tokens.get(at).name(), statement));
    }

    /** Where the name stands, behind {@code if not exists}. */
    private static int name(String statement, List<SqlToken> tokens, int from) {
        int at = from + 3;
        if (at >= tokens.size()
                || !tokens.get(from).is("if")
                || !tokens.get(from + 1).is("not")
                || !tokens.get(from + 2).is("exists"))
            throw new IllegalArgumentException(
                    "it is run at each start, so it says if not exists: " + statement);
        return at;
    }

    private String taken(String name, String statement) {
        if (name.isEmpty() || name.length() > MAX_NAME || name.startsWith("weft_"))
            throw new IllegalArgumentException(
                    "tables and indexes of a projection have names of up to "
                            + MAX_NAME
                            + " characters, not beginning with weft_, without a schema: "
                            + statement);
        if (tables.containsKey(name) || indexes.contains(name))
            throw new IllegalArgumentException(
                    "there are two of the name " + name + ": " + statement);
        return name;
    }

    /** Behind the name that is defined, the name of a table may only stand behind {@code on} and {@code references}. */
    private void requireOnlyTables(String statement) {
        var tokens = SqlToken.of(statement);
        for (int i = 1; i < tokens.size(); i++) {
            var before = tokens.get(i - 1);
            boolean table =
                    before.is("exists")
                            || before.is("on")
                            || before.is("references")
                            || before.is(".");
            if (!table && tables.containsKey(tokens.get(i).name()) && !isKeyword(tokens.get(i)))
                throw new IllegalArgumentException(
                        "nothing but the table is called "
                                + tokens.get(i).name()
                                + " where a projection is to be rebuilt; give the column another name: "
                                + statement);
        }
    }

    /** Whether it is a word of SQL, which is taken for itself unless it is quoted. */
    static boolean isKeyword(SqlToken token) {
        return KEYWORDS.contains(token.text().toLowerCase(Locale.ROOT));
    }

    boolean isEmpty() {
        return statements.isEmpty();
    }

    List<String> statements() {
        return statements;
    }

    /** The tables, those first that others refer to. */
    List<Definition> tables() {
        return List.copyOf(tables.values());
    }

    /** What a name is while it is of a generation that is not the live one. */
    static String beside(long generation, String name) {
        return "weft_" + generation + "_" + name;
    }

    /**
     * Makes the tables and indexes that are missing. An index keeps the name of the generation that it was made for, as not every
     * database can give it another.
     */
    void make(Sql sql, long generation, boolean live) {
        UnaryOperator<String> name =
                it ->
                        (tables.containsKey(it) ? live : generation == 1)
                                ? it
                                : beside(generation, it);
        var all = new LinkedHashSet<>(tables.keySet());
        all.addAll(indexes);
        for (var statement : statements) sql.update(renamed(statement, all, name));
    }

    /** Makes the tables alone, under their own names. */
    void makeTables(Sql sql) {
        for (var statement : statements) if (isTable(statement)) sql.update(statement);
    }

    /** The statement for the tables of a generation beside the live one. */
    String beside(String statement, long generation) {
        return renamed(statement, tables.keySet(), name -> beside(generation, name));
    }

    private static String renamed(String sql, Set<String> names, UnaryOperator<String> name) {
        var renamed = new StringBuilder();
        int copied = 0;
        var before = "";
        for (var token : SqlToken.of(sql)) {
            if (!before.equals(".") && names.contains(token.name()) && !isKeyword(token)) {
                renamed.append(sql, copied, token.start());
                renamed.append('"').append(name.apply(token.name())).append('"');
                copied = token.end();
            }
            before = token.text();
        }
        return renamed.append(sql, copied, sql.length()).toString();
    }

    /**
     * Fails if the statement changes a table that is not the projection's: a rebuild would change it once more.
     *
     * @param changing whether it has to change one
     */
    void requireOwn(String sql, boolean changing) {
        var tokens = SqlToken.of(sql);
        for (int i = 1; i < tokens.size(); i++)
            if ((tokens.get(i - 1).is("from") || tokens.get(i - 1).is("join"))
                    && isKeyword(tokens.get(i))
                    && tables.containsKey(tokens.get(i).name()))
                throw new IllegalArgumentException(
                        "the table "
                                + tokens.get(i).name()
                                + " is named by a word of SQL; quote it: "
                                + sql);
        var changed = changed(tokens);
        for (var table : changed)
            if (!tables.containsKey(table))
                throw new IllegalArgumentException(
                        "the projection changes "
                                + (table.isEmpty() ? "a table" : table)
                                + ", which is none of its tables "
                                + tables.keySet()
                                + "; name it with Projection.tables(…), and in quotes if it is a word of SQL: "
                                + sql);
        if (changing && changed.isEmpty())
            throw new IllegalArgumentException(
                    "a projection with tables of its own inserts, updates and deletes rows of these: "
                            + sql);
    }

    /** The tables whose rows it changes; an empty name for one that is none. */
    private static Set<String> changed(List<SqlToken> tokens) {
        var changed = new LinkedHashSet<String>();
        for (int i = 0; i + 1 < tokens.size(); i++) {
            var token = tokens.get(i);
            int at = i + 1;
            if (token.is("into")) {
                changed.add(target(tokens, at));
            } else if (token.is("delete") && tokens.get(at).is("from")) {
                changed.add(target(tokens, at + 1));
            } else if (token.is("update") && isStatement(tokens, i)) {
                if (tokens.get(at).is("or")) at += 2;
                changed.add(target(tokens, at));
            }
        }
        return Collections.unmodifiableSet(changed);
    }

    /** {@code do update set} and {@code for update} are none. */
    private static boolean isStatement(List<SqlToken> tokens, int update) {
        return update == 0 || Stream.of("do", "for", ".").noneMatch(tokens.get(update - 1)::is);
    }

    private static String target(List<SqlToken> tokens, int from) {
        int at = from < tokens.size() && tokens.get(from).is("only") ? from + 1 : from;
        if (at >= tokens.size()) return "";
        boolean schema = at + 1 < tokens.size() && tokens.get(at + 1).is(".");
        return schema || isKeyword(tokens.get(at)) ? "" : tokens.get(at).name();
    }
}
