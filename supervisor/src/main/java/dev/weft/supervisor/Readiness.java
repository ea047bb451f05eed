package dev.weft.supervisor;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Registry;
import dev.weft.core.Request;
import dev.weft.core.Resolver;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Knows when a process that was started can take requests. */
@FunctionalInterface
public interface Readiness {

    /**
     * Blocks until the process is ready. It is interrupted when the process has ended or its time
     * is up.
     */
    Ready await(Launched launched) throws Exception;

    /**
     * A process that was started.
     *
     * @param port that it was told to listen on; 0 if it takes any
     */
    record Launched(String service, String instance, int port) {}

    /**
     * Where requests go.
     *
     * @param withdraw run once before the process is told to stop, and when it has ended
     */
    record Ready(URI address, Runnable withdraw) {}

    /**
     * Run, on a thread of its own, when a process ended that was not told to: nobody else takes back
     * what it said of itself.
     */
    default void ended(Launched launched) {}

    /** How long between two looks at a process that does not tell by itself. */
    Duration POLL = Duration.ofMillis(25);

    /** Ready when the instance is registered as ready, by itself. */
    static Readiness registered(Resolver resolver) {
        return launched -> {
            var address = new AtomicReference<URI>();
            var found = new CountDownLatch(1);
            try (var _ =
                    resolver.watch(all -> {
                        for (var one : all)
                            if (one.id().equals(launched.instance())
                                    && one.state() == Instance.State.READY) {
                                address.set(one.address());
                                found.countDown();
                            }
                    })) {
                found.await();
            }
            return new Ready(address.get(), () -> {});
        };
    }

    /**
     * Ready when the instance is registered as ready, by itself.
     *
     * @param forget takes an instance out of the registry that can no longer do it; best effort
     */
    static Readiness registered(Resolver resolver, Consumer<String> forget) {
        var registered = registered(resolver);
        return new Readiness() {
            @Override
            public Ready await(Launched launched) throws Exception {
                return registered.await(launched);
            }

            @Override
            public void ended(Launched launched) {
                forget.accept(launched.instance());
            }
        };
    }

    /** Ready when something listens on the process's port on this machine. */
    static Readiness listening(Time time) {
        return launched -> {
            while (!listens(launched.port())) time.sleep(POLL);
            return new Ready(local(launched.port()), () -> {});
        };
    }

    /** Ready when {@code GET path} on the process's port is answered with 2xx. */
    static Readiness answering(String path, Transport transport, Time time) {
        return launched -> {
            var address = local(launched.port());
            var client = transport.client(address);
            while (true) {
                try (var _ = Context.none().call(() -> ask(client, path))) {
                    return new Ready(address, () -> {});
                } catch (Failure.Unreachable | Failure.Answered e) {
                    time.sleep(POLL);
                }
            }
        };
    }

    private static dev.weft.core.Body ask(
            dev.weft.core.Service<Request, dev.weft.core.Response> client, String path)
            throws Exception {
        var response = client.call(Request.get(path));
        if (response.status() >= 200 && response.status() < 300) return response.body();
        response.body().close();
        throw new Failure.Unreachable(path + " answers " + response.status(), true, null);
    }

    /** Like this, and then registered on behalf of the process, which does not do it by itself. */
    default Readiness announced(Registry registry, List<String> routes) {
        return launched -> {
            var ready = await(launched);
            var lease =
                    registry.register(
                            new Instance(
                                    launched.service(),
                                    launched.instance(),
                                    ready.address(),
                                    Instance.State.READY,
                                    routes));
            return new Ready(
                    ready.address(),
                    () -> {
                        lease.close();
                        ready.withdraw().run();
                    });
        };
    }

    private static URI local(int port) {
        return URI.create("http://127.0.0.1:" + port);
    }

    private static boolean listens(int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
