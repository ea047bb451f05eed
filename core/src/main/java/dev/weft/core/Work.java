package dev.weft.core;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One unit of work: the handling of one request or one event, from its start to its answer.
 *
 * <p>It knows its <em>key</em>: a client's {@code Idempotency-Key}, or the event's id with the
 * listener's name. What the work appends to the service's log carries that key and a running
 * number, so work done again after a crash finds its own earlier appends instead of repeating them.
 * It collects the {@link Receipt} of everything that it wrote, here and in the services it called,
 * and remembers whether a retry was given up on its behalf. Safe for many threads.
 */
public final class Work {

    /** Work that nobody repeats and nobody asks a receipt of. */
    public static final Work NONE = new Work("", "");

    private final String key;
    private final String cause;
    private final AtomicInteger ordinal = new AtomicInteger();
    private final AtomicReference<Receipt> receipt = new AtomicReference<>(Receipt.NONE);
    private volatile boolean gaveUp;

    private Work(String key, String cause) {
        this.key = key;
        this.cause = cause;
    }

    /**
     * New work.
     *
     * @param key what makes a repetition recognisable; empty if nothing does
     * @param cause the id of the event that it is done for, by its listener or who that calls; empty if it is no event
     */
    public static Work of(String key, String cause) {
        return new Work(key, cause);
    }

    public String key() {
        return key;
    }

    public String cause() {
        return cause;
    }

    /** The key of the next append of this work; empty if the work has no key. */
    public String nextAppendKey() {
        return key.isEmpty() ? "" : key + "#" + ordinal.incrementAndGet();
    }

    /** Notes what was written. */
    public void wrote(Receipt written) {
        if (this != NONE) receipt.accumulateAndGet(written, Receipt::and);
    }

    /** All that this work wrote so far. */
    public Receipt receipt() {
        return receipt.get();
    }

    /**
     * Notes that a call which might have been tried again was given up: its attempts were used up, or
     * its budget was.
     */
    public void noteGaveUp() {
        if (this != NONE) gaveUp = true;
    }

    /**
     * Whether a retry was given up on its behalf. If the work fails, whoever asked for it must not try
     * it again: what could be done by trying was done here, and tries on several levels multiply.
     */
    public boolean gaveUp() {
        return gaveUp;
    }
}
