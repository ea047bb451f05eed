/**
 * Discovery by DNS. {@link dev.weft.dns.DnsProvider} is found by the scheme of its URL, {@link
 * dev.weft.dns.DnsNames} says where to look, and {@link dev.weft.dns.DnsResolver} follows each
 * service that was named once, for as long as its records live.
 */
package dev.weft.dns;
