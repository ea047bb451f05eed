/** Finds instances by DNS, A, AAAA and SRV. */
@org.jspecify.annotations.NullMarked
module dev.weft.dns {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires org.dnsjava;

    exports dev.weft.dns;

    provides dev.weft.core.Discovery.Provider with
            dev.weft.dns.DnsProvider;
}
