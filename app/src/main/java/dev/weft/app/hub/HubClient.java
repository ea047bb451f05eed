package dev.weft.app.hub;

import dev.weft.core.Backoff;
import dev.weft.core.Body;
import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.http.Problems;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.Optional;

/**
 * Requests to the hub, which may be away.
 *
 * <p>A failure that time can heal (no answer, 5xx, a refusal) is told apart from one that it cannot
 * (4xx), which is thrown at once. The monitor guards what is known of the hub's absence.
 */
final class HubClient {

    /** How long a request may take that does not ask the hub to wait. */
    static final Duration LIMIT = Duration.ofSeconds(10);

    private static final long MAX_ANSWER_BYTES = 64 << 20;

    /** So long the hub is tried again and again at the shortest pace, as it may just be starting. */
    private static final Duration EAGER = Duration.ofSeconds(3);

    private static final Duration EAGER_PACE = Duration.ofMillis(25);
    private static final Backoff BACKOFF =
            new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));

    private static final System.Logger LOG = System.getLogger(HubClient.class.getName());

    private final Service<Request, Response> client;
    private final Optional<String> token;
    private final Time time;

    private Optional<Long> awaySinceNanos = Optional.empty();
    private boolean told;

    HubClient(Service<Request, Response> client, Optional<String> token, Time time) {
        this.client = Cancellation.ofCalls("hub-client", "hub", time).then(client);
        this.token = token;
        this.time = time;
    }

    /** One request whose answer is a success, or thrown. */
    byte[] call(Method method, String target, Optional<?> body, Duration limit)
            throws InterruptedException {
        var request = Request.of(method, target);
        if (body.isPresent())
            request =
                    request.header("Content-Type", "application/json")
                            .with(Body.of(Json.write(body.get())));
        if (token.isPresent()) request = request.header("Authorization", "Bearer " + token.get());
        try {
            var asked = request;
            var answer =
                    Context.none()
                            .with(Deadline.after(limit, time))
                            .call(() -> answer(client.call(asked)));
            back();
            return answer;
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new Failure.Unreachable("the hub cannot be asked: " + e.getMessage(), true, e);
        }
    }

    private static byte[] answer(Response response) {
        try (var body = response.body()) {
            if (!response.successful()) throw Problems.failure(response);
            return body.bytes(MAX_ANSWER_BYTES);
        }
    }

    /** One request, again and again until it succeeds or cannot. */
    byte[] persist(Method method, String target, Optional<?> body) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                return call(method, target, body, LIMIT);
            } catch (RuntimeException e) {
                pause(e, attempt);
            }
        }
    }

    /** Waits before the next attempt; throws the failure if another attempt will not help. */
    void pause(RuntimeException failure, int attempt) throws InterruptedException {
        if (!heals(failure)) throw failure;
        time.sleep(away(failure) ? EAGER_PACE : BACKOFF.after(attempt, time));
    }

    /** Whether another attempt may succeed. */
    static boolean heals(RuntimeException failure) {
        return switch (failure) {
            case Failure.Unreachable unreachable -> true;
            case Failure.Refused refused -> true;
            case Failure.Answered answered -> answered.problem().status() >= 500;
            case java.io.UncheckedIOException broken -> true;
            default -> false;
        };
    }

    /** Whether a failure says that there is no such subscription, as behind a loss of the hub's data. */
    static boolean isUnknown(RuntimeException failure) {
        return failure instanceof Failure.Answered answered
                && answered.problem().type().equals("no-such-subscription");
    }

    /** Notes that the hub does not answer; true as long as that is new. */
    private synchronized boolean away(RuntimeException failure) {
        long now = time.nanos();
        long since = awaySinceNanos.orElse(now);
        awaySinceNanos = Optional.of(since);
        boolean eager = now - since < EAGER.toNanos();
        if (!eager && !told) {
            told = true;
            LOG.log(
                    System.Logger.Level.WARNING,
                    "the hub does not answer and is tried again until it does: {0}",
                    failure.getMessage());
        }
        return eager;
    }

    private synchronized void back() {
        if (told) LOG.log(System.Logger.Level.INFO, "the hub answers again");
        awaySinceNanos = Optional.empty();
        told = false;
    }

    /** For how long the hub has not answered; zero if it does. */
    synchronized Duration away() {
        return awaySinceNanos
                .map(since -> Duration.ofNanos(Math.max(0, time.nanos() - since)))
                .orElse(Duration.ZERO);
    }
}
