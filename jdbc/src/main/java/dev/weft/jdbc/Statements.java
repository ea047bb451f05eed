package dev.weft.jdbc;

import java.util.Locale;
import java.util.Set;

/** What may be said to the database from outside of it. */
final class Statements {

    private static final Set<String> THE_STORES =
            Set.of(
                    "BEGIN",
                    "COMMIT",
                    "END",
                    "ROLLBACK",
                    "SAVEPOINT",
                    "RELEASE",
                    "ATTACH",
                    "DETACH");

    private Statements() {}

    /** Refuses what would end the store's own transaction, and all but the first of several. */
    static void check(String sql) {
        var first = firstWord(sql);
        if (THE_STORES.contains(first))
            throw new IllegalArgumentException(
                    first + " is the store's to say; a transaction is one call of write: " + sql);
        if (!isTrigger(sql) && end(sql) < sql.length())
            throw new IllegalArgumentException(
                    "one statement at a time, only the first of these would run: " + sql);
    }

    /** The statement without what may stand behind it: drivers take a comment behind a semicolon for another statement. */
    static String alone(String sql) {
        if (isTrigger(sql)) return sql;
        int end = semicolon(sql);
        return end < sql.length() && blank(sql, end + 1) == sql.length()
                ? sql.substring(0, end)
                : sql;
    }

    /** Whether it changes the schema, which prepared statements remember. */
    static boolean isDefinition(String sql) {
        return Set.of("CREATE", "ALTER", "DROP").contains(firstWord(sql));
    }

    private static String firstWord(String sql) {
        int from = blank(sql, 0);
        int to = from;
        while (to < sql.length() && Character.isLetter(sql.charAt(to))) to++;
        return sql.substring(from, to).toUpperCase(Locale.ROOT);
    }

    /** The statements within a trigger end in semicolons of their own. */
    private static boolean isTrigger(String sql) {
        return firstWord(sql).equals("CREATE") && sql.toUpperCase(Locale.ROOT).contains("TRIGGER");
    }

    /** Where the first statement ends, with the blanks and comments behind it. */
    private static int end(String sql) {
        int semicolon = semicolon(sql);
        return semicolon == sql.length() ? semicolon : blank(sql, semicolon + 1);
    }

    /** Where the first statement's semicolon stands, or the end. */
    private static int semicolon(String sql) {
        int at = 0;
        while (at < sql.length()) {
            int skipped = blank(sql, at);
            if (skipped > at) {
                at = skipped;
                continue;
            }
            char c = sql.charAt(at);
            if (c == ';') return at;
            int close =
                    switch (c) {
                        case '\'', '"', '`' -> sql.indexOf(c, at + 1);
                        case '[' -> sql.indexOf(']', at + 1);
                        default -> at;
                    };
            if (close < 0) return sql.length();
            at = close + 1;
        }
        return at;
    }

    private static int blank(String sql, int from) {
        int at = from;
        while (at < sql.length()) {
            int end;
            if (Character.isWhitespace(sql.charAt(at))) end = at + 1;
            else if (sql.startsWith("--", at)) end = behind(sql.indexOf('\n', at), 1, sql);
            else if (sql.startsWith("/*", at)) end = behind(sql.indexOf("*/", at + 2), 2, sql);
            else return at;
            at = end;
        }
        return at;
    }

    private static int behind(int found, int length, String sql) {
        return found < 0 ? sql.length() : found + length;
    }
}
