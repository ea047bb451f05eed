package dev.weft.gateway;

import dev.weft.core.Require;
import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The addresses that begin with the same bits: {@code 10.0.0.0/8}, {@code 2001:db8::/32}, or one
 * alone.
 */
public record Subnet(InetAddress address, int bits) {

    private static final Pattern V4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

    public Subnet {
        Require.between("the bits of " + address, bits, 0, address.getAddress().length * 8L);
    }

    /** Reads it; an {@link IllegalArgumentException} says what is wrong with the text. */
    public static Subnet parse(String text) {
        int slash = text.indexOf('/');
        var address =
                address(slash < 0 ? text : text.substring(0, slash))
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "an address is one such as 10.0.0.7, 10.0.0.0/8 or"
                                                + " 2001:db8::/32, not \""
                                                + text
                                                + "\""));
        int most = address.getAddress().length * 8;
        var bits = slash < 0 ? Integer.toString(most) : text.substring(slash + 1);
        Require.that(
                bits.matches("[0-9]{1,3}") && Integer.parseInt(bits) <= most,
                "behind the \"/\" of " + text + " stands a number from 0 to " + most);
        return new Subnet(address, Integer.parseInt(bits));
    }

    /** An address from its digits; no name is ever looked up. */
    static Optional<InetAddress> address(String text) {
        int zone = text.indexOf('%');
        var digits = zone < 0 ? text : text.substring(0, zone);
        if (digits.indexOf(':') < 0 && !V4.matcher(digits).matches()) return Optional.empty();
        try {
            return Optional.of(InetAddress.ofLiteral(digits));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether it is one of these; one of the other version never is. */
    public boolean contains(InetAddress other) {
        var mine = address.getAddress();
        var its = other.getAddress();
        if (mine.length != its.length) return false;
        for (int i = 0; i < mine.length; i++) {
            int left = Math.clamp(bits - 8L * i, 0, 8);
            int mask = 0xff00 >> left & 0xff;
            if ((mine[i] & mask) != (its[i] & mask)) return false;
        }
        return true;
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + bits;
    }
}
