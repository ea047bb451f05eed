/**
 * Odd, broken and hostile HTTP/1.1, to see that a server stands it.
 *
 * <p>An {@link dev.weft.testkit.fuzz.HttpFuzzer} makes requests byte by byte from a seed, sends them and judges every answer by
 * its own strict reading of RFC 9112. A {@link dev.weft.testkit.fuzz.RequestBin} behind the server, or behind a gateway, tells
 * what really arrived, so that a request that nobody meant to send is seen.
 */
package dev.weft.testkit.fuzz;
