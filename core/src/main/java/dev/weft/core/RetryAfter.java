package dev.weft.core;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;

/**
 * When a peer wants the next try, as the header {@code Retry-After} says it (RFC 9110, 10.2.3): in
 * seconds, or as a date.
 *
 * <p>A date counts from the answer's own {@code Date} if it has one, so that clocks may differ. What
 * cannot be read, or lies in the past, is no wait; no wait is longer than {@link #LONGEST}.
 */
public final class RetryAfter {

    public static final String NAME = "Retry-After";

    /** What a peer may ask us to wait at most. */
    public static final Duration LONGEST = Duration.ofMinutes(5);

    /** The three forms that a recipient has to know (RFC 9110, 5.6.7). */
    private static final DateTimeFormatter DATE =
            new DateTimeFormatterBuilder()
                    .appendOptional(DateTimeFormatter.RFC_1123_DATE_TIME)
                    .appendOptional(form("EEEE, dd-MMM-yy HH:mm:ss 'GMT'"))
                    .appendOptional(form("EEE MMM ppd HH:mm:ss yyyy"))
                    .toFormatter(Locale.ENGLISH)
                    .withZone(ZoneOffset.UTC);

    private static DateTimeFormatter form(String pattern) {
        return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH);
    }

    private RetryAfter() {}

    /** The wait that the headers of an answer ask for; zero if they ask for none. */
    public static Duration in(Headers headers, Time time) {
        var text = headers.get(NAME).orElse("").strip();
        if (text.isEmpty()) return Duration.ZERO;
        try {
            return capped(
                    text.chars().allMatch(c -> c >= '0' && c <= '9')
                            ? Duration.ofSeconds(Long.parseLong(text))
                            : Duration.between(sent(headers, time), date(text)));
        } catch (NumberFormatException tooLong) {
            return LONGEST;
        } catch (DateTimeException | ArithmeticException unreadable) {
            return Duration.ZERO;
        }
    }

    /** The wait, not below zero and not above {@link #LONGEST}. */
    static Duration capped(Duration wait) {
        if (wait.isNegative()) return Duration.ZERO;
        return wait.compareTo(LONGEST) < 0 ? wait : LONGEST;
    }

    private static Instant sent(Headers headers, Time time) {
        try {
            var date = headers.get("Date");
            return date.isPresent() ? date(date.get().strip()) : time.now();
        } catch (DateTimeException unreadable) {
            return time.now();
        }
    }

    private static Instant date(String text) {
        return Instant.from(DATE.parse(text));
    }
}
