package dev.weft.http;

import dev.weft.core.Body;
import dev.weft.core.BoundedInput;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.core.Response;
import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import io.helidon.http.DateTime;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Helidon's messages as ours, and ours as Helidon's. */
final class ServerMessages {

    private static final String WEBSOCKET = "websocket";
    private static final int PIECE_BYTES = 64 << 10;
    private static final int BUFFER_BYTES = 8 << 10;

    private static final Map<String, Method> METHODS = new HashMap<>();

    static {
        for (var method : Method.values()) METHODS.put(method.name(), method);
    }

    private ServerMessages() {}

    static @Nullable Method method(RoutingRequest request) {
        return METHODS.get(request.prologue().method().text());
    }

    /**
     * @param link what it came over
     */
    static Request request(
            Method method, RoutingRequest request, ServerLink link, long maxBodyBytes) {
        var query = request.prologue().query().rawValue();
        boolean upgrade = upgrade(method, request);
        var headers =
                HopByHop.without(values(request, HeaderNames.CONNECTION), headers(request, link))
                        .and(ContextHeaders.PEER, link.peer());
        return new Request(
                method,
                request.prologue().uriPath().rawPath(),
                query.isEmpty() ? Query.NONE : new Query(query),
                upgrade ? headers.set("Upgrade", WEBSOCKET) : headers,
                upgrade
                        ? Body.of(link.tunnel(), OptionalLong.empty())
                        : body(request, maxBodyBytes, link),
                Map.of());
    }

    /** Whether the request asks for a WebSocket as it should; other protocols are not heard of (RFC 9110, 7.8). */
    private static boolean upgrade(Method method, RoutingRequest request) {
        if (method != Method.GET || request.content().hasEntity()) return false;
        var wanted = values(request, HeaderNames.UPGRADE);
        return wanted.size() == 1
                && wanted.getFirst().strip().equalsIgnoreCase(WEBSOCKET)
                && values(request, HeaderNames.CONNECTION).stream()
                        .flatMap(value -> Stream.of(value.split(",")))
                        .anyMatch(option -> option.strip().equalsIgnoreCase("upgrade"));
    }

    /** Helidon makes streams to say that there are none. */
    private static List<String> values(RoutingRequest request, HeaderName name) {
        return request.headers().contains(name) ? request.headers().values(name) : List.of();
    }

    private static Headers headers(RoutingRequest request, ServerLink link) {
        var all = link.headers();
        if (all != null) return all.only(ServerMessages::shown);
        var headers = new Headers.Builder();
        for (var header : request.headers()) {
            var name = header.headerName().defaultCase();
            if (!shown(name)) continue;
            if (header.valueCount() == 1) headers.add(name, header.get());
            else for (var value : header.allValues()) headers.add(name, value);
        }
        return headers.build();
    }

    private static boolean shown(String name) {
        return !HopByHop.isOne(name) && !name.equalsIgnoreCase(ContextHeaders.PEER);
    }

    private static Body body(RoutingRequest request, long maxBodyBytes, ServerLink link) {
        var content = request.content();
        if (!content.hasEntity()) return Body.EMPTY;
        var length = request.headers().contentLength();
        return Body.of(
                new Incoming(
                        new BoundedInput(content.inputStream(), maxBodyBytes, length),
                        maxBodyBytes,
                        link),
                length);
    }

    /** What goes wrong in a request's body, in our words. */
    private static final class Incoming extends FilterInputStream {

        private final long maxBytes;
        private final ServerLink link;

        Incoming(InputStream in, long maxBytes, ServerLink link) {
            super(in);
            this.maxBytes = maxBytes;
            this.link = link;
        }

        @Override
        public int read() throws IOException {
            try {
                return in.read();
            } catch (RuntimeException e) {
                throw failure(e);
            }
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            try {
                return in.read(buffer, offset, length);
            } catch (RuntimeException e) {
                throw failure(e);
            }
        }

        /** The rest is skipped behind the answer; Helidon's own stream would wait for it here. */
        @Override
        public void close() {}

        private Failure failure(RuntimeException e) {
            link.broken();
            if (e instanceof Failure known) return known;
            if (e instanceof RequestException refused
                    && refused.status().code() == Status.REQUEST_ENTITY_TOO_LARGE_413_CODE)
                return new Failure.TooLarge(
                        "the body is larger than the limit of " + maxBytes + " bytes");
            if (link.callerGone())
                return new Failure.Malformed("the caller left before the body's end", e);
            if (Thread.currentThread().isInterrupted())
                return new Failure.Unreachable("reading the body was interrupted", true, e);
            if (e instanceof RequestException refused
                    && refused.status().code() == Status.BAD_REQUEST_400_CODE)
                return new Failure.Malformed(String.valueOf(refused.getMessage()), e);
            return new Failure.Malformed("the body broke off or is not framed as HTTP wants", e);
        }
    }

    /** Sends the answer; always closes its body. */
    static void send(Method method, Response response, RoutingResponse out, ServerLink link)
            throws IOException {
        try (var body = response.body()) {
            out.status(Status.create(response.status()));
            boolean bare = method == Method.HEAD || noBody(response.status());
            var length = body.length();
            response.headers()
                    .forEach((name, value) -> {
                        if (HopByHop.isOne(name)) return;
                        out.headers().add(HeaderNames.create(name), value);
                    });
            if (bare) {
                if (method == Method.HEAD && !noBody(response.status()))
                    headLength(response, length, out);
                if (response.status() == 204 || response.status() == 304) link.lengthless();
                out.send(new byte[0]);
            } else if (body.atHand() && length.orElse(0) <= PIECE_BYTES) out.send(body.bytes());
            else {
                if (length.isPresent()) setLength(out, length.getAsLong());
                stream(body.stream(), length, out);
            }
        }
    }

    private static void headLength(Response response, OptionalLong length, RoutingResponse out) {
        var declared = response.headers().get("Content-Length");
        if (response.body() == Body.EMPTY && declared.isPresent())
            out.headers().set(HeaderNames.CONTENT_LENGTH, declared.get());
        else if (length.isPresent()) setLength(out, length.getAsLong());
    }

    private static void setLength(RoutingResponse out, long length) {
        out.headers().set(HeaderNames.CONTENT_LENGTH, Long.toString(length));
    }

    private static boolean noBody(int status) {
        return status == 204 || status == 205 || status == 304;
    }

    /**
     * Copies what is there and hands it on when nothing more is there yet. Fails, which ends the connection, if there is less than was
     * promised: the caller would wait for the rest.
     */
    private static void stream(InputStream in, OptionalLong length, RoutingResponse response)
            throws IOException {
        try (in;
                OutputStream out = response.outputStream()) {
            var buffer = new byte[BUFFER_BYTES];
            long written = 0;
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                out.write(buffer, 0, read);
                written += read;
                if (in.available() == 0) out.flush();
            }
            if (written < length.orElse(0))
                throw new IOException(
                        "a body ended after "
                                + written
                                + " of the "
                                + length.getAsLong()
                                + " bytes that were promised");
        }
        response.commit();
    }

    /**
     * Sends an answer that lasts, each piece when it comes; always closes its body. Nothing can follow on
     * the connection. Helidon's way would keep the head back until there are two pieces.
     */
    static void sendLasting(Response response, DataWriter out) throws IOException {
        try (var body = response.body();
                var in = body.stream()) {
            var head = new StringBuilder(256);
            var status = Status.create(response.status());
            head.append("HTTP/1.1 ").append(status.code()).append(' ');
            head.append(status.reasonPhrase()).append("\r\n");
            response.headers()
                    .forEach((name, value) -> {
                        if (HopByHop.isOne(name)) return;
                        head.append(name).append(": ").append(value).append("\r\n");
                    });
            if (response.headers().get("Date").isEmpty())
                head.append("Date: ").append(DateTime.rfc1123String()).append("\r\n");
            head.append("Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
            out.writeNow(BufferData.create(head.toString().getBytes(StandardCharsets.ISO_8859_1)));
            var buffer = new byte[BUFFER_BYTES];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                var size = Integer.toHexString(read) + "\r\n";
                out.writeNow(
                        BufferData.create(
                                BufferData.create(size),
                                BufferData.create(buffer, 0, read),
                                BufferData.create("\r\n")));
            }
            out.writeNow(BufferData.create("0\r\n\r\n"));
        }
    }

    /**
     * Changes the protocol: sends the head of the answer, then what goes back, each piece when it comes;
     * always closes its body. Nothing can follow on the connection.
     */
    static void sendUpgraded(Response response, DataWriter out) throws IOException {
        try (var body = response.body();
                var in = body.stream()) {
            var head = new StringBuilder(256);
            head.append("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n");
            head.append("Upgrade: ").append(WEBSOCKET).append("\r\n");
            response.headers()
                    .forEach((name, value) -> {
                        if (HopByHop.isOne(name)) return;
                        head.append(name).append(": ").append(value).append("\r\n");
                    });
            head.append("\r\n");
            out.writeNow(BufferData.create(head.toString().getBytes(StandardCharsets.ISO_8859_1)));
            var buffer = new byte[BUFFER_BYTES];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer))
                out.writeNow(BufferData.create(buffer, 0, read));
        }
    }

    /** Tells the caller that this connection ends with this answer. */
    static void close(RoutingResponse response) {
        response.headers().set(HeaderValues.CONNECTION_CLOSE);
    }
}
