package dev.weft.testkit.fuzz;

import dev.weft.testkit.fuzz.Reading.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * The answers in a stream of bytes, by the letter of RFC 9112.
 *
 * @param wrong what is wrong with the stream; empty if nothing is
 * @param wentOn how often it was said to go on with a body (100)
 */
record Answers(List<Answer> all, String wrong, int wentOn) {

    record Answer(int status, List<Field> fields, String body) {
        List<String> all(String name) {
            return fields.stream().filter(field -> field.is(name)).map(Field::value).toList();
        }

        boolean last() {
            return all("Connection").stream().anyMatch(it -> it.equalsIgnoreCase("close"));
        }

        /** Refused with a status that says that it is not the server's fault. */
        boolean refused() {
            return (status >= 400 && status < 500) || status == 501 || status == 505;
        }
    }

    private static final Pattern STATUS_LINE =
            Pattern.compile("HTTP/1\\.1 ([1-5][0-9][0-9]) [\\t -~]*");

    /**
     * @param toHead whether the answer of that number is one to HEAD
     */
    static Answers of(String bytes, IntPredicate toHead) {
        var reader = new Reader(bytes);
        var all = new ArrayList<Answer>();
        int wentOn = 0;
        try {
            while (reader.at < bytes.length()) {
                var answer = reader.answer(toHead.test(all.size()));
                if (answer.status() == 100) wentOn++;
                else all.add(answer);
            }
            return new Answers(all, "", wentOn);
        } catch (IllegalArgumentException e) {
            return new Answers(all, String.valueOf(e.getMessage()), wentOn);
        }
    }

    private static final class Reader {
        private final String bytes;
        private int at;

        Reader(String bytes) {
            this.bytes = bytes;
        }

        private static IllegalArgumentException wrong(String what) {
            return new IllegalArgumentException(what);
        }

        Answer answer(boolean toHead) {
            var status = STATUS_LINE.matcher(line("a status line"));
            if (!status.matches()) throw wrong("what is no status line");
            int code = Integer.parseInt(status.group(1));
            var fields = fields();
            var answer = new Answer(code, fields, "");
            var lengths = answer.all("Content-Length");
            var codings = answer.all("Transfer-Encoding");
            if (lengths.size() + codings.size() > 1) throw wrong("an answer framed twice");
            boolean bare = code < 200 || code == 204 || code == 304;
            if (code < 200 || code == 204)
                if (lengths.size() + codings.size() > 0)
                    throw wrong("a framed answer without body");
            if (bare || toHead) return answer;
            var body = new StringBuilder();
            if (!codings.isEmpty()) {
                if (!codings.getFirst().equals("chunked")) throw wrong("an unknown coding");
                chunks(body);
            } else if (!lengths.isEmpty()) {
                if (!lengths.getFirst().matches("[0-9]{1,9}")) throw wrong("a length that is none");
                take(Integer.parseInt(lengths.getFirst()), body);
            } else throw wrong("an answer without frame");
            return new Answer(code, fields, body.toString());
        }

        private void chunks(StringBuilder body) {
            while (true) {
                var size = line("a chunk size");
                if (!size.matches("[0-9A-Fa-f]{1,7}")) throw wrong("a chunk size that is none");
                int length = Integer.parseInt(size, 16);
                if (length == 0) break;
                take(length, body);
                if (!line("the end of a chunk").isEmpty()) throw wrong("a chunk that is too long");
            }
            fields();
        }

        private List<Field> fields() {
            var fields = new ArrayList<Field>();
            for (var line = line("the headers"); !line.isEmpty(); line = line("the headers")) {
                int colon = line.indexOf(':');
                if (colon < 0 || !Reading.isToken(line.substring(0, colon)))
                    throw wrong("a header that is none: " + line);
                fields.add(new Field(line.substring(0, colon), line.substring(colon + 1).strip()));
            }
            return fields;
        }

        private void take(int length, StringBuilder body) {
            if (bytes.length() - at < length) throw wrong("an answer whose body is cut");
            body.append(bytes, at, at + length);
            at += length;
        }

        private String line(String of) {
            int end = bytes.indexOf("\r\n", at);
            if (end < 0) throw wrong("an answer that is cut in " + of);
            var line = bytes.substring(at, end);
            for (int i = 0; i < line.length(); i++) {
                char c = line.charAt(i);
                if ((c < ' ' && c != '\t') || c == 0x7f)
                    throw wrong("a control character in " + of);
            }
            at = end + 2;
            return line;
        }
    }
}
