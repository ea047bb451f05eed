package dev.weft.testkit.fuzz;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.testkit.fuzz.Reading.Field;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.zip.CRC32;

/**
 * A service that takes every request and keeps what it was, but for the body, of which it keeps a checksum.
 *
 * <p>It answers 200 with what it understood, so that an {@link HttpFuzzer} that knows of it can compare. Read the requests now and then;
 * they are kept until somebody does. Safe for many threads.
 */
public final class RequestBin implements Service<Request, Response> {

    /**
     * A request as it arrived.
     *
     * @param whole whether its body came to its end
     */
    record Taken(String method, String target, List<Field> fields, String body, boolean whole) {

        /** What is answered to it. */
        String echo() {
            return RequestBin.echo(method, target, body);
        }
    }

    private final ConcurrentLinkedQueue<Taken> taken = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> objections = new ConcurrentLinkedQueue<>();

    public RequestBin() {}

    @Override
    public Response call(Request request) throws IOException {
        var fields = new ArrayList<Field>();
        request.headers().forEach((name, value) -> fields.add(new Field(name, value)));
        var method = request.method().name();
        var sum = new Sum();
        boolean whole = false;
        try (var in = request.body().stream()) {
            var buffer = new byte[8 << 10];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer))
                sum.add(buffer, read);
            whole = true;
        } finally {
            taken.add(new Taken(method, request.target(), fields, sum.toString(), whole));
        }
        return Response.text(echo(method, request.target(), sum.toString()));
    }

    void take(Taken request) {
        taken.add(request);
    }

    /** What came to a {@link StrictServer} that is no request. */
    void object(String what) {
        objections.add(what);
    }

    /** What has come since this was last asked. */
    List<Taken> taken() {
        var all = new ArrayList<Taken>();
        for (var one = taken.poll(); one != null; one = taken.poll()) all.add(one);
        return all;
    }

    List<String> objections() {
        return List.copyOf(objections);
    }

    static String echo(String method, String target, String body) {
        return method + " " + target + " " + body;
    }

    /** Of a body: its length and checksum. */
    static final class Sum {
        private final CRC32 sum = new CRC32();
        private long bytes;

        void add(byte[] buffer, int count) {
            sum.update(buffer, 0, count);
            bytes += count;
        }

        static String of(byte[] body) {
            var sum = new Sum();
            sum.add(body, body.length);
            return sum.toString();
        }

        @Override
        public String toString() {
            return bytes + ":" + Long.toHexString(sum.getValue());
        }
    }
}
