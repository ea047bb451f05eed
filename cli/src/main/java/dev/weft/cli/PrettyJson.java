package dev.weft.cli;

/** JSON over several lines; numbers and texts stay as they are. */
final class PrettyJson {

    private PrettyJson() {}

    /** Text that is no JSON comes out changed in its blanks at most. */
    static String of(String json) {
        var out = new StringBuilder();
        int depth = 0;
        boolean inText = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (inText) {
                out.append(c);
                if (c == '\\' && i + 1 < json.length()) out.append(json.charAt(++i));
                else if (c == '"') inText = false;
                continue;
            }
            switch (c) {
                case '"' -> {
                    inText = true;
                    out.append(c);
                }
                case '{', '[' -> {
                    out.append(c);
                    int next = nextVisible(json, i + 1);
                    if (next < json.length() && isClosing(json.charAt(next))) {
                        out.append(json.charAt(next));
                        i = next;
                    } else {
                        line(out, ++depth);
                    }
                }
                case '}', ']' -> {
                    line(out, --depth);
                    out.append(c);
                }
                case ',' -> {
                    out.append(c);
                    line(out, depth);
                }
                case ':' -> out.append(": ");
                default -> {
                    if (!Character.isWhitespace(c)) out.append(c);
                }
            }
        }
        return out.toString();
    }

    private static boolean isClosing(char c) {
        return c == '}' || c == ']';
    }

    private static int nextVisible(String json, int from) {
        int i = from;
        while (i < json.length() && Character.isWhitespace(json.charAt(i))) i++;
        return i;
    }

    private static void line(StringBuilder out, int depth) {
        out.append('\n').repeat(' ', 2 * Math.max(0, depth));
    }
}
