package dev.weft.core;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

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
            if (server == null) throw nobody(address);
            return server.call(request);
        };
    }

    private static Failure.Unreachable nobody(URI address) {
        return new Failure.Unreachable("nothing serves at " + address, false, null);
    }

    @Override
    public void close() {
        servers.values().forEach(MemoryServer::close);
    }

    /** One request in work. Of an answer that nobody waits for any more, the body is closed. */
    private static final class Task extends FutureTask<Response> {
        private final AtomicReference<@Nullable Response> made;

        Task(Callable<Response> work) {
            this(work, new AtomicReference<>());
        }

        private Task(Callable<Response> work, AtomicReference<@Nullable Response> made) {
            super(() -> {
                var response = work.call();
                made.set(response);
                return response;
            });
            this.made = made;
        }

        @Override
        public void run() {
            super.run();
            if (isCancelled()) drop();
        }

        /** Ends it for a caller that has gone. */
        void leave() {
            if (!cancel(true)) drop();
        }

        private void drop() {
            var response = made.getAndSet(null);
            if (response == null) return;
            try {
                response.body().close();
            } catch (RuntimeException nobodyWaitsForIt) {
                return;
            }
        }
    }

    private final class MemoryServer implements Server {
        private final Service<Request, Response> service;
        private final ServerOptions options;
        private final String authority;

        // Guarded by this server's monitor.
        private final Set<Task> running = new HashSet<>();
        private boolean stopped;

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
            var task = new Task(() -> answer(bounded));
            synchronized (this) {
                if (stopped) throw nobody(address());
                running.add(task);
            }
            try {
                Context.none().run(() -> time.start("memory-request", task));
                return task.get();
            } catch (InterruptedException e) {
                task.leave();
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

        /** The moment without a request is none: nobody is on the way here who is not in work. */
        @Override
        public void drain(Duration limit) {
            long endNanos = time.nanos() + limit.toNanos();
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
                stop();
            }
        }

        @Override
        public synchronized void close() {
            stop();
        }

        private void stop() {
            stopped = true;
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
