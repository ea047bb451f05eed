package dev.weft.http;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.RetryAfter;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Failures as answers (RFC 9457) and answers as failures: the one place where they meet the wire.
 *
 * <p>A problem's type is {@code urn:weft:problem:TYPE}, its instance the trace's id. A refusal is a
 * problem with the members {@code reason}, {@code by}, {@code hop} (how many calls behind the
 * answering service it was refused), {@code begun} and {@code retry_after_ms}. So that nobody has to
 * read a body to decide about another try, its answer has two headers: {@link
 * ContextHeaders#REFUSED} names the reason; {@link ContextHeaders#RETRYABLE} is {@code yes} if the
 * work was not begun, and {@code no} if another try would only add load: the budget for tries is
 * empty, or this service has already given up trying on its caller's behalf. Otherwise it is left
 * out: then it is the caller who knows whether doing it twice is doing it once. A failure of a called
 * service that is passed on names that service in {@link ContextHeaders#FAILED}.
 */
public final class Problems {

    public static final String MEDIA_TYPE = "application/problem+json";

    private static final String TYPE = "urn:weft:problem:";
    private static final int MAX_BYTES = 1 << 20;
    private static final int MAX_DETAIL = 500;
    private static final int MAX_HOPS = 100;
    private static final String REASON = "reason";
    private static final String BEGUN = "begun";
    private static final String RETRY_AFTER_MS = "retry_after_ms";
    private static final Set<String> STANDARD =
            Set.of("type", "title", "status", "detail", "instance");
    private static final System.Logger LOG = System.getLogger(Problems.class.getName());

    /** The least time between two lines of one store that is away. */
    private static final Duration STORAGE_LINES = Duration.ofSeconds(30);

    private Problems() {}

    /**
     * Answers every failure of what it encloses. An interrupt is none and passes through.
     *
     * @param by this service's name, for the log and for its own refusals
     */
    public static Filter<Request, Response> filter(String by) {
        return filter(by, SystemTime.INSTANCE);
    }

    /**
     * As the other. What fails is logged with its stack trace; but while the store as a whole is away, one line in 30 seconds
     * says so.
     */
    public static Filter<Request, Response> filter(String by, Time time) {
        var storage = new SparseLog(LOG, System.Logger.Level.ERROR, STORAGE_LINES, time);
        return (request, next) -> {
            try {
                return said(next.call(request));
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                var problem = of(e, by);
                if (e instanceof Failure.Storage store && store.away())
                    storage.tell(
                            by
                                    + " refuses what needs its store, such as "
                                    + request.method()
                                    + " "
                                    + request.path()
                                    + ": "
                                    + message(store));
                else if (problem.status() >= 500 && !(e instanceof Failure.Refused))
                    log(by, request, e);
                var response = response(problem);
                boolean passedOn = e instanceof Failure.Answered && problem.status() >= 500;
                return said(
                        passedOn && !failed(e).isEmpty()
                                ? response.header(ContextHeaders.FAILED, failed(e))
                                : response);
            }
        };
    }

    /** Which service behind this one failed, as far as is known. */
    private static String failed(Exception e) {
        return switch (e) {
            case Failure.Answered it -> it.by();
            case Failure.Unreachable it -> it.peer();
            default -> "";
        };
    }

    /**
     * A 503 and a 429 always have a reason, also those that a handler made by hand or passes on. Who gave
     * up says so in whatever is no answer to the request itself: in a 5xx and in a 429.
     */
    private static Response said(Response response) {
        if (response.status() < 500 && response.status() != 429) return response;
        var said = withReason(response);
        return Context.current().work().gaveUp()
                ? said.header(ContextHeaders.RETRYABLE, "no")
                : said;
    }

    /** The answer; a 503 or a 429 that says no reason for refusing with the one that its status means. */
    public static Response withReason(Response response) {
        if (response.headers().get(ContextHeaders.REFUSED).isPresent()) return response;
        return switch (response.status()) {
            case 503 ->
                    response.header(ContextHeaders.REFUSED, Refusal.Reason.UNAVAILABLE.wireName());
            case 429 -> response.header(ContextHeaders.REFUSED, Refusal.Reason.RATE.wireName());
            default -> response;
        };
    }

    /**
     * Directly around a service's handlers: what is refused further in, be it by this service's own
     * clients or by a service that it called, was refused after the work for this caller had begun.
     * Whether another try was safe there says nothing about here; so it is taken back from failures,
     * and its headers are taken off answers that are passed on. But what gave up trying there has
     * given up here too.
     */
    public static Filter<Request, Response> handlers() {
        return (request, next) -> {
            try {
                var response = next.call(request);
                noteGaveUp(response);
                return ContextHeaders.withoutRetrySafety(response);
            } catch (Failure.Refused e) {
                throw e.refusal().begun() ? e : new Failure.Refused(e.refusal().afterBegin());
            } catch (Failure.Answered e) {
                boolean safe = Boolean.FALSE.equals(e.problem().members().get(BEGUN));
                throw safe ? new Failure.Answered(e.problem().with(BEGUN, true), e.by()) : e;
            }
        };
    }

    /** Where a called service gave up trying, so has the work that called it: else tries multiply. */
    static void noteGaveUp(Response response) {
        if (response.headers().get(ContextHeaders.RETRYABLE).orElse("").equals("no"))
            Context.current().work().noteGaveUp();
    }

    /**
     * What a caller may know of a failure.
     *
     * @param by who answers
     */
    static Problem of(Exception failure, String by) {
        if (!(failure instanceof Failure known))
            return Problem.of(
                    500, "internal-error", "the service failed; its log tells more by the trace");
        return switch (known) {
            case Failure.Answered answered -> answered.problem();
            case Failure.Refused refused -> of(refused.refusal());
            case Failure.Malformed malformed -> Problem.of(400, "malformed", message(malformed));
            case Failure.TooLarge large -> Problem.of(413, "too-large", message(large));
            case Failure.Conflict conflict -> Problem.of(409, "conflict", message(conflict));
            case Failure.Unreadable unreadable ->
                    Problem.of(
                            500,
                            "unreadable-" + unreadable.kind(),
                            "the service cannot read what it stored; its log tells more by the"
                                    + " trace");
            case Failure.Storage storage ->
                    of(
                            Refusal.begun(
                                    by,
                                    Refusal.Reason.STORAGE,
                                    "the service's store cannot be read or written now"));
            case Failure.Unreachable unreachable -> {
                boolean named = !unreachable.peer().isEmpty();
                yield of(
                        new Refusal(
                                named ? unreachable.peer() : by,
                                Refusal.Reason.UNREACHABLE,
                                true,
                                Duration.ZERO,
                                "a service that this one needs cannot be reached now",
                                named ? 1 : 0));
            }
        };
    }

    /** A refusal as a problem. */
    public static Problem of(Refusal refusal) {
        var reason = refusal.reason().wireName();
        var members = new LinkedHashMap<String, Object>();
        members.put(REASON, reason);
        members.put("by", refusal.by());
        members.put("hop", refusal.hop());
        members.put(BEGUN, refusal.begun());
        if (!refusal.retryAfter().isZero())
            members.put(RETRY_AFTER_MS, refusal.retryAfter().toMillis());
        return new Problem(
                refusal.reason().status(), reason, "Refused: " + reason, refusal.detail(), members);
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
        if (problem.members().get(RETRY_AFTER_MS) instanceof Number ms)
            response =
                    response.header(
                            RetryAfter.NAME, Long.toString(Math.ceilDiv(ms.longValue(), 1000)));
        var reason = problem.members().get(REASON);
        if (reason instanceof String refused)
            response = response.header(ContextHeaders.REFUSED, refused);
        if (Refusal.Reason.BUDGET.wireName().equals(reason))
            return response.header(ContextHeaders.RETRYABLE, "no");
        return Boolean.FALSE.equals(problem.members().get(BEGUN))
                ? response.header(ContextHeaders.RETRYABLE, "yes")
                : response;
    }

    /**
     * The problem that an answer tells of; made up from status and text if it is none. {@code
     * Retry-After} is its member {@code retry_after_ms} if it has none of its own.
     */
    public static Problem parse(Response response) {
        return parse(response, SystemTime.INSTANCE);
    }

    /**
     * As {@link #parse(Response)}.
     *
     * @param time what a date in {@code Retry-After} is compared with
     */
    public static Problem parse(Response response, Time time) {
        var problem = body(response);
        if (problem.members().get(RETRY_AFTER_MS) instanceof Number) return problem;
        var wait = RetryAfter.in(response.headers(), time);
        return wait.isZero() ? problem : problem.with(RETRY_AFTER_MS, wait.toMillis());
    }

    private static Problem body(Response response) {
        var bytes = response.body().bytes(MAX_BYTES);
        if (response.headers().mediaType().equals(MEDIA_TYPE)) {
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
        var refusal = refusal(response, problem);
        if (refusal != null) return new Failure.Refused(refusal);
        return new Failure.Answered(
                problem, response.headers().get(ContextHeaders.FAILED).orElse(""));
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
        return Problem.of(response.status(), "http-" + response.status(), detail);
    }

    /**
     * The refusal that the body tells of; else that of the headers, as an answer to HEAD has no body. A
     * 429 with a problem that is none of a refusal is what its handler has to say, by its type.
     */
    private static @Nullable Refusal refusal(Response response, Problem problem) {
        var members = problem.members();
        boolean told = members.get(REASON) instanceof String;
        if (!told && response.status() == 429 && response.headers().mediaType().equals(MEDIA_TYPE))
            return null;
        var name =
                told
                        ? text(members, REASON, "")
                        : response.headers().get(ContextHeaders.REFUSED).orElse("");
        boolean begun =
                told
                        ? !Boolean.FALSE.equals(members.get(BEGUN))
                        : !response.headers()
                                .get(ContextHeaders.RETRYABLE)
                                .orElse("")
                                .equals("yes");
        for (var reason : Refusal.Reason.values()) {
            if (!reason.wireName().equals(name)) continue;
            var wait = members.get(RETRY_AFTER_MS) instanceof Long ms && ms > 0 ? ms : 0L;
            var hop = members.get("hop") instanceof Long hops ? Math.clamp(hops, 0, MAX_HOPS) : 0;
            return new Refusal(
                            text(members, "by", "unknown"),
                            reason,
                            begun,
                            Duration.ofMillis(Math.min(wait, RetryAfter.LONGEST.toMillis())),
                            problem.detail(),
                            hop)
                    .fromAfar();
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
        var failed = failed(e);
        LOG.log(
                System.Logger.Level.ERROR,
                by
                        + " failed at "
                        + request.method()
                        + " "
                        + request.path()
                        + (failed.isEmpty() ? "" : ", because " + failed + " did"),
                e);
    }
}
