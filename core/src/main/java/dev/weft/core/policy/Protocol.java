package dev.weft.core.policy;

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
 * @param kept whether all of it can be sent as often as wanted, and by two threads at once
 * @param discard gives back what an answer holds that nobody will read
 */
public record Protocol<I, O>(
        Classifier<O> classifier,
        Predicate<I> idempotent,
        Predicate<I> whole,
        Predicate<I> kept,
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
                request -> request.body().atHand(),
                Protocol::close);
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
