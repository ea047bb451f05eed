package dev.weft.core.policy;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What policies that try again have to know of the calls they stand around.
 *
 * @param classifier how a try ended
 * @param idempotent whether doing it twice is doing it once
 * @param whole whether all of the request can be sent now; false once a stream in it was taken
 * @param twice whether two tries of it may be under way at once: two threads can send all of it, and no key says that it is to
 *     run once, of which one instance does not know what another has in work
 * @param discard gives back what an answer holds that nobody will read
 */
public record Protocol<I, O>(
        Classifier<O> classifier,
        Predicate<I> idempotent,
        Predicate<I> whole,
        Predicate<I> twice,
        Consumer<O> discard) {

    /** Calls by values: requests can be sent again, answers hold nothing. */
    public static <I, O> Protocol<I, O> ofValues(
            Classifier<O> classifier, Predicate<I> idempotent) {
        return new Protocol<>(
                classifier, idempotent, request -> true, request -> true, answer -> {});
    }

    /** HTTP: {@link Request#idempotent} calls, bodies as {@link Replay} keeps them. */
    public static Protocol<Request, Response> http(Time time) {
        return new Protocol<>(
                new HttpVerdicts(time),
                Request::idempotent,
                request -> request.body().whole(),
                Protocol::twice,
                Protocol::close);
    }

    private static boolean twice(Request request) {
        boolean once =
                request.method() != Method.GET
                        && request.headers().get(ContextHeaders.IDEMPOTENCY_KEY).isPresent();
        return request.body().atHand() && !once;
    }

    /** Closes a body that nobody wants; if that fails, nobody is hurt either. */
    private static void close(Response answer) {
        try {
            answer.body().close();
        } catch (RuntimeException unwanted) {
            return;
        }
    }
}
