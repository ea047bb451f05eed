package dev.weft.testkit.simulation;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Transport;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Transport between services of one {@link Simulation}: takes no time, loses nothing. Each request runs on a thread of its
 * own; when the caller's is interrupted, so is that one. Used in the simulation only.
 */
public final class SimulatedNetwork implements Transport {

    private final Simulation simulation;
    private final Map<URI, Served> servers = new HashMap<>();
    private int lastNumber;

    public SimulatedNetwork(Simulation simulation) {
        this.simulation = simulation;
    }

    @Override
    public Server serve(Service<Request, Response> service, ServerOptions options) {
        var served = new Served(URI.create("simulated://" + ++lastNumber), service);
        servers.put(served.address, served);
        return served;
    }

    @Override
    public Service<Request, Response> client(URI address) {
        return request -> {
            var served = servers.get(address);
            if (served == null)
                throw new Failure.Unreachable("nobody listens at " + address, false, null);
            return served.call(request);
        };
    }

    @Override
    public void close() {
        List.copyOf(servers.values()).forEach(Served::close);
    }

    private final class Served implements Server {

        private static final Duration LOOK = Duration.ofMillis(10);

        private final URI address;
        private final Service<Request, Response> service;
        private final Set<FutureTask<Response>> running = new LinkedHashSet<>();

        Served(URI address, Service<Request, Response> service) {
            this.address = address;
            this.service = service;
        }

        Response call(Request request) throws Exception {
            if (Thread.interrupted()) throw new InterruptedException();
            var task = new FutureTask<>(() -> service.call(request));
            running.add(task);
            Context.none().run(() -> simulation.start("request", task));
            try {
                return task.get();
            } catch (InterruptedException e) {
                task.cancel(true);
                throw e;
            } catch (ExecutionException e) {
                return Response.of(500);
            } catch (CancellationException e) {
                throw new Failure.Unreachable(address + " broke the request off", true, e);
            } finally {
                running.remove(task);
            }
        }

        @Override
        public URI address() {
            return address;
        }

        @Override
        public void drain(Duration limit) {
            long endNanos = simulation.nanos() + limit.toNanos();
            try {
                while (!running.isEmpty() && simulation.nanos() < endNanos) simulation.sleep(LOOK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            close();
        }

        @Override
        public void close() {
            servers.remove(address);
            List.copyOf(running).forEach(task -> task.cancel(true));
        }
    }
}
