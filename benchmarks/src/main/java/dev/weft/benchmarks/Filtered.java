package dev.weft.benchmarks;

import static dev.weft.benchmarks.Bottom.*;

import dev.weft.core.Cancellation;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Filter;
import dev.weft.core.MemoryMeter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.StaticResolver;
import dev.weft.core.Trace;
import dev.weft.core.policy.Balanced;
import dev.weft.core.policy.Bulkhead;
import dev.weft.core.policy.ConcurrencyLimit;
import dev.weft.core.policy.ConsistentHash;
import dev.weft.core.policy.Hedge;
import dev.weft.core.policy.LeastLoaded;
import dev.weft.core.policy.Outliers;
import dev.weft.core.policy.PeakEwma;
import dev.weft.core.policy.PowerOfTwoChoices;
import dev.weft.core.policy.RateLimit;
import dev.weft.core.policy.Replay;
import dev.weft.core.policy.Retry;
import dev.weft.core.policy.RoundRobin;
import dev.weft.core.policy.Tally;
import dev.weft.core.policy.Throttle;
import dev.weft.core.policy.Tried;
import dev.weft.core.policy.Verdict;
import dev.weft.http.ClientTrace;
import dev.weft.http.Problems;
import dev.weft.http.ServerTrace;
import java.time.Duration;
import java.util.function.Supplier;

/** What can stand around a call, each with its defaults; those that are {@code RECORDED} in a trace that is. */
public enum Filtered {
    /** The call alone. */
    NOTHING(() -> Bottom::answer),

    // Of a client, from the outermost to the transport.

    CLIENT_TRACE(() -> around(new ClientTrace("back", tracer(), new MemoryMeter(), TIME))),
    REPLAY(() -> around(new Replay())),
    RETRY(() -> around(new Retry<>(BY, Retry.Options.DEFAULT, HTTP, budget(), Tally.NONE, TIME))),
    HEDGE(() -> around(new Hedge<>(Hedge.Options.DEFAULT, HTTP, budget(), Tally.NONE, TIME))),
    /** What tells the tries of one call where the others went; around retry and hedge. */
    TRIED(() -> around(Tried.across(Filter.none()))),
    THROTTLE(() ->
            around(
                    new Throttle<>(
                            BY,
                            "back",
                            Throttle.Options.DEFAULT,
                            HTTP.classifier(),
                            Tally.NONE,
                            TIME))),
    /** Sends to one of three: the balancer, the outliers, the load and the breaker of the one that is chosen. */
    BALANCED(() ->
            new Balanced(
                    BY,
                    "back",
                    new StaticResolver(INSTANCES),
                    Bottom::node,
                    new PowerOfTwoChoices(TIME),
                    new Outliers(Outliers.Options.DEFAULT, Tally.NONE),
                    Tally.NONE)),
    POWER_OF_TWO_CHOICES(() -> around(new Picking(new PowerOfTwoChoices(TIME)))),
    ROUND_ROBIN(() -> around(new Picking(new RoundRobin(TIME)))),
    LEAST_LOADED(() -> around(new Picking(new LeastLoaded(TIME)))),
    CONSISTENT_HASH(() ->
            around(new Picking(new ConsistentHash(Request::path, new PowerOfTwoChoices(TIME))))),
    PEAK_EWMA(() -> {
        var load = new PeakEwma(TIME);
        return around((request, next) -> {
            long begun = load.begin();
            var answer = next.call(request);
            load.end(begun, Verdict.GOOD);
            return answer;
        });
    }),
    BREAKER(() -> around(breaker().filter(HTTP.classifier()))),
    ATTEMPT_TRACE(() -> around(attemptTrace())),
    ATTEMPT_TRACE_RECORDED(() -> around(attemptTrace())),
    /** Interrupts what goes on beyond it: around each try, and around the work of a server. */
    DEADLINE(() -> around(Cancellation.atDeadline(BY, TIME))),
    /** Writes the context into headers. */
    CONTEXT_HEADERS(() -> around((request, next) -> next.call(ContextHeaders.inject(request)))),
    /** All of a client, as a service has it, of a service with three instances. */
    CLIENT_STACK(Bottom::clientStack),
    CLIENT_STACK_RECORDED(Bottom::clientStack),

    // Of a server, from the outermost to the handler.

    SERVER_TRACE(() ->
            around(
                    new ServerTrace(
                            tracer(),
                            new MemoryMeter(),
                            TIME,
                            LONGEST,
                            ServerTrace.templates(routes(Bottom::answer))))),
    PROBLEMS(() -> around(Problems.filter(BY))),
    CONCURRENCY_LIMIT(() ->
            around(
                    new ConcurrencyLimit<>(
                            BY,
                            ConcurrencyLimit.Options.DEFAULT,
                            HTTP.classifier(),
                            Tally.NONE,
                            TIME))),
    RATE_LIMIT(() -> {
        var options = RateLimit.Options.of(1_000_000_000, Duration.ofSeconds(1));
        return around(new RateLimit(options, Tally.NONE, TIME).filter(BY, Request::path));
    }),
    BULKHEAD(() -> around(new Bulkhead<>(BY, Bulkhead.Options.of(100), Tally.NONE, TIME))),
    /** All of a server, with one route. */
    SERVER_STACK(Bottom::serverStack),
    SERVER_STACK_RECORDED(Bottom::serverStack);

    private final Supplier<Service<Request, Response>> made;
    private final Trace trace;
    private final Request request;

    Filtered(Supplier<Service<Request, Response>> made) {
        this.made = made;
        trace = Trace.start(TIME, name().endsWith("_RECORDED")).child(TIME);
        request =
                Request.get("/orders/4711")
                        .header("Host", "127.0.0.1:8081")
                        .header("Accept", "application/json")
                        .header(ContextHeaders.TRACEPARENT, trace.traceparent())
                        .header(ContextHeaders.DEADLINE, "10000");
    }

    /** A new one around {@link Bottom#answer}. */
    Service<Request, Response> service() {
        return made.get();
    }

    /** Whose span the calls run in. */
    Trace trace() {
        return trace;
    }

    /** What is asked; a server takes context from it. */
    Request request() {
        return request;
    }
}
