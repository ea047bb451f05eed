package dev.weft.events;

import dev.weft.core.Backoff;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Operation;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Signal;
import dev.weft.core.Span;
import dev.weft.core.Time;
import dev.weft.core.Tracer;
import dev.weft.core.Work;
import dev.weft.json.Json;
import dev.weft.json.PersonalJson;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Makes the calls of a service's sagas, each until it is answered or given up.
 *
 * <p>A call is a row, and so outlives the process. One process of a service makes them at a time, by a {@link Lease}; what two do
 * all the same, because one was paused, carries the same {@code Idempotency-Key}, and the first answer counts: closing the row
 * and feeding the answer are one transaction. If a reaction fails, the row stays open and the answer is kept beside it; the next
 * attempt feeds that. What is too large to be kept, or has personal values, is asked for again.
 *
 * <p>Calls that this code does not know are left to code that does, such as that of the process that takes over.
 *
 * <p>A loop looks for calls; each attempt has a thread of its own, {@value #MAX_OF_SERVICE} at a time for each called service, so
 * that one that hangs holds up no other. The lock guards what is under way, and is never held during I/O.
 */
final class SagaCalls implements Runner {

    /** How many attempts are made at one service at a time. */
    static final int MAX_OF_SERVICE = 64;

    /** How often it looks at least. */
    private static final Duration LOOK = Duration.ofMillis(100);

    /** How often it forgets what was kept long enough. */
    private static final Duration FORGET = Duration.ofMinutes(10);

    /** How long one waits for another process that is at it. */
    private static final Duration ELSEWHERE = Duration.ofMillis(500);

    /** How long one that could not even be put off stays away. */
    private static final Duration STORE_AWAY = Duration.ofSeconds(1);

    private static final Set<Integer> NOT_YET = Set.of(408, 425, 429);

    /** What Weft's services answer with a 4xx though nothing was decided about the request, or nobody knows what. */
    private static final Set<String> UNDECIDED =
            Set.of("request-in-flight", "conflict", "idempotency-key-reused");

    /** So many erasures there never are. */
    private static final long UNKNOWN = -1;

    private static final int REFUSED = 400;
    private static final int FAILED = 500;

    private final String service;
    private final Map<String, SagaTurns<?>> sagas;
    private final Set<String> known = new HashSet<>();
    private final Function<String, Service<Request, Response>> clients;
    private final Storage storage;
    private final Lease lease;
    private final Tracer tracer;
    private final Time time;
    private final Progress.Part part;
    private final Loop loop;

    private final ReentrantLock lock = new ReentrantLock();
    private final Signal changed;
    private final Map<String, Attempt> working = new HashMap<>();
    private boolean woken;
    private boolean stopping;
    private long leasedAtNanos;
    private long forgetNanos;
    private volatile boolean begun;

    private record Attempt(String service, Thread thread) {}

    /**
     * @param sagas by their names
     */
    SagaCalls(
            String service,
            Map<String, SagaTurns<?>> sagas,
            Function<String, Service<Request, Response>> clients,
            Storage storage,
            Tracer tracer,
            Progress progress,
            Time time) {
        this.service = service;
        this.sagas = sagas;
        for (var turns : sagas.values())
            for (var call : turns.saga().calls())
                known.add(turns.saga().name() + "/" + call.name());
        this.clients = clients;
        this.storage = storage;
        this.lease = new Lease("sagas", storage.database(), time);
        this.tracer = tracer;
        this.time = time;
        this.changed = new Signal(lock, time);
        this.part = progress.part(Progress.Kind.CALLS, "");
        this.loop = new Loop(service + " calls of sagas", time, part, this::step);
        this.forgetNanos = time.nanos();
    }

    /** Looks at once. */
    void wake() {
        lock.lock();
        try {
            woken = true;
            changed.all();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void start() {
        loop.start();
    }

    /** Lets the attempts under way finish, and interrupts them when the time is over. */
    @Override
    public void stop(Duration atMost) {
        lock.lock();
        try {
            stopping = true;
            changed.all();
        } finally {
            lock.unlock();
        }
        loop.stop(Loop.GRACE);
        var end = Deadline.after(atMost, time);
        if (!ended(end.remaining())) {
            lock.lock();
            try {
                working.values().forEach(it -> it.thread().interrupt());
            } finally {
                lock.unlock();
            }
            ended(Loop.GRACE);
        }
        if (!lease.held()) return;
        try {
            lease.release();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            Loop.LOG.log(System.Logger.Level.DEBUG, service + " leaves its lease to end", e);
        }
    }

    private boolean ended(Duration atMost) {
        long endNanos = time.nanos() + atMost.toNanos();
        lock.lock();
        try {
            while (!working.isEmpty()) {
                long leftNanos = endNanos - time.nanos();
                if (leftNanos <= 0) return false;
                changed.await(Duration.ofNanos(leftNanos));
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * What is called and has not answered; nothing is known of that before it has begun.
     *
     * @param correlations only what came of these traces; all if there are none
     */
    List<Progress.Blocked> blocking(Set<String> correlations) {
        if (!begun) return List.of(blocked(0, "they have not begun yet"));
        return SagaRows.open(correlations, Progress.MAX_FAILING, storage.database()).stream()
                .map(it -> blocked(it.attempts(), it.text() + why(it)))
                .toList();
    }

    private String why(SagaRows.Made call) {
        if (!known.contains(call.what())) return ": " + service + " has no code for it";
        return call.error().isEmpty() ? "" : ": " + call.error();
    }

    private Progress.Blocked blocked(int attempt, String error) {
        return new Progress.Blocked("calls of sagas", service, 0, 0, attempt, error, false);
    }

    static void makeTables(Sql sql) {
        SagaRows.TABLES.forEach(sql::update);
    }

    private void step() throws Exception {
        if (!begun)
            storage.database()
                    .write(sql -> {
                        makeTables(sql);
                        return true;
                    });
        if (!begun) {
            begun = true;
            part.parkedChanged();
        }
        forget();
        forgetWaking();
        int started = 0;
        for (var each : SagaRows.called(storage.database())) {
            var wanted =
                    SagaRows.wanted(
                            each, known, time.now(), 2 * MAX_OF_SERVICE, storage.database());
            if (wanted.isEmpty()) continue;
            if (!leased()) {
                rest(ELSEWHERE);
                return;
            }
            for (var call : wanted) if (begin(call)) started++;
        }
        if (started == 0) rest(LOOK);
    }

    /** Each process does, as it does no harm to do it twice. */
    private void forget() throws InterruptedException {
        long now = time.nanos();
        if (now - forgetNanos < 0) return;
        boolean more = false;
        for (var turns : sagas.values()) more |= turns.forget(storage.database());
        if (!more) forgetNanos = now + FORGET.toNanos();
    }

    /** Takes the lease, or renews it when it is time. */
    private boolean leased() throws InterruptedException {
        long now = time.nanos();
        if (lease.held() && now - leasedAtNanos < Lease.RENEWAL.toNanos()) return true;
        leasedAtNanos = now;
        return lease.take();
    }

    /** What is found from here on is looked for anew anyway. */
    private void forgetWaking() {
        lock.lock();
        try {
            woken = false;
        } finally {
            lock.unlock();
        }
    }

    private void rest(Duration atMost) throws Exception {
        long endNanos = time.nanos() + atMost.toNanos();
        loop.idle(() -> {
            lock.lockInterruptibly();
            try {
                for (long leftNanos = atMost.toNanos();
                        !woken && leftNanos > 0;
                        leftNanos = endNanos - time.nanos())
                    changed.await(Duration.ofNanos(leftNanos));
                return true;
            } finally {
                lock.unlock();
            }
        });
    }

    /** Begins an attempt, unless one is under way or the service has enough of them. */
    private boolean begin(SagaRows.Made call) {
        lock.lock();
        try {
            long beside =
                    working.values().stream()
                            .filter(it -> it.service().equals(call.service()))
                            .count();
            if (stopping || working.containsKey(call.key()) || beside >= MAX_OF_SERVICE)
                return false;
            Context.none()
                    .run(() ->
                            working.put(
                                    call.key(),
                                    new Attempt(
                                            call.service(),
                                            time.start(
                                                    service + " calls " + call.text(),
                                                    () -> attempt(call)))));
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void attempt(SagaRows.Made call) {
        var came = Optional.<Saga.Input>empty();
        long erasures = UNKNOWN;
        try {
            erasures = storage.subjects().erasures();
            // What was found may have been answered, or have failed, before this attempt could
            // begin.
            if (!SagaRows.isAsRead(call, storage.database())) return;
            var turns = Optional.ofNullable(sagas.get(call.saga())).orElseThrow();
            came = Optional.of(cameTo(call, turns.saga().call(call.name()).orElseThrow()));
            conclude(call, turns, came.get());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Throwable failure) {
            putOff(call, came.flatMap(SagaCalls::kept), failure, erasures);
        } finally {
            lock.lock();
            try {
                working.remove(call.key());
                woken = true;
                changed.all();
            } finally {
                lock.unlock();
            }
        }
    }

    /** What the call came to at an earlier attempt, or comes to now; throws if it has to be made again. */
    private <I, O> Saga.Input cameTo(SagaRows.Made made, Call<I, O> call) throws Exception {
        var input =
                made.hasInput()
                        ? Optional.of(Json.read(made.input(), call.operation().takes()))
                        : Optional.<I>empty();
        var before =
                made.attempts() == 0
                        ? Optional.<SagaRows.Answer>empty()
                        : SagaRows.answer(made, storage.database());
        return before.isPresent() ? read(before.get(), call, input) : make(made, call, input);
    }

    private static <I, O> Saga.Input read(
            SagaRows.Answer answer, Call<I, O> call, Optional<I> input) {
        if (answer.refused())
            return new Saga.Input.Refused<>(call, input, Json.read(answer.data(), Problem.class));
        var output =
                Arrays.equals(answer.data(), SagaRows.NOTHING)
                        ? Optional.<O>empty()
                        : Optional.of(Json.read(answer.data(), call.operation().answers()));
        return new Saga.Input.Answered<>(call, input, output);
    }

    /** What is kept of what a call came to; empty if it has to be asked for again. */
    private static Optional<SagaRows.Answer> kept(Saga.Input came) {
        try {
            return Optional.of(json(came))
                    .filter(it -> it.length <= Bus.MAX_DATA_BYTES && !PersonalJson.isIn(it))
                    .map(it -> new SagaRows.Answer(came instanceof Saga.Input.Refused<?>, it));
        } catch (IllegalArgumentException none) {
            return Optional.empty();
        }
    }

    private static byte[] json(Saga.Input came) {
        if (came instanceof Saga.Input.Refused<?> it) return Json.write(it.problem());
        return came instanceof Saga.Input.Answered<?, ?> it && it.output().isPresent()
                ? Json.write(it.output().get(), it.call().operation().answers())
                : SagaRows.NOTHING;
    }

    private <I, O> Saga.Input make(SagaRows.Made made, Call<I, O> call, Optional<I> input)
            throws Exception {
        var operation = call.operation();
        var context =
                made.origin()
                        .context()
                        .with(Work.of("", made.origin().cause()))
                        .with(Deadline.after(call.timeout(), time))
                        .withAttempt(made.attempts() + 1);
        try {
            return context.call(() ->
                    tracer.span(
                            made.saga() + " " + made.name(),
                            Span.Kind.INTERNAL,
                            span -> {
                                span.set("weft.saga.id", made.id());
                                var limited =
                                        Cancellation.<Request, Optional<O>>atDeadline(
                                                service + "." + made.saga(), time);
                                var output =
                                        limited.apply(
                                                request(made, operation, input),
                                                each -> ask(each, call));
                                return new Saga.Input.Answered<>(call, input, output);
                            }));
        } catch (Failure.Answered answer) {
            if (!isDefinite(answer)) throw answer;
            return new Saga.Input.Refused<>(call, input, answer.problem());
        }
    }

    @SuppressWarnings("NullAway") // a Void is null, it has no other value
    private <I, O> Request request(
            SagaRows.Made made, Operation<I, O> operation, Optional<I> input) {
        return ContextHeaders.inject(operation.request(input.orElse(null)))
                .header(ContextHeaders.IDEMPOTENCY_KEY, key(made));
    }

    private <O> Optional<O> ask(Request request, Call<?, O> call) throws Exception {
        var response = clients.apply(call.service()).call(request);
        try {
            return Optional.ofNullable(call.operation().output(response));
        } finally {
            response.body().close();
        }
    }

    /**
     * Whether the called operation has said no, and not just that it cannot at present: a lost race is run again, and a key that
     * was used for another request says that something was done under it, but not what.
     */
    private static boolean isDefinite(Failure.Answered answer) {
        var problem = answer.problem();
        return problem.status() >= REFUSED
                && problem.status() < FAILED
                && !NOT_YET.contains(problem.status())
                && !UNDECIDED.contains(problem.type());
    }

    /** The same for each attempt, and another one for each other call. */
    private String key(SagaRows.Made call) {
        try {
            var hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(call.id().getBytes(StandardCharsets.UTF_8));
            return service
                    + "."
                    + call.saga()
                    + ":"
                    + HexFormat.of().formatHex(hash, 0, 16)
                    + ":"
                    + call.number();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private void conclude(SagaRows.Made call, SagaTurns<?> turns, Saga.Input input)
            throws InterruptedException {
        var state = input instanceof Saga.Input.Refused<?> ? SagaRows.REFUSED : SagaRows.ANSWERED;
        storage.write(transaction -> {
            var sql = transaction.sql();
            if (SagaRows.close(call, state, time.now(), sql))
                turns.called(call, input, transaction);
            else if (SagaRows.state(call, sql).equals(Optional.of(SagaRows.GIVEN_UP)))
                turns.late(call, transaction);
            return true;
        });
        part.parkedChanged();
    }

    private void putOff(
            SagaRows.Made call,
            Optional<SagaRows.Answer> answer,
            Throwable failure,
            long erasures) {
        var attempt = call.attempts() + 1;
        if (attempt == 1)
            Loop.LOG.log(
                    System.Logger.Level.WARNING,
                    service + ": " + call.text() + " fails and is tried again: " + failure);
        var retry = time.now().plus(Backoff.PATIENT.after(attempt, time));
        try {
            storage.database()
                    .write(sql -> {
                        var error = storage.subjects().unquoted(failure, erasures, sql);
                        boolean open = SagaRows.failed(call, error, retry, sql);
                        if (open && !storage.subjects().moved(erasures, sql))
                            answer.ifPresent(it -> SagaRows.answered(call, it, sql));
                        return open;
                    });
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            try {
                time.sleep(STORE_AWAY);
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
