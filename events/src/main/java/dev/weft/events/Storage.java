package dev.weft.events;

import dev.weft.core.Meter;
import dev.weft.core.Time;
import java.util.ServiceLoader;
import java.util.function.Function;

/**
 * What one service keeps: its log, and its tables beside it.
 *
 * <p>It comes with the tables {@code weft_checkpoint (name, position)} and {@code weft_inbox
 * (listener, source, key, position, part)}, whose first and first three columns are unique, {@code
 * weft_parked} with the same first five columns, which are unique, and {@code type, data, at, traceparent, tracestate,
 * baggage, criticality, cause, handler, attempts, error, message, stack, first_failed, last_failed, edited, retry}, {@code
 * weft_lease (name, holder, ends)} with unique names, and {@code
 * weft_answer (number, key, fingerprint, status, at, headers, body)}, where the storage counts up {@code number} and the key is
 * unique.
 */
public interface Storage extends AutoCloseable {

    EventStore events();

    Database database();

    /**
     * Runs the work as one transaction over log and tables, under the rules of {@link Database#write}: all or nothing, on disk
     * when it returns, one at a time, and it may be run again.
     */
    <T> T write(Function<Transaction, T> work) throws InterruptedException;

    /** Whose personal data it keeps. What {@link #open} opens seals them. */
    default Subjects subjects() {
        return Subjects.NONE;
    }

    /** Has its commits in this meter ({@link EventMetrics}), if it can tell; from the next one on. */
    default void measure(Meter meter) {}

    @Override
    void close();

    /** Opens storages of one kind; found by {@link ServiceLoader}. */
    interface Provider {

        /** Whether this provider knows the scheme that the URL begins with. */
        boolean knows(String url);

        /** Opens, and creates what is missing. */
        Storage open(String url, Time time);

        /** Whether what it opens is kept by a server, which may be started after those who need it. */
        default boolean served() {
            return false;
        }
    }

    /**
     * Opens the storage that the URL names with the provider that knows its scheme.
     *
     * @param url such as {@code sqlite:data/cart.db} or {@code memory:}; text, because {@code
     *     java.net.URI} takes neither the second nor a file name with a space
     */
    static Storage open(String url, Time time) {
        return open(url, MasterKeys.NONE, time);
    }

    /**
     * As the other.
     *
     * @param master what the keys of personal data are locked with
     */
    static Storage open(String url, MasterKeys master, Time time) {
        return SealedStorage.of(provider(url).open(url, time), master, time);
    }

    /** Whether the storage that the URL names is kept by a server ({@link Provider#served}). */
    static boolean served(String url) {
        return provider(url).served();
    }

    private static Provider provider(String url) {
        for (var provider : ServiceLoader.load(Provider.class))
            if (provider.knows(url)) return provider;
        throw new IllegalArgumentException(
                "no storage adaptor on the class path knows "
                        + url
                        + "; add weft-sqlite for sqlite: and memory:, weft-postgres for postgresql:");
    }
}
