package dev.weft.testkit.simulation;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.http.Problems;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * One instance of a service in virtual time: work that takes its time on so many workers, first come first served, then
 * whatever it calls; with faults that come and go.
 *
 * <p>Around that stands what stands around a service of Weft: the context that came, failures as problems, the deadline,
 * and the policies that it was given. A {@link #plain} one has none of these: it knows of no deadline but that its caller
 * has left, and answers 500 to every failure.
 */
public final class SimulatedServer implements Service<Request, Response> {

    private static final Duration LONGEST = Duration.ofSeconds(10);
    private static final Duration FOREVER = Duration.ofDays(1);

    private enum Kind {
        SLOW,
        WARMING,
        FAILING,
        HANGING
    }

    private record Fault(long fromNanos, long toNanos, Kind kind, double factor) {}

    private final Simulation simulation;
    private final Semaphore workers;
    private final Latency latency;
    private final Service<Request, Response> entry;
    private final List<Fault> faults = new ArrayList<>();

    private SimulatedServer(
            Simulation simulation,
            int workers,
            Latency latency,
            Filter<Request, Response> edge,
            Service<Request, Response> calls) {
        this.simulation = simulation;
        this.workers = new Semaphore(workers, true);
        this.latency = latency;
        this.entry =
                edge.then(request -> {
                    var failed = work();
                    return failed ? Response.of(500) : calls.call(request);
                });
    }

    /**
     * One as Weft makes it.
     *
     * @param by its name, as refusals say it
     * @param workers how much it works at once; what comes beyond waits
     * @param latency how long the work takes
     * @param policies outside of the work and inside of the deadline
     * @param calls what it does behind its own work, holding no worker
     */
    public static SimulatedServer weft(
            Simulation simulation,
            String by,
            int workers,
            Latency latency,
            Filter<Request, Response> policies,
            Service<Request, Response> calls) {
        Filter<Request, Response> context =
                (request, next) ->
                        ContextHeaders.extract(request, LONGEST, simulation)
                                .call(() -> next.call(request));
        var edge =
                context.then(Problems.filter(by))
                        .then(Cancellation.atDeadline(by, simulation))
                        .then(policies)
                        .then(Problems.handlers());
        return new SimulatedServer(simulation, workers, latency, edge, calls);
    }

    /** One without any policy; see {@link #weft}. */
    public static SimulatedServer plain(
            Simulation simulation, int workers, Latency latency, Service<Request, Response> calls) {
        return new SimulatedServer(simulation, workers, latency, SimulatedServer::plainly, calls);
    }

    private static Response plainly(Request request, Service<Request, Response> next)
            throws Exception {
        try {
            var answer = Context.none().call(() -> next.call(request));
            return ContextHeaders.withoutRetrySafety(answer);
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            return Response.of(500);
        }
    }

    /** From then, in virtual time, its work takes longer by the factor. */
    public void slow(Duration from, Duration to, double factor) {
        faults.add(new Fault(from.toNanos(), to.toNanos(), Kind.SLOW, factor));
    }

    /** At first its work takes longer by the factor, which falls to 1 until the end, as caches fill. */
    public void warming(Duration from, Duration to, double factor) {
        faults.add(new Fault(from.toNanos(), to.toNanos(), Kind.WARMING, factor));
    }

    /** It answers 500 within a millisecond. */
    public void failing(Duration from, Duration to) {
        faults.add(new Fault(from.toNanos(), to.toNanos(), Kind.FAILING, 1));
    }

    /** What comes then is never answered, and ends when it is interrupted. */
    public void hanging(Duration from, Duration to) {
        faults.add(new Fault(from.toNanos(), to.toNanos(), Kind.HANGING, 1));
    }

    @Override
    public Response call(Request request) throws Exception {
        return entry.call(request);
    }

    /** Whether it failed. */
    private boolean work() throws InterruptedException {
        double factor = 1;
        long now = simulation.nanos();
        for (var fault : faults) {
            if (now < fault.fromNanos || now >= fault.toNanos) continue;
            switch (fault.kind) {
                case SLOW -> factor *= fault.factor;
                case WARMING -> {
                    double left =
                            (double) (fault.toNanos - now) / (fault.toNanos - fault.fromNanos);
                    factor *= 1 + (fault.factor - 1) * left;
                }
                case FAILING -> {
                    simulation.sleep(Duration.ofMillis(1));
                    return true;
                }
                case HANGING -> simulation.sleep(FOREVER);
            }
        }
        workers.acquire();
        try {
            simulation.sleep(
                    Duration.ofNanos((long) (latency.nanos(simulation.random()) * factor)));
        } finally {
            workers.release();
        }
        return false;
    }
}
