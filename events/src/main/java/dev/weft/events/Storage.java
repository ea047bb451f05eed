package dev.weft.events;

import dev.weft.core.Time;
import java.net.URI;
import java.util.ServiceLoader;

/** What one service keeps: its log, and its tables beside it. */
public interface Storage extends AutoCloseable {

    EventStore events();

    Database database();

    @Override
    void close();

    /** Opens storages of one kind; found by {@link ServiceLoader}. */
    interface Provider {

        /** Whether this provider knows the URL's scheme. */
        boolean knows(URI url);

        /**
         * Opens, and creates what is missing.
         *
         * @param url such as {@code sqlite:data/cart.db} or {@code memory:}
         */
        Storage open(URI url, Time time);
    }

    /** Opens the storage that the URL names with the provider that knows its scheme. */
    static Storage open(URI url, Time time) {
        for (var provider : ServiceLoader.load(Provider.class))
            if (provider.knows(url)) return provider.open(url, time);
        throw new IllegalArgumentException(
                "no storage adaptor on the class path knows "
                        + url
                        + "; add weft-sqlite for sqlite: and memory:");
    }
}
