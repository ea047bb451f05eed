package dev.weft.core.policy;

import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Instance;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/**
 * One instance as a client sees it: the way to it, its breaker, its load.
 *
 * <p>It lives as long as discovery knows the instance under this address, whatever happens to others. Called by itself it
 * refuses while its breaker is open; a {@link Balanced} decides about that for all nodes together. A call is over when
 * the head of its answer is here. One whose deadline passed sooner than good calls lately answered says nothing of the
 * instance: its caller left it no time.
 */
public final class Node implements Service<Request, Response> {

    /** How long it takes until a new node, or one whose breaker has closed again, gets its full share. */
    public static final Duration RAMP = Duration.ofSeconds(10);

    /** The share that it begins with. */
    public static final double FIRST_SHARE = 0.1;

    private final Service<Request, Response> service;
    private final Classifier<Response> classifier;
    private final Breaker breaker;
    private final PeakEwma load;
    private final Time time;
    private final long hash;
    private final LongAdder calls = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile Instance instance;
    private volatile boolean ramping = true;
    private volatile long rampsFromNanos;

    /**
     * A node that ramps up from now.
     *
     * @param service the way to the instance; if it is {@link AutoCloseable}, it is closed when the instance is gone
     */
    public Node(
            Instance instance,
            Service<Request, Response> service,
            Classifier<Response> classifier,
            Breaker breaker,
            Time time) {
        this.instance = instance;
        this.service = service;
        this.classifier = classifier;
        this.breaker = breaker;
        this.load = new PeakEwma(time);
        this.time = time;
        this.hash = ConsistentHash.hash(instance.id());
        this.rampsFromNanos = time.nanos();
    }

    @Override
    public Response call(Request request) throws Exception {
        return call(request, breaker.admit());
    }

    /** Sends a call that the breaker admitted. */
    Response call(Request request, Breaker.Call admitted) throws Exception {
        long begunNanos = load.begin();
        var verdict = Verdict.UNKNOWN;
        try {
            var answer = service.call(request);
            verdict = classifier.answered(answer);
            return answer;
        } catch (Throwable e) {
            verdict = classifier.failed(e);
            throw e;
        } finally {
            ended(begunNanos, verdict, admitted);
        }
    }

    private void ended(long begunNanos, Verdict said, Breaker.Call admitted) {
        var verdict = hadNoTime(said, time.nanos() - begunNanos) ? Verdict.UNKNOWN : said;
        if (admitted.end(verdict)) {
            load.reset();
            ramp();
        }
        load.end(begunNanos, verdict);
        calls.increment();
        countFailure(verdict);
    }

    /**
     * Counts that an answer broke off behind its head. The call was counted when that came, as the good one that it seemed; so this
     * adds a failure, but no call. A {@link Breaker} that is not closed does not count it.
     *
     * @param took since the call began
     */
    void late(Failure failure, Duration took) {
        var verdict = classifier.failed(failure);
        if (hadNoTime(verdict, took.toNanos())) return;
        breaker.late(verdict);
        load.begin();
        load.end(time.nanos() - took.toNanos(), verdict);
        countFailure(verdict);
    }

    private void countFailure(Verdict verdict) {
        switch (verdict.health()) {
            case BUSY, BAD -> failures.increment();
            case GOOD, UNKNOWN -> {}
        }
    }

    /** Whether its deadline left it less time than good calls lately took, be it only to connect. */
    private boolean hadNoTime(Verdict verdict, long tookNanos) {
        return verdict.health() == Verdict.Health.BAD
                && tookNanos < load.goodNanos()
                && (verdict.error().equals(Refusal.Reason.DEADLINE.wireName())
                        || Context.current().deadline().expired());
    }

    /** Whether the answer says that the work was not begun because the instance is about to end. */
    boolean leaves(Response answer) {
        if (answer.status() < 500) return false;
        var verdict = classifier.answered(answer);
        return verdict.again() == Verdict.Again.ALWAYS
                && verdict.error().equals(Refusal.Reason.DRAINING.wireName());
    }

    /** What discovery says of it. */
    public Instance instance() {
        return instance;
    }

    void update(Instance now) {
        if (now.state() == Instance.State.READY && instance.state() != Instance.State.READY) ramp();
        instance = now;
    }

    /** Of its id: the same in all clients. */
    long hash() {
        return hash;
    }

    public Breaker breaker() {
        return breaker;
    }

    public PeakEwma load() {
        return load;
    }

    /** Calls that have ended, also by being cancelled. */
    public long calls() {
        return calls.sum();
    }

    /** Those of them that failed or met a busy instance. */
    public long failures() {
        return failures.sum();
    }

    /** The share of its fair part of the calls that it should get, from {@link #FIRST_SHARE} to 1. */
    public double share() {
        if (!ramping) return 1;
        double share = (double) (time.nanos() - rampsFromNanos) / RAMP.toNanos();
        if (share < 1) return Math.max(FIRST_SHARE, share);
        ramping = false;
        return 1;
    }

    /** Whether it is to be taken, having been drawn: always when ramped up, else by chance. */
    boolean takesPart() {
        return !ramping || time.random().nextDouble() < share();
    }

    private void ramp() {
        rampsFromNanos = time.nanos();
        ramping = true;
    }

    /** Gives it its full share at once: it is only new to us. */
    void ramped() {
        ramping = false;
    }

    /** The instance is gone. Calls under way are not ended by this. */
    void close() {
        if (!(service instanceof AutoCloseable it)) return;
        try {
            it.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            System.getLogger(Node.class.getName())
                    .log(System.Logger.Level.WARNING, "closing the way to " + this, e);
        }
    }

    @Override
    public String toString() {
        return instance.service()
                + "/"
                + instance.id()
                + " at "
                + instance.address()
                + ", "
                + instance.state()
                + ", breaker "
                + breaker
                + ", "
                + load.pending()
                + " pending";
    }
}
