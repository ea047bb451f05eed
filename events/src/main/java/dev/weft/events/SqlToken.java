package dev.weft.events;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One word, name, number, text or sign of a statement.
 *
 * @param text as it stands there
 * @param start where it begins
 */
record SqlToken(String text, int start) {

    /** Comments first, for what stands in them is nothing; quotes are doubled within quotes, which are two tokens here. */
    private static final Pattern TOKEN =
            Pattern.compile(
                    "--[^\\n]*+|/\\*(?s:.*?)\\*/|'[^']*+'|\"[^\"]*+\"|`[^`]*+`"
                            + "|[\\p{L}\\p{N}_][\\p{L}\\p{N}_$]*+|\\S");

    /** What a statement consists of, without blanks and comments. */
    static List<SqlToken> of(String sql) {
        var tokens = new ArrayList<SqlToken>();
        var found = TOKEN.matcher(sql);
        while (found.find()) {
            var text = found.group();
            if (!text.startsWith("--") && !text.startsWith("/*"))
                tokens.add(new SqlToken(text, found.start()));
        }
        return tokens;
    }

    int end() {
        return start + text.length();
    }

    private boolean quoted() {
        char first = text.charAt(0);
        return text.length() > 2 && (first == '"' || first == '`');
    }

    /** The word in upper case; empty if it is none, or quoted. */
    String word() {
        char first = text.charAt(0);
        return Character.isLetter(first) || first == '_' ? text.toUpperCase(Locale.ROOT) : "";
    }

    /** The name as databases compare names; empty if it cannot be one. */
    String name() {
        return quoted() ? text.substring(1, text.length() - 1) : word().toLowerCase(Locale.ROOT);
    }

    /** Whether it is this word, whatever its case, or this sign. */
    boolean is(String wanted) {
        return text.equalsIgnoreCase(wanted);
    }
}
