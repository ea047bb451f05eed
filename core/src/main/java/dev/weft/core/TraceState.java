package dev.weft.core;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/**
 * The {@code tracestate} header (W3C Trace Context, level 2): what other tracing systems want to find again.
 *
 * <p>One malformed member spoils all, as do more than {@value #MAX_MEMBERS}. Members without content are left out, and of
 * members with the same key all but the first, which is the newest. What is longer than {@value #MAX_LENGTH} characters is
 * shortened by whole members: by those over {@value #LONG_MEMBER} characters first, then from the end.
 */
final class TraceState {

    static final int MAX_MEMBERS = 32;
    static final int MAX_LENGTH = 512;
    static final int LONG_MEMBER = 128;

    private static final int MAX_PART = 256;

    private TraceState() {}

    /** The header as it goes on; empty if nothing does. */
    static String read(String header) {
        if (header.isEmpty()) return "";
        var members = new ArrayList<String>();
        var keys = new HashSet<String>();
        int count = 0;
        for (int from = 0; from <= header.length(); ) {
            int comma = header.indexOf(',', from);
            int end = comma < 0 ? header.length() : comma;
            var member = trimmed(header, from, end);
            from = end + 1;
            if (member.isEmpty()) continue;
            int equals = member.indexOf('=');
            if (++count > MAX_MEMBERS || !isKey(member, equals) || !isValue(member, equals + 1))
                return "";
            if (keys.add(member.substring(0, equals))) members.add(member);
        }
        shorten(members);
        return String.join(",", members);
    }

    private static void shorten(List<String> members) {
        int length = members.stream().mapToInt(member -> member.length() + 1).sum() - 1;
        for (int i = members.size() - 1; i >= 0 && length > MAX_LENGTH; i--)
            if (members.get(i).length() > LONG_MEMBER) length -= members.remove(i).length() + 1;
        while (length > MAX_LENGTH) length -= members.removeLast().length() + 1;
    }

    /** Without the blanks around it. */
    private static String trimmed(String text, int from, int end) {
        while (from < end && isBlank(text.charAt(from))) from++;
        while (end > from && isBlank(text.charAt(end - 1))) end--;
        return text.substring(from, end);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static boolean isKey(String member, int end) {
        if (end < 1 || end > MAX_PART) return false;
        for (int i = 0; i < end; i++) {
            char c = member.charAt(i);
            boolean first = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
            if (!first && (i == 0 || "_-*/@".indexOf(c) < 0)) return false;
        }
        return true;
    }

    private static boolean isValue(String member, int from) {
        int length = member.length() - from;
        if (length < 1 || length > MAX_PART) return false;
        for (int i = from; i < member.length(); i++) {
            char c = member.charAt(i);
            if (c < ' ' || c > '~' || c == '=') return false;
        }
        return true;
    }
}
