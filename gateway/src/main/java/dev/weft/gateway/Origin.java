package dev.weft.gateway;

import java.net.Inet6Address;

/**
 * Where a request came from, as far as the gateway believes it.
 *
 * @param client the address; empty if it is not known
 * @param scheme {@code http} or {@code https}: what the client spoke
 * @param host what the client called us, with the port if it named one; empty if it said nothing
 */
record Origin(String client, String scheme, String host) {

    /** The client, to be counted by: of an address of version 6 the network, which one client has for itself. */
    String counted() {
        if (client.indexOf(':') < 0) return client;
        return Subnet.address(client)
                .filter(Inet6Address.class::isInstance)
                .map(address -> network(address.getAddress()))
                .orElse(client);
    }

    private static String network(byte[] address) {
        var text = new StringBuilder(24);
        for (int i = 0; i < 8; i += 2) {
            int word = (address[i] & 0xff) << 8 | (address[i + 1] & 0xff);
            text.append(Integer.toHexString(word)).append(':');
        }
        return text.append(":/64").toString();
    }
}
