package dev.weft.gateway;

import dev.weft.core.Body;
import dev.weft.core.Caller;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.LogFields;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * A line of the log for each request, when the last byte of its answer has been handed on: who asked
 * for what, who answered, what, how much, and how long it took.
 *
 * <p>Answers of 500 and above are warnings. The others are told at INFO if it is on, else at DEBUG.
 * The query is left out, for it may hold what is not for everybody who reads logs.
 */
final class AccessLog implements Filter<Request, Response> {

    private static final Logger LOG = System.getLogger(AccessLog.class.getName());

    private final Level level;
    private final Function<Request, Origin> origin;
    private final Function<Request, String> service;
    private final Time time;

    /**
     * @param service the name of the one that a request goes to; empty if it goes to none
     */
    AccessLog(
            boolean on,
            Function<Request, Origin> origin,
            Function<Request, String> service,
            Time time) {
        this.level = on ? Level.INFO : Level.DEBUG;
        this.origin = origin;
        this.service = service;
        this.time = time;
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var entry = new Entry(request, time.nanos());
        Response response;
        try {
            response = next.call(request);
        } catch (Exception | Error e) {
            entry.tell(Answered.NOTHING, 0, false);
            throw e;
        }
        if (!LOG.isLoggable(level(response.status()))) return response;
        var answered = Answered.of(response);
        var body = response.body();
        if (body.atHand()) {
            long bytes = request.method() == Method.HEAD ? 0 : body.bytes().length;
            entry.tell(answered, bytes, true);
            return response;
        }
        var counted = new Counted(body.stream(), entry, answered);
        return response.with(Body.of(counted, body.length()));
    }

    private Level level(int status) {
        return status >= 500 ? Level.WARNING : level;
    }

    /**
     * What the head of an answer tells.
     *
     * @param status 0 if there was no answer, because the caller had gone
     * @param caller the subject of the token; empty if there was none
     * @param failedAt the service that failed, with its instance; empty if it is not known, or none did
     */
    private record Answered(int status, String caller, String failedAt) {

        static final Answered NOTHING = new Answered(0, "", "");

        static Answered of(Response response) {
            var headers = response.headers();
            return new Answered(
                    response.status(),
                    headers.get(ContextHeaders.CALLER)
                            .map(it -> Caller.parse(it).subject())
                            .orElse(""),
                    headers.get(ContextHeaders.FAILED).orElse(""));
        }
    }

    /** One request. */
    private final class Entry {
        private final Request request;
        private final long start;
        private final Context context = Context.current();

        Entry(Request request, long start) {
            this.request = request;
            this.start = start;
        }

        void tell(Answered answered, long bytes, boolean complete) {
            var level = level(answered.status);
            if (!LOG.isLoggable(level)) return;
            var from = origin.apply(request);
            var line =
                    new Line(
                            from.client(),
                            from.scheme(),
                            request.method(),
                            request.path(),
                            answered.status,
                            bytes,
                            time.nanos() - start,
                            service.apply(request),
                            answered.caller,
                            answered.failedAt,
                            complete);
            context.run(() -> LOG.log(level, "{0}", line));
        }
    }

    /** An answer's body on its way; its end, or its closing before, is the end of the request. */
    private static final class Counted extends FilterInputStream {
        private final Entry entry;
        private final Answered answered;
        private long bytes;
        private boolean told;

        Counted(InputStream in, Entry entry, Answered answered) {
            super(in);
            this.entry = entry;
            this.answered = answered;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = in.read(buffer, offset, length);
            if (count < 0) tell(true);
            else bytes += count;
            return count;
        }

        @Override
        public void close() throws IOException {
            try {
                in.close();
            } finally {
                tell(entry.request.method() == Method.HEAD);
            }
        }

        private void tell(boolean complete) {
            if (told) return;
            told = true;
            entry.tell(answered, bytes, complete);
        }
    }

    /**
     * What is told of one request.
     *
     * @param status 0 if there was no answer, because the caller had gone
     * @param bytes of the answer's body
     * @param caller the subject of the token; empty if there was none
     * @param failedAt the service that failed, with its instance; empty if it is not known, or none did
     * @param complete whether the whole answer was handed on
     */
    record Line(
            String client,
            String scheme,
            Method method,
            String path,
            int status,
            long bytes,
            long nanos,
            String service,
            String caller,
            String failedAt,
            boolean complete)
            implements LogFields {

        @Override
        public Map<String, Object> fields() {
            var fields = new LinkedHashMap<String, Object>();
            if (!client.isEmpty()) fields.put("client.address", client);
            fields.put("http.request.method", method.name());
            fields.put("url.path", path);
            fields.put("url.scheme", scheme);
            if (status > 0) fields.put("http.response.status_code", (long) status);
            fields.put("http.response.body.bytes", bytes);
            fields.put("event.duration", nanos);
            fields.put("event.outcome", complete && status < 500 ? "success" : "failure");
            if (!service.isEmpty()) fields.put("service.target.name", service);
            if (!caller.isEmpty()) fields.put("user.id", caller);
            if (!failedAt.isEmpty()) fields.put("weft.failed", failedAt);
            return fields;
        }

        /** {@code 10.0.0.7 GET /carts/ann 200 1532 B 2.31 ms cart ann}; what is not known is "-". */
        @Override
        public String toString() {
            var text = new StringBuilder(96);
            text.append(known(client)).append(' ').append(method).append(' ').append(known(path));
            text.append(' ').append(status == 0 ? "-" : Integer.toString(status));
            text.append(' ').append(bytes).append(" B ").append(nanos / 1_000_000).append('.');
            long hundredths = nanos / 10_000 % 100;
            text.append(hundredths / 10).append(hundredths % 10).append(" ms ");
            text.append(known(service)).append(' ').append(known(caller));
            if (!complete) text.append(" cut");
            if (!failedAt.isEmpty()) text.append(" failed at ").append(known(failedAt));
            return text.toString();
        }

        /** On one line, whatever a caller sent. */
        private static String known(String text) {
            return text.isEmpty() ? "-" : text.replaceAll("[^\\x21-\\x7e]", "?");
        }
    }
}
