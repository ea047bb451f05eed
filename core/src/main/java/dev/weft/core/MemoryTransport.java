package dev.weft.core;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Services in one process, reached by {@code memory://host:port}, with the rules of a network: each
 * request runs on a thread of its own, bodies are bounded, an interrupted caller interrupts the
 * handler, and nothing but headers carries the context.
 */
public final class MemoryTransport implements Transport {

    private final Time time;
    private final Map<String, MemoryServer> servers = new ConcurrentHashMap<>();
    private final AtomicInteger nextPort = new AtomicInteger(1);

    public MemoryTransport(Time time) {
        this.time = time;
    }

    @Override
    public Server serve(Service<Request, Response> service, ServerOptions options) {
        int port = options.port() == 0 ? nextPort.getAndIncrement() : options.port();
        var server = new MemoryServer(service, options, "memory:" + port);
        if (servers.putIfAbsent(server.authority, server) != null)
            throw new Failure.Unreachable(server.address() + " is taken", false, null);
        return server;
    }

    @Override
    public Service<Request, Response> client(URI address) {
        return request -> {
            var server = servers.get(address.getAuthority());
            if (server == null)
                throw new Failure.Unreachable("nothing serves at " + address, false, null);
            return server.call(request);
        };
    }

    @Override
    public void close() {
        servers.values().forEach(MemoryServer::close);
    }

    private final class MemoryServer implements Server {
        private final Service<Request, Response> service;
        private final ServerOptions options;
        private final String authority;

        /** Requests in work; this server's monitor guards the signal that one has ended. */
        private final Set<FutureTask<Response>> running = ConcurrentHashMap.newKeySet();

        MemoryServer(Service<Request, Response> service, ServerOptions options, String authority) {
            this.service = service;
            this.options = options;
            this.authority = authority;
        }

        @Override
        public URI address() {
            return URI.create("memory://" + authority);
        }

        Response call(Request request) throws Exception {
            var bounded =
                    request.with(request.headers().without(ContextHeaders.PEER))
                            .with(bounded(request.body()));
            var task = new FutureTask<>(() -> answer(bounded));
            running.add(task);
            try {
                Context.none().run(() -> time.start("memory-request", task));
                return task.get();
            } catch (InterruptedException e) {
                task.cancel(true);
                throw e;
            } catch (ExecutionException | java.util.concurrent.CancellationException e) {
                throw new Failure.Unreachable(address() + " broke the request off", true, e);
            } finally {
                synchronized (this) {
                    running.remove(task);
                    notifyAll();
                }
            }
        }

        private Response answer(Request request) throws InterruptedException {
            try {
                var response = service.call(request);
                if (request.method() != Method.HEAD) {
                    var body = response.body();
                    return response.with(
                            body.through(in -> new Answer(in, body.length(), address())));
                }
                response.body().close();
                return response.with(Body.EMPTY);
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                System.getLogger(MemoryTransport.class.getName())
                        .log(System.Logger.Level.ERROR, request.method() + " " + request.path(), e);
                return Response.of(500);
            }
        }

        private Body bounded(Body body) {
            if (body == Body.EMPTY) return body;
            return Body.of(
                    new BoundedInput(body.stream(), options.maxBodyBytes(), body.length()),
                    body.length());
        }

        @Override
        public void drain(Duration limit) {
            long endNanos = time.nanos() + limit.toNanos();
            servers.remove(authority, this);
            synchronized (this) {
                while (!running.isEmpty()) {
                    long leftMs = (endNanos - time.nanos()) / 1_000_000;
                    if (leftMs <= 0) break;
                    try {
                        wait(leftMs);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        break;
                    }
                }
            }
            close();
        }

        @Override
        public void close() {
            servers.remove(authority, this);
            running.forEach(task -> task.cancel(true));
        }
    }

    /** A streamed answer, which breaks off as over a socket: by a failure of its stream, or an end that comes too soon. */
    private static final class Answer extends InputStream {
        private final InputStream in;
        private final URI from;
        private final boolean counted;
        private long leftBytes;

        Answer(InputStream in, OptionalLong length, URI from) {
            this.in = in;
            this.from = from;
            this.counted = length.isPresent();
            this.leftBytes = length.orElse(0);
        }

        @Override
        public int read() {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) {
            int count;
            try {
                count = in.read(into, offset, most);
            } catch (IOException | RuntimeException e) {
                throw new Failure.Unreachable(from + ": the answer broke off", true, e);
            }
            if (count > 0) leftBytes -= count;
            if (count < 0 && counted && leftBytes > 0)
                throw new Failure.Unreachable(
                        from + ": the answer broke off " + leftBytes + " bytes before its end",
                        true,
                        null);
            return count;
        }

        @Override
        public int available() throws IOException {
            return in.available();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
