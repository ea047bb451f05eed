package dev.weft.dns;

import dev.weft.core.Discovery;
import dev.weft.core.Time;

/** Opens {@code dns:} and {@code dns+srv:}, as {@link DnsNames} reads them. */
public final class DnsProvider implements Discovery.Provider {

    public DnsProvider() {}

    @Override
    public boolean knows(String url) {
        return url.startsWith(DnsNames.ADDRESSES) || url.startsWith(DnsNames.SERVICES);
    }

    @Override
    public Discovery open(String url, Time time) {
        return Discovery.of(new DnsResolver(DnsNames.parse(url), time));
    }
}
