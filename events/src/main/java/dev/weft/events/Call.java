package dev.weft.events;

import dev.weft.core.Operation;
import java.time.Duration;

/**
 * A call that a {@link Saga} makes of another service.
 *
 * @param name says what it is for, {@code pay}; it is stored with each call and stays
 * @param service that is called
 * @param operation what is called there, an {@code Endpoint}; its input is JSON or a text
 * @param timeout how long one attempt may take; the next one comes behind a pause
 */
public record Call<I, O>(String name, String service, Operation<I, O> operation, Duration timeout) {

    /** How long one attempt may take unless something else is said. */
    public static final Duration TIMEOUT = Duration.ofSeconds(10);

    public Call {
        Saga.requireName("a call", name);
        if (!timeout.isPositive())
            throw new IllegalArgumentException(
                    "an attempt of " + name + " has to have time, not " + timeout);
    }

    /** With attempts of 10 s at most. */
    public static <I, O> Call<I, O> of(String name, String service, Operation<I, O> operation) {
        return new Call<>(name, service, operation, TIMEOUT);
    }

    /** With attempts of another length. */
    public Call<I, O> timeout(Duration timeout) {
        return new Call<>(name, service, operation, timeout);
    }

    @Override
    public String toString() {
        return name + " of " + service;
    }
}
