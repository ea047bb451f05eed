package dev.weft.testkit.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The requests in a stream of bytes by the letter of RFC 9112, where it leaves a choice by the safer one.
 *
 * <p>It is independent of any server: made to be read beside the RFC, not to be fast. Bytes are characters here.
 */
final class Reading {

    /** What a server has to make of a request. */
    enum Verdict {
        /** It has to be taken. */
        GOOD,

        /** It may be taken as it was read here, or refused. */
        EITHER,

        /** It has to be refused; what follows it counts for nothing. */
        BAD,

        /** The stream ended within it. */
        CUT
    }

    record Field(String name, String value) {
        boolean is(String other) {
            return name.equalsIgnoreCase(other);
        }
    }

    /**
     * One request.
     *
     * @param why what is wrong with it, or odd
     * @param framing whether that leaves open where it ends: the answer has to be 400
     * @param head whether its head can be read, whatever may be wrong with its body
     * @param end the first byte behind it
     */
    record Message(
            Verdict verdict,
            String why,
            boolean framing,
            boolean head,
            String method,
            String target,
            List<Field> fields,
            String body,
            int end) {

        boolean has(String name) {
            return fields.stream().anyMatch(field -> field.is(name));
        }

        List<String> all(String name) {
            return fields.stream().filter(field -> field.is(name)).map(Field::value).toList();
        }

        /** Whether it is the last of its connection by its own words. */
        boolean last() {
            return all("Connection").stream()
                    .flatMap(value -> List.of(value.split(",")).stream())
                    .anyMatch(token -> token.strip().equalsIgnoreCase("close"));
        }
    }

    /** Longer lines, and more bytes of a head, may be refused. */
    static final int LONG_BYTES = 4 << 10;

    /** Longer lines of chunks have to be refused. */
    private static final int ENDLESS_BYTES = 32 << 10;

    private static final String TOKEN_CHARS = "!#$%&'*+-.^_`|~";
    private static final Pattern REQUEST_LINE = Pattern.compile("([^ ]*) ([^ ]*) ([^ ]*)");
    private static final Pattern PLAIN_PATH =
            Pattern.compile("/[A-Za-z0-9._~/-]*[A-Za-z0-9_~-](\\?[A-Za-z0-9._~=&/-]*)?");
    private static final Pattern DOTS_OR_NOTHING = Pattern.compile("/[./]");
    private static final Pattern ESCAPE = Pattern.compile("%[0-9A-Fa-f]{2}");
    private static final Pattern PATH_CHARS =
            Pattern.compile("/[A-Za-z0-9._~!$&'()*+,;=:@/-]*(\\?[A-Za-z0-9._~!$&'()*+,;=:@/?-]*)?");
    private static final Pattern ABSOLUTE = Pattern.compile("(?i)[a-z][a-z0-9+.-]*://[!-~]+");
    private static final Pattern PLAIN_HOST =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?");
    private static final Pattern HOST_CHARS =
            Pattern.compile("[A-Za-z0-9._~!$&'()*+,;=%:\\[\\]-]*");
    private static final Pattern EXTENSION =
            Pattern.compile(
                    "([ \t]*;[ \t]*[!#$%&'*+.^_`|~A-Za-z0-9-]+"
                            + "([ \t]*=[ \t]*([!#$%&'*+.^_`|~A-Za-z0-9-]+|\"[^\"\\\\]*\"))?)*");
    private static final Set<String> VERSIONS =
            Set.of("HTTP/1.2", "HTTP/1.3", "HTTP/1.4", "HTTP/1.5", "HTTP/1.9");

    private final String bytes;
    private final long maxBodyBytes;
    private int at;

    // Of the message in work.
    private final List<String> oddities = new ArrayList<>();
    private String method = "";
    private String target = "";
    private List<Field> fields = List.of();
    private boolean head;

    private Reading(String bytes, long maxBodyBytes) {
        this.bytes = bytes;
        this.maxBodyBytes = maxBodyBytes;
    }

    /** What ends the reading of a message before its end. */
    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final Verdict verdict;
        private final boolean framing;

        Stop(Verdict verdict, String why, boolean framing) {
            super(why, null, false, false);
            this.verdict = verdict;
            this.framing = framing;
        }
    }

    private static Stop bad(String why) {
        return new Stop(Verdict.BAD, why, false);
    }

    private static Stop ambiguous(String why) {
        return new Stop(Verdict.BAD, why, true);
    }

    private static Stop cut(String where) {
        return new Stop(Verdict.CUT, "the stream ends within " + where, false);
    }

    /**
     * All requests up to the last that counts: the one that says so, is bad, or is cut.
     *
     * @param maxBodyBytes larger bodies may be refused
     */
    static List<Message> of(String bytes, long maxBodyBytes) {
        var messages = new ArrayList<Message>();
        for (int at = 0; at < bytes.length(); ) {
            var message = one(bytes, at, maxBodyBytes);
            messages.add(message);
            boolean over = message.verdict == Verdict.BAD || message.verdict == Verdict.CUT;
            if (over || message.last()) break;
            at = message.end;
        }
        return messages;
    }

    /** The request that begins there. */
    static Message one(String bytes, int at, long maxBodyBytes) {
        var reading = new Reading(bytes, maxBodyBytes);
        reading.at = at;
        return reading.message();
    }

    private Message message() {
        var body = new StringBuilder();
        try {
            int begin = at;
            while (bytes.startsWith("\r\n", at)) at += 2;
            if (at > begin) odd("empty lines before the request line");
            int start = at;
            requestLine();
            fields = fields("the headers");
            if (at - start > LONG_BYTES) odd("a head of " + (at - start) + " bytes");
            host();
            var length = length();
            if (expects().stream().anyMatch(it -> !it.equalsIgnoreCase("100-continue")))
                odd("an expectation");
            head = true;
            if (length.isEmpty()) chunks(body);
            else counted(length.getAsLong(), body);
            return made(oddities.isEmpty() ? Verdict.GOOD : Verdict.EITHER, "", false, body);
        } catch (Stop stop) {
            return made(stop.verdict, String.valueOf(stop.getMessage()), stop.framing, body);
        }
    }

    private Message made(Verdict verdict, String why, boolean framing, StringBuilder body) {
        var all = new ArrayList<>(oddities);
        if (!why.isEmpty()) all.addFirst(why);
        return new Message(
                verdict,
                String.join("; ", all),
                framing && oddities.isEmpty(),
                head,
                method,
                target,
                fields,
                body.toString(),
                at);
    }

    private List<String> expects() {
        return fields.stream().filter(it -> it.is("Expect")).map(Field::value).toList();
    }

    private void odd(String what) {
        oddities.add(what);
    }

    /** The next line without its end. RFC 9112, 2.2: a CR without LF is never one, an LF without CR not for us. */
    private String line(String of) {
        int end = bytes.indexOf('\n', at);
        var line = bytes.substring(at, end < 0 ? bytes.length() : end);
        int cr = line.indexOf('\r');
        if (cr >= 0 && cr < line.length() - 1) throw bad("a CR without LF in " + of);
        if (end < 0) throw cut(of);
        if (cr < 0) throw bad("an LF without CR in " + of);
        at = end + 1;
        return line.substring(0, cr);
    }

    private void requestLine() {
        var line = line("the request line");
        var parts = REQUEST_LINE.matcher(line);
        if (!parts.matches()) throw bad("a request line that has not three parts");
        method = parts.group(1);
        target = parts.group(2);
        var version = parts.group(3);
        if (!isToken(method)) throw bad("a method that is no token");
        if (VERSIONS.contains(version)) odd("a higher minor version");
        else if (!version.equals("HTTP/1.1")) throw bad("another version");
        if (line.length() > LONG_BYTES) odd("a request line of " + line.length() + " bytes");
        target();
    }

    private void target() {
        if (target.isEmpty()) throw bad("no target");
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 0x7f) throw bad("a target with other than printable ASCII");
        }
        if (target.indexOf('#') >= 0) throw bad("a target with a fragment");
        if (PLAIN_PATH.matcher(target).matches() && !DOTS_OR_NOTHING.matcher(target).find()) return;
        if (PATH_CHARS.matcher(ESCAPE.matcher(target).replaceAll("_")).matches())
            odd("a target that a router may not like");
        else if (target.startsWith("/")) odd("a target with characters that want an escape");
        else if (ABSOLUTE.matcher(target).matches()) odd("absolute-form");
        else if (target.equals("*") && method.equals("OPTIONS")) odd("asterisk-form");
        else if (method.equals("CONNECT")) odd("authority-form");
        else throw bad("a target that is none");
    }

    private List<Field> fields(String where) {
        var found = new ArrayList<Field>();
        fields = found;
        for (var line = line(where); !line.isEmpty(); line = line(where)) {
            if (line.charAt(0) == ' ' || line.charAt(0) == '\t') throw bad("a folded line");
            int colon = line.indexOf(':');
            if (colon < 0) throw bad("a line without colon in " + where);
            var name = line.substring(0, colon);
            if (!isToken(name)) throw bad("a field name that is no token");
            var value = trimmed(line.substring(colon + 1));
            for (int i = 0; i < value.length(); i++) {
                char c = value.charAt(i);
                if ((c < ' ' && c != '\t') || c == 0x7f)
                    throw bad("a field value with a control character");
                if (c > 0x7f) odd("a field value beyond ASCII");
            }
            found.add(new Field(name, value));
        }
        return List.copyOf(found);
    }

    /** RFC 9112, 3.2. */
    private void host() {
        var hosts = fields.stream().filter(it -> it.is("Host")).toList();
        if (hosts.isEmpty()) throw ambiguous("no Host");
        if (hosts.size() > 1) throw ambiguous("two of Host");
        var host = hosts.getFirst().value;
        if (!HOST_CHARS.matcher(host).matches()) throw ambiguous("a Host that is none");
        if (!PLAIN_HOST.matcher(host).matches()) odd("a Host that is odd");
    }

    /** The length of the body, empty if it comes in chunks. RFC 9112, 6. */
    private OptionalLong length() {
        var lengths = fields.stream().filter(it -> it.is("Content-Length")).toList();
        var codings = fields.stream().filter(it -> it.is("Transfer-Encoding")).toList();
        if (!codings.isEmpty()) {
            if (!lengths.isEmpty()) throw ambiguous("Content-Length and Transfer-Encoding");
            if (codings.size() == 1 && codings.getFirst().value.equalsIgnoreCase("chunked"))
                return OptionalLong.empty();
            var all = new ArrayList<String>();
            for (var coding : codings)
                for (var one : coding.value.split(",", -1))
                    if (!trimmed(one).isEmpty()) all.add(trimmed(one).toLowerCase(Locale.ROOT));
            if (!all.equals(List.of("chunked"))) throw bad("a Transfer-Encoding that is unknown");
            odd("a Transfer-Encoding with empty elements");
            return OptionalLong.empty();
        }
        if (lengths.isEmpty()) return OptionalLong.of(0);
        var values = new ArrayList<String>();
        for (var length : lengths)
            for (var one : length.value.split(",", -1)) values.add(trimmed(one));
        for (var value : values)
            if (!value.matches("[0-9]+") || !value.equals(values.getFirst()))
                throw ambiguous("a Content-Length that is none, or two");
        var digits = values.getFirst().replaceFirst("^0+(?=.)", "");
        if (digits.length() > 18) throw ambiguous("a Content-Length beyond all");
        if (values.size() > 1) odd("one Content-Length twice");
        return OptionalLong.of(Long.parseLong(digits));
    }

    private void counted(long length, StringBuilder body) {
        if (length > maxBodyBytes) odd("a large body");
        if (length > bytes.length() - at) {
            body.append(bytes, at, bytes.length());
            throw cut("the body");
        }
        body.append(bytes, at, at + (int) length);
        at += (int) length;
    }

    /** RFC 9112, 7.1. */
    private void chunks(StringBuilder body) {
        while (true) {
            var line = bounded("a chunk's size");
            int digits = 0;
            while (digits < line.length() && Character.digit(line.charAt(digits), 16) >= 0)
                digits++;
            if (digits == 0) throw bad("a chunk size that is none");
            var extension = line.substring(digits);
            if (!extension.isEmpty() && !extension.stripLeading().startsWith(";"))
                throw bad("a chunk size with something behind it");
            if (line.length() > 64) odd("a long line of a chunk");
            else if (!EXTENSION.matcher(extension).matches()) odd("a chunk extension");
            var size = line.substring(0, digits).replaceFirst("^0+(?=.)", "");
            if (size.length() > 15) throw bad("a chunk size beyond all");
            long length = Long.parseLong(size, 16);
            if (length == 0) break;
            if (body.length() + length > maxBodyBytes) odd("a large body");
            if (length > bytes.length() - at) {
                body.append(bytes, at, bytes.length());
                throw cut("a chunk");
            }
            body.append(bytes, at, at + (int) length);
            at += (int) length;
            if (bytes.startsWith("\r\n", at)) at += 2;
            else if ("\r\n".startsWith(bytes.substring(at))) throw cut("the end of a chunk");
            else throw bad("a chunk without CRLF behind it");
        }
        var real = fields;
        int start = at;
        try {
            fields("the trailers");
        } finally {
            fields = real;
        }
        if (at - start > 256) odd("long trailers");
    }

    private String bounded(String what) {
        int end = bytes.indexOf('\n', at);
        if ((end < 0 ? bytes.length() : end) - at > ENDLESS_BYTES)
            throw bad("an endless line of a chunk");
        return line(what);
    }

    private static String trimmed(String value) {
        int begin = 0;
        int end = value.length();
        while (begin < end && isBlank(value.charAt(begin))) begin++;
        while (end > begin && isBlank(value.charAt(end - 1))) end--;
        return value.substring(begin, end);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    static boolean isToken(String text) {
        if (text.isEmpty()) return false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean alphanumeric =
                    (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            if (!alphanumeric && TOKEN_CHARS.indexOf(c) < 0) return false;
        }
        return true;
    }
}
