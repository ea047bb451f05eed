package dev.weft.http;

import dev.weft.core.Headers;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.DirectTransportRequest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a connection as requests by the letter of RFC 9112, between the socket and Helidon's parser.
 *
 * <p>Where two parsers differ, what one takes for a body the other takes for a request. So nothing is left that can be read in two
 * ways: a head is handed on as a whole and only if each of its lines is what it should be; a body in chunks is framed anew as
 * it comes, without extensions and trailers, so that no chunk is kept whole; and bytes of one request are never handed on
 * together with those of the next. A target with its host (absolute-form) is handed on without, if it is the one of {@code Host}. What is
 * wrong is thrown when the parser asks for it, so that the requests before it are
 * answered first. Kept are a head, or what came with one read. One thread at a time.
 */
final class RequestFraming implements Supplier<byte[]> {

    /** Of a chunk's size with its extensions, which nobody uses. */
    static final int MAX_CHUNK_LINE_BYTES = 1 << 10;

    private static final byte[] NOTHING = new byte[0];
    private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HEAD = "HEAD ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] VERSION = "HTTP/1.1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CONTENT_LENGTH =
            "content-length".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] TRANSFER_ENCODING =
            "transfer-encoding".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HOST = "host".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CHUNKED = "chunked".getBytes(StandardCharsets.US_ASCII);

    /** RFC 9110, 5.6.2. */
    private static final boolean[] TOKEN = new boolean[256];

    static {
        for (char c = '0'; c <= '9'; c++) TOKEN[c] = true;
        for (char c = 'a'; c <= 'z'; c++) TOKEN[c] = TOKEN[c - 'a' + 'A'] = true;
        for (char c : "!#$%&'*+-.^_`|~".toCharArray()) TOKEN[c] = true;
    }

    /** What the next bytes are. */
    private enum Next {
        HEAD,
        COUNTED,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        TRAILERS,
        ANYTHING
    }

    private final Supplier<byte @Nullable []> source;
    private final byte[] scheme;
    private final int maxLineBytes;
    private final int maxHeadBytes;
    private final long maxBodyBytes;

    private Next next = Next.HEAD;

    /** Behind it nothing can be read any more, however often it is tried. */
    private @Nullable RuntimeException failure;

    /** Of the body, or of the chunk. */
    private long left;

    /** What the chunks of the body have said to hold. */
    private long chunked;

    /** What was read and not handed on is from {@code at} to {@code end}; up to {@code seen} it was looked at. */
    private byte[] in = NOTHING;

    private int at;
    private int seen;
    private int end;

    // Of the head in work.
    private int hosts;
    private int lengths;
    private int codings;

    /** Where in it things are: the authority of a target in absolute-form, if it has one, and what follows; the host. */
    private int authority;

    private int behindAuthority;
    private int host;
    private int behindHost;

    private boolean small;
    private boolean beyondAscii;

    /** Of the latest request, if Helidon would not read it right. */
    private byte @Nullable [] head;

    /**
     * @param source the bytes as they come; null at their end
     * @param scheme what is spoken, {@code http} or {@code https}
     * @param maxLineBytes of a request line
     * @param maxHeadBytes of a request line and all headers; of all trailers
     * @param maxBodyBytes of a body in chunks
     */
    RequestFraming(
            Supplier<byte @Nullable []> source,
            String scheme,
            int maxLineBytes,
            int maxHeadBytes,
            long maxBodyBytes) {
        this.source = source;
        this.scheme = (scheme + "://").getBytes(StandardCharsets.US_ASCII);
        this.maxLineBytes = maxLineBytes;
        this.maxHeadBytes = maxHeadBytes;
        this.maxBodyBytes = maxBodyBytes;
    }

    /** From here on this is no HTTP any more: bytes are handed on as they come. */
    void end() {
        next = Next.ANYTHING;
    }

    @Override
    public byte @Nullable [] get() {
        if (failure != null) throw failure;
        try {
            return following();
        } catch (RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    private byte @Nullable [] following() {
        while (true) {
            switch (next) {
                case HEAD -> {
                    return head();
                }
                case COUNTED -> {
                    if (at == end && !fill()) return null;
                    int count = (int) Math.min(left, end - at);
                    left -= count;
                    if (left == 0) next = Next.HEAD;
                    return taken(at + count);
                }
                case CHUNK_SIZE -> {
                    if (!line(MAX_CHUNK_LINE_BYTES)) return null;
                    left = size(at, seen - 2);
                    chunked += left;
                    if (chunked > maxBodyBytes)
                        throw refused(Status.REQUEST_ENTITY_TOO_LARGE_413, "");
                    at = seen;
                    next = left == 0 ? Next.TRAILERS : Next.CHUNK;
                }
                case CHUNK -> {
                    if (at == end && !fill()) return null;
                    return chunk();
                }
                case CHUNK_END -> {
                    if (!line(0)) return null;
                    at = seen;
                    next = Next.CHUNK_SIZE;
                }
                case TRAILERS -> {
                    if (!trailers()) return null;
                    next = Next.HEAD;
                    return LAST_CHUNK;
                }
                case ANYTHING -> {
                    return at == end && !fill() ? null : taken(end);
                }
            }
        }
    }

    // Bytes.

    /** Reads more behind what is there; tells whether there was more. */
    private boolean fill() {
        var more = source.get();
        if (more == null) return false;
        if (at == end) {
            in = more;
            at = 0;
            seen = 0;
            end = more.length;
            return true;
        }
        int kept = end - at;
        if (kept + more.length > in.length) {
            var larger = new byte[2 * (kept + more.length)];
            System.arraycopy(in, at, larger, 0, kept);
            in = larger;
        } else if (at > 0) System.arraycopy(in, at, in, 0, kept);
        System.arraycopy(more, 0, in, kept, more.length);
        seen -= at;
        at = 0;
        end = kept + more.length;
        return true;
    }

    private byte[] taken(int to) {
        var bytes = at == 0 && to == in.length ? in : Arrays.copyOfRange(in, at, to);
        at = to;
        seen = to;
        return bytes;
    }

    /**
     * Looks for the end of the line that begins at {@code seen}, and moves that behind it; false if the stream ends before.
     *
     * @param mostBytes without the end
     */
    private boolean line(int mostBytes) {
        int from = 0;
        while (true) {
            for (int i = seen + from; i < end; i++) {
                if (in[i] != '\n') continue;
                if (i == seen || in[i - 1] != '\r')
                    throw malformed("a line has to end with CR and LF");
                if (i - 1 - seen > mostBytes) throw tooLong(mostBytes);
                seen = i + 1;
                return true;
            }
            from = end - seen;
            if (from > mostBytes + 1) throw tooLong(mostBytes);
            if (!fill()) return false;
        }
    }

    private RuntimeException tooLong(int mostBytes) {
        return switch (next) {
            case HEAD -> seen == at ? refused(Status.REQUEST_URI_TOO_LONG_414, "") : headTooLarge();
            case TRAILERS -> malformed("the trailers are larger than " + maxHeadBytes + " bytes");
            case CHUNK_END -> malformed("a chunk is longer than it says");
            default ->
                    malformed("the line of a chunk's size is longer than " + mostBytes + " bytes");
        };
    }

    private RuntimeException headTooLarge() {
        return refused(Status.create(431), "");
    }

    private RuntimeException malformed(String why) {
        return refused(Status.BAD_REQUEST_400, why);
    }

    private RuntimeException refused(Status status, String why) {
        boolean head =
                next == Next.HEAD && Arrays.equals(in, at, Math.min(at + 5, end), HEAD, 0, 5);
        return RequestException.builder()
                .type(EventType.BAD_REQUEST)
                .status(status)
                .setKeepAlive(false)
                .message(why)
                .request(DirectTransportRequest.create("HTTP/1.1", head ? "HEAD" : "", ""))
                .build();
    }

    // Heads.

    private byte @Nullable [] head() {
        if (at == end && !fill()) return null;
        skipEmptyLines();
        seen = at;
        hosts = lengths = codings = authority = 0;
        small = beyondAscii = false;
        head = null;
        left = 0;
        chunked = 0;
        // What is kept may move while it is read, but only to begin at 0.
        if (!line(maxLineBytes)) throw cut();
        requestLine(at, seen - 2);
        for (int from = seen; ; from = seen) {
            int room = maxHeadBytes - (from - at);
            if (room < 0) throw headTooLarge();
            int before = at;
            if (!line(room)) throw cut();
            from -= before - at;
            if (seen - from == 2) break;
            field(from, seen - 2, true);
        }
        next = framing();
        // Helidon takes "get" for GET, and others behind it would not.
        if (small) throw refused(Status.NOT_IMPLEMENTED_501, "methods are in capital letters here");
        var bytes = authority > 0 ? inOriginForm() : taken(seen);
        if (beyondAscii) head = bytes;
        return bytes;
    }

    /** RFC 9112, 3.2.2. The host of the target counts, so nobody may find another one in {@code Host}. */
    private byte[] inOriginForm() {
        int length = behindAuthority - authority;
        boolean same = length == behindHost - host;
        for (int i = 0; same && i < length; i++)
            same = lower(in[at + authority + i]) == lower(in[at + host + i]);
        if (!same) throw malformed("the target names another host than the header Host");
        int before = authority - scheme.length;
        int behind = seen - at - behindAuthority;
        int slash = in[at + behindAuthority] == '/' ? 0 : 1;
        var bytes = new byte[before + slash + behind];
        System.arraycopy(in, at, bytes, 0, before);
        if (slash > 0) bytes[before] = '/';
        System.arraycopy(in, at + behindAuthority, bytes, before + slash, behind);
        at = seen;
        return bytes;
    }

    private static int lower(byte b) {
        return Character.toLowerCase(b & 0xff);
    }

    /**
     * The headers of the latest request, if Helidon would not read them right: bytes beyond ASCII, which mean nothing in particular
     * and have to pass as they are, are lost to it.
     */
    @Nullable Headers headers() {
        if (head == null) return null;
        var lines = new String(head, StandardCharsets.ISO_8859_1).split("\r\n");
        var headers = new Headers.Builder();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            headers.add(lines[i].substring(0, colon), lines[i].substring(colon + 1).strip());
        }
        return headers.build();
    }

    /** RFC 9112, 2.2: before a request they are forgiven. */
    private void skipEmptyLines() {
        while (in[at] == '\r') {
            while (end - at < 2) if (!fill()) return;
            if (in[at + 1] != '\n') return;
            at += 2;
            if (at == end && !fill()) return;
        }
    }

    private static CloseConnectionException cut() {
        return new CloseConnectionException("the connection ended within a request's head");
    }

    private void requestLine(int from, int to) {
        int i = from;
        while (i < to && TOKEN[in[i] & 0xff]) i++;
        if (i == from || i == to || in[i] != ' ') throw malformed("the method is no token");
        for (int j = from; j < i; j++) small |= in[j] >= 'a';
        int target = ++i;
        if (i < to && in[i] != '/') i = behindAuthority(i, to);
        for (; i < to && in[i] != ' '; i++)
            if (in[i] <= ' ' || in[i] == 0x7f || in[i] == '#')
                throw malformed(
                        "the target holds what has to be escaped, at character " + (i - target));
        if (i == target || i == to) throw malformed("a request line is METHOD TARGET HTTP/1.1");
        version(i + 1, to);
    }

    private int behindAuthority(int from, int to) {
        int i = from + scheme.length;
        if (i >= to || !is(scheme, from, i))
            throw malformed("the target has to be a path, and to begin with /");
        authority = i - at;
        for (; i < to && in[i] != '/' && in[i] != '?' && in[i] != ' '; i++)
            if (in[i] <= ' ' || in[i] == 0x7f || in[i] == '#' || in[i] == '@')
                throw malformed("the host in the target is none");
        behindAuthority = i - at;
        if (authority == behindAuthority) throw malformed("the target has no host");
        return i;
    }

    private void version(int from, int to) {
        if (Arrays.equals(in, from, to, VERSION, 0, VERSION.length)) return;
        boolean version =
                to - from == VERSION.length
                        && Arrays.equals(in, from, from + 5, VERSION, 0, 5)
                        && isDigit(in[from + 5])
                        && in[from + 6] == '.'
                        && isDigit(in[from + 7]);
        if (!version) throw malformed("a request line is METHOD TARGET HTTP/1.1");
        throw refused(Status.HTTP_VERSION_NOT_SUPPORTED_505, "this server speaks HTTP/1.1");
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    /** A header or trailer; of the headers, those that frame the request are heeded. */
    private void field(int from, int to, boolean header) {
        int i = from;
        while (i < to && TOKEN[in[i] & 0xff]) i++;
        if (i == from || i == to || in[i] != ':')
            throw malformed(
                    "a header is NAME: VALUE, without blanks before the colon and on one line");
        int colon = i++;
        for (; i < to; i++) {
            byte b = in[i];
            if (b < 0) beyondAscii = true;
            else if ((b < ' ' && b != '\t') || b == 0x7f)
                throw malformed("the value of a header holds a control character");
        }
        if (!header) return;
        int value = colon + 1;
        while (value < to && isBlank(in[value])) value++;
        while (to > value && isBlank(in[to - 1])) to--;
        switch (colon - from) {
            case 4 -> {
                if (is(HOST, from, colon)) {
                    hosts++;
                    host = value - at;
                    behindHost = to - at;
                }
            }
            case 14 -> {
                if (is(CONTENT_LENGTH, from, colon)) length(value, to);
            }
            case 17 -> {
                if (is(TRANSFER_ENCODING, from, colon)) coding(value, to);
            }
            default -> {}
        }
    }

    private boolean is(byte[] lower, int from, int to) {
        if (to - from != lower.length) return false;
        for (int i = 0; i < lower.length; i++) if (lower(in[from + i]) != lower[i]) return false;
        return true;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    private void length(int from, int to) {
        lengths++;
        if (from == to) throw malformed("Content-Length is not a number");
        for (int i = from; i < to; i++) {
            if (!isDigit(in[i]) || left > Long.MAX_VALUE / 100)
                throw malformed("Content-Length is not a number, or beyond all");
            left = left * 10 + in[i] - '0';
        }
    }

    private void coding(int from, int to) {
        codings++;
        if (!is(CHUNKED, from, to))
            throw malformed("the one Transfer-Encoding of a request is chunked");
    }

    private Next framing() {
        if (hosts != 1) throw malformed("a request has one Host, not " + hosts);
        if (lengths + codings > 1)
            throw malformed("a request has one Content-Length or one Transfer-Encoding");
        return codings == 1 ? Next.CHUNK_SIZE : left > 0 ? Next.COUNTED : Next.HEAD;
    }

    // Chunks.

    /** RFC 9112, 7.1: the size and, after blanks and a semicolon, extensions that mean nothing to us. */
    private long size(int from, int to) {
        long size = 0;
        int i = from;
        for (; i < to && Character.digit(in[i], 16) >= 0; i++) {
            if (size > Integer.MAX_VALUE * 1024L) throw malformed("a chunk's size is beyond all");
            size = (size << 4) + Character.digit(in[i], 16);
        }
        boolean none = i == from;
        int behind = i;
        while (i < to && isBlank(in[i])) i++;
        if (none || (behind < to && (i == to || in[i] != ';')))
            throw malformed("a chunk's size is not a hexadecimal number");
        for (; i < to; i++)
            if ((in[i] >= 0 && in[i] < ' ' && in[i] != '\t') || in[i] == 0x7f)
                throw malformed("an extension of a chunk holds a control character");
        return size;
    }

    /** What is there of a chunk, as one of its own. */
    private byte[] chunk() {
        int count = (int) Math.min(left, end - at);
        var size = Integer.toHexString(count);
        var bytes = new byte[size.length() + count + 4];
        int to = 0;
        for (; to < size.length(); to++) bytes[to] = (byte) size.charAt(to);
        bytes[to++] = '\r';
        bytes[to++] = '\n';
        System.arraycopy(in, at, bytes, to, count);
        to += count;
        bytes[to++] = '\r';
        bytes[to] = '\n';
        at += count;
        seen = at;
        left -= count;
        if (left == 0) next = Next.CHUNK_END;
        return bytes;
    }

    /** False if the stream ends within them. */
    private boolean trailers() {
        for (int room = maxHeadBytes; ; ) {
            if (!line(room)) return false;
            int length = seen - at;
            if (length > 2) field(at, seen - 2, false);
            at = seen;
            if (length == 2) return true;
            room -= length;
            if (room < 0) throw tooLong(0);
        }
    }
}
