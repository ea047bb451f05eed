package dev.weft.app;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Work;
import dev.weft.http.Problems;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs a request with an {@code Idempotency-Key} once: the same key with the same request gives the
 * first answer again (IETF draft "The Idempotency-Key HTTP Header Field").
 *
 * <p>A key is its caller's own: what another caller sends under it is another request. A key that is empty or too long is a
 * 400, another request under the same key a 422, a request whose first run is still going on a 409. Answers below 500 are kept,
 * except those that say nothing was done (refusals, 429). If the process died between an append and its answer, the request runs again,
 * but its appends are found by their key ({@link Work}) and not repeated. So do repetitions of a
 * request that appended and whose answer was larger than {@link Answers#LARGE_BYTES}.
 */
final class Once implements Filter<Request, Response> {

    static final int MAX_KEY_LENGTH = 255;

    private final String service;
    private final Answers answers;
    private final Set<String> running = ConcurrentHashMap.newKeySet();

    Once(String service, Answers answers) {
        this.service = service;
        this.answers = answers;
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var given = request.headers().get(ContextHeaders.IDEMPOTENCY_KEY);
        if (given.isEmpty() || request.method().name().equals("GET")) return next.call(request);
        var key = ofCaller(checked(given.get()));
        var fingerprint = fingerprint(request);
        if (!running.add(key))
            throw Problem.of(
                            409,
                            "request-in-flight",
                            "a request with the Idempotency-Key "
                                    + given.get()
                                    + " is still being answered")
                    .with("begun", false)
                    .failure();
        try {
            var kept = answers.find(key);
            if (kept.isPresent() && !kept.get().fingerprint().equals(fingerprint))
                throw reused(given.get());
            var response = kept.flatMap(Answers.Answer::response);
            if (response.isPresent()) return response.get().header("Idempotent-Replayed", "true");
            return run(request, next, key, fingerprint);
        } finally {
            running.remove(key);
        }
    }

    private Response run(
            Request request, Service<Request, Response> next, String key, String fingerprint)
            throws Exception {
        var work = Work.of(key + "~" + fingerprint.substring(0, 16), "");
        long erasures = answers.erasures();
        var response = within(work, request, next);
        if (response.status() >= 500 || saysNothingWasDone(response)) return response;
        var receipt = work.receipt();
        var whole = response.with(Body.of(response.body().bytes()));
        if (!receipt.isEmpty()) whole = whole.header(ContextHeaders.RECEIPT, receipt.toString());
        if (receipt.positions().containsKey(service)) {
            boolean large = whole.body().bytes().length > Answers.LARGE_BYTES;
            var kept = large ? Optional.<Response>empty() : Optional.of(whole);
            answers.keep(key, new Answers.Answer(fingerprint, erasures, kept));
        } else {
            answers.keepNow(key, new Answers.Answer(fingerprint, erasures, Optional.of(whole)));
        }
        return whole;
    }

    /** The server's filters further out see the request's own work, so they are told. */
    private static Response within(Work work, Request request, Service<Request, Response> next)
            throws Exception {
        try {
            return Context.current().with(work).call(() -> answer(request, next));
        } finally {
            if (work.gaveUp()) Context.current().work().noteGaveUp();
        }
    }

    private static Response answer(Request request, Service<Request, Response> next)
            throws Exception {
        try {
            return next.call(request);
        } catch (Failure.Answered e) {
            return Problems.response(e.problem());
        }
    }

    private static Failure.Answered reused(String key) {
        return Problem.of(
                        422,
                        "idempotency-key-reused",
                        "the Idempotency-Key " + key + " came before with another request")
                .failure();
    }

    private static boolean saysNothingWasDone(Response response) {
        var headers = response.headers();
        return response.status() == 429
                || headers.get(ContextHeaders.REFUSED).isPresent()
                || headers.get(ContextHeaders.RETRYABLE).orElse("").equals("yes");
    }

    /** The key among those of its caller, who may be nobody in particular. */
    private static String ofCaller(String key) {
        var subject = Context.current().caller().subject();
        return subject.isEmpty()
                ? key
                : key + "~" + HexFormat.of().formatHex(sha256().digest(bytes(subject)), 0, 8);
    }

    private static String checked(String key) {
        boolean visible = key.chars().allMatch(c -> c > ' ' && c < 127);
        if (visible && !key.isEmpty() && key.length() <= MAX_KEY_LENGTH) return key;
        throw Problem.of(
                        400,
                        "bad-idempotency-key",
                        "an Idempotency-Key has 1 to "
                                + MAX_KEY_LENGTH
                                + " visible ASCII characters; this one has "
                                + key.length())
                .failure();
    }

    private static String fingerprint(Request request) {
        var digest = sha256();
        digest.update(bytes(request.method() + " " + request.target() + "\n"));
        return HexFormat.of().formatHex(digest.digest(request.body().bytes()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
