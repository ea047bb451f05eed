package dev.weft.core;

import java.util.ServiceLoader;

/**
 * How this process finds others and is found: what one URL opens.
 *
 * <p>Where the URL names a source that takes no registrations, as a list or DNS, the registry is one
 * that nobody reads.
 */
public record Discovery(Registry registry, Resolver resolver) implements AutoCloseable {

    /** One that only finds. */
    public static Discovery of(Resolver resolver) {
        return new Discovery(new MemoryRegistry(), resolver);
    }

    /** Opens discovery of one kind; found by {@link ServiceLoader}. */
    public interface Provider {

        /** Whether this provider knows the scheme that the URL begins with. */
        boolean knows(String url);

        /** Opens without waiting for the source; what it cannot read is an {@link IllegalArgumentException}. */
        Discovery open(String url, Time time);
    }

    /**
     * Opens what the URL names: {@code static:} with a list as {@link StaticResolver} reads it, or
     * with the provider that knows its scheme.
     *
     * @param url text, because {@code java.net.URI} does not take the braces of {@code
     *     dns:{service}.internal:8080}
     * @throws IllegalArgumentException that says what is wrong and how it is written
     */
    public static Discovery open(String url, Time time) {
        var list = "static:";
        if (url.startsWith(list)) return of(StaticResolver.parse(url.substring(list.length())));
        for (var provider : ServiceLoader.load(Provider.class))
            if (provider.knows(url)) return provider.open(url, time);
        throw new IllegalArgumentException(
                "no registry adaptor on the class path knows "
                        + url
                        + "; there is static:, and with weft-dns there are dns: and dns+srv:");
    }

    @Override
    public void close() {
        resolver.close();
    }
}
