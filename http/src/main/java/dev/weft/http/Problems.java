package dev.weft.http;

import dev.weft.core.Body;
import dev.weft.core.BoundedInput;
import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Failures as answers (RFC 9457) and answers as failures: the one place where they meet the wire.
 *
 * <p>A problem's type is {@code urn:weft:problem:TYPE}, its instance the trace's id. A refusal is a
 * problem with the members {@code reason}, {@code by}, {@code begun} and {@code retry_after_ms}.
 */
public final class Problems {

    public static final String MEDIA_TYPE = "application/problem+json";

    private static final String TYPE = "urn:weft:problem:";
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DETAIL = 500;
    private static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(5);
    private static final Set<String> STANDARD =
            Set.of("type", "title", "status", "detail", "instance");
    private static final System.Logger LOG = System.getLogger(Problems.class.getName());

    private Problems() {}

    /**
     * Answers every failure of what it encloses. An interrupt is none and passes through.
     *
     * @param by this service's name, for the log
     */
    public static Filter<Request, Response> filter(String by) {
        return (request, next) -> {
            try {
                return next.call(request);
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                var problem = of(e);
                if (problem.status() >= 500 && !(e instanceof Failure.Refused)) log(by, request, e);
                return response(problem);
            }
        };
    }

    /** What a caller may know of a failure. */
    public static Problem of(Exception failure) {
        if (!(failure instanceof Failure known))
            return Problem.of(
                    500, "internal-error", "the service failed; its log tells more by the trace");
        return switch (known) {
            case Failure.Answered answered -> answered.problem();
            case Failure.Refused refused -> of(refused.refusal());
            case Failure.Malformed malformed -> Problem.of(400, "malformed", message(malformed));
            case Failure.TooLarge large -> Problem.of(413, "too-large", message(large));
            case Failure.Conflict conflict -> Problem.of(409, "conflict", message(conflict));
            case Failure.Storage storage ->
                    Problem.of(503, "storage", "the service's store cannot be read or written now");
            case Failure.Unreachable unreachable ->
                    Problem.of(
                                    503,
                                    "unreachable",
                                    "a service that this one needs cannot be reached now")
                            .with("begun", unreachable.sent());
        };
    }

    private static Problem of(Refusal refusal) {
        var problem =
                new Problem(
                        refusal.reason().status(),
                        refusal.reason().wireName(),
                        "Refused: " + refusal.reason().wireName(),
                        refusal.detail(),
                        Map.of(
                                "reason", refusal.reason().wireName(),
                                "by", refusal.by(),
                                "begun", refusal.begun()));
        return refusal.retryAfter().isZero()
                ? problem
                : problem.with("retry_after_ms", refusal.retryAfter().toMillis());
    }

    /** The answer that tells of a problem. */
    public static Response response(Problem problem) {
        var json = new LinkedHashMap<String, Object>();
        json.put("type", problem.type().contains(":") ? problem.type() : TYPE + problem.type());
        json.put("title", problem.title());
        json.put("status", problem.status());
        json.put("detail", problem.detail());
        var trace = Context.current().trace();
        if (trace.exists()) json.put("instance", "urn:weft:trace:" + trace.traceId());
        problem.members().forEach(json::putIfAbsent);
        var response =
                Response.of(problem.status())
                        .header("Content-Type", MEDIA_TYPE)
                        .with(Body.of(Json.write(json)));
        if (problem.members().get("allow") instanceof String allow && problem.status() == 405)
            response = response.header("Allow", allow);
        if (problem.members().get("retry_after_ms") instanceof Number ms)
            response =
                    response.header(
                            "Retry-After", Long.toString(Math.ceilDiv(ms.longValue(), 1000)));
        return response;
    }

    /** The problem that an answer tells of; made up from status and text if it is none. */
    public static Problem parse(Response response) {
        var bytes = bytes(response, MAX_BYTES);
        var type = response.headers().get("Content-Type").orElse("");
        if (type.startsWith(MEDIA_TYPE)) {
            try {
                return of(response.status(), Json.readMap(bytes));
            } catch (Failure.Malformed noProblem) {
                return plain(response, new String(bytes, StandardCharsets.UTF_8));
            }
        }
        return plain(response, new String(bytes, StandardCharsets.UTF_8));
    }

    /** What to throw for an answer that is no success: a refusal if it is one. */
    public static Failure failure(Response response) {
        var problem = parse(response);
        var refusal = refusal(problem);
        return refusal == null ? problem.failure() : new Failure.Refused(refusal);
    }

    /** All bytes of an answer; fails with {@link Failure.TooLarge} beyond the limit. */
    static byte[] bytes(Response response, long limitBytes) {
        var body = response.body();
        if (body.atHand()) return body.bytes();
        return Body.of(new BoundedInput(body.stream(), limitBytes, body.length()), body.length())
                .bytes();
    }

    private static Problem of(int status, Map<String, Object> json) {
        var type = text(json, "type", "about:blank");
        var members = new LinkedHashMap<>(json);
        members.keySet().removeAll(STANDARD);
        return new Problem(
                status,
                type.startsWith(TYPE) ? type.substring(TYPE.length()) : type,
                text(json, "title", ""),
                text(json, "detail", ""),
                members);
    }

    private static Problem plain(Response response, String text) {
        var detail = text.length() <= MAX_DETAIL ? text : text.substring(0, MAX_DETAIL) + "…";
        var problem = Problem.of(response.status(), "http-" + response.status(), detail);
        var wait = retryAfter(response);
        return wait == null ? problem : problem.with("retry_after_ms", wait.toMillis());
    }

    private static @Nullable Duration retryAfter(Response response) {
        var text = response.headers().get("Retry-After").orElse("");
        try {
            var wait = Duration.ofSeconds(Long.parseLong(text.strip()));
            if (wait.isNegative()) return null;
            return wait.compareTo(MAX_RETRY_AFTER) < 0 ? wait : MAX_RETRY_AFTER;
        } catch (NumberFormatException | ArithmeticException | DateTimeException none) {
            return null;
        }
    }

    private static @Nullable Refusal refusal(Problem problem) {
        var members = problem.members();
        if (!(members.get("reason") instanceof String name)) return null;
        for (var reason : Refusal.Reason.values()) {
            if (!reason.wireName().equals(name)) continue;
            var wait = members.get("retry_after_ms") instanceof Long ms && ms > 0 ? ms : 0L;
            return new Refusal(
                    text(members, "by", "unknown"),
                    reason,
                    !Boolean.FALSE.equals(members.get("begun")),
                    Duration.ofMillis(Math.min(wait, MAX_RETRY_AFTER.toMillis())),
                    problem.detail());
        }
        return null;
    }

    private static String text(Map<String, Object> json, String name, String otherwise) {
        return json.get(name) instanceof String text ? text : otherwise;
    }

    private static String message(Failure failure) {
        var message = failure.getMessage();
        return message == null ? "" : message;
    }

    private static void log(String by, Request request, Exception e) {
        LOG.log(
                System.Logger.Level.ERROR,
                by
                        + " failed at "
                        + request.method()
                        + " "
                        + request.path()
                        + ", trace "
                        + Context.current().trace().traceId(),
                e);
    }
}
