package dev.weft.core;

/**
 * One operation of a service, as a value: how an input becomes a request, and an answer an output.
 *
 * <p>Both ways are pure. So whoever keeps a call to make it later needs the input only.
 */
public interface Operation<I, O> {

    /** The input's type; {@link Void} for none. */
    Class<I> takes();

    /** The output's type; {@link Void} for none. */
    Class<O> answers();

    /** The request with this input; null for a {@link Void}. */
    Request request(I input);

    /**
     * What was answered; null for a {@link Void}. A problem is thrown as {@link Failure.Answered}, a refusal as {@link
     * Failure.Refused}, an answer that cannot be read as a problem of status 502. The body stays the caller's to close.
     */
    O output(Response response);
}
