package dev.weft.core;

import java.math.BigDecimal;

/**
 * Checks for the constructors of request records. What does not hold is an {@link
 * IllegalArgumentException}; where the record is read from JSON, a 400 that names the value, the
 * limit and the place.
 */
public final class Require {

    private Require() {}

    /** The message says what must hold and what was given. */
    public static void that(boolean holds, String message) {
        if (!holds) throw new IllegalArgumentException(message);
    }

    public static void positive(String name, long value) {
        that(value > 0, name + " must be 1 or more, not " + value);
    }

    public static void between(String name, long value, long least, long most) {
        that(
                least <= value && value <= most,
                name + " must be from " + least + " to " + most + ", not " + value);
    }

    public static void notNegative(String name, BigDecimal value) {
        that(value.signum() >= 0, name + " must not be negative, but is " + value);
    }

    /** An amount of money: not negative, below a billion, with at most 4 decimals. */
    public static void money(String name, BigDecimal value) {
        that(
                value.signum() >= 0
                        && (long) value.precision() - value.scale() <= 9
                        && value.stripTrailingZeros().scale() <= 4,
                name
                        + " must not be negative, must be below 1000000000 and have at most 4"
                        + " decimals, but is "
                        + value);
    }

    /** Neither empty nor longer than that many characters. */
    public static void text(String name, String value, int longest) {
        that(
                !value.isBlank() && value.length() <= longest,
                name + " must have 1 to " + longest + " characters, not " + value.length());
    }
}
