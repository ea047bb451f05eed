package dev.weft.core.client;

import dev.weft.core.policy.Mode;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * One number of a client, with its name in files and the value that it has if nobody says anything.
 *
 * @param name lower case with dots: {@code retry.attempts}
 * @param standard the default
 * @param meaning what it is, in a sentence without its unit
 * @param wanted what its text may be, for messages
 * @param reader of its text; fails with {@link IllegalArgumentException}
 * @param printer of its value
 */
public record Setting<T>(
        String name,
        T standard,
        String meaning,
        String wanted,
        Function<String, T> reader,
        Function<T, String> printer) {

    public static final Setting<Duration> TIMEOUT =
            duration(
                    "timeout",
                    Duration.ofSeconds(10),
                    Duration.ofMillis(1),
                    "the whole call with all its tries; a shorter deadline of the caller wins");

    public static final Setting<Duration> TRY_TIMEOUT =
            duration(
                    "try.timeout",
                    Duration.ZERO,
                    Duration.ZERO,
                    "one try of the call; 0 leaves it the rest of the call's time");

    public static final Setting<Mode> RETRY =
            mode("retry", "trying again what failed and may be tried again");

    public static final Setting<Integer> RETRY_ATTEMPTS =
            whole("retry.attempts", 3, 1, 10, "tries in all");

    public static final Setting<Duration> RETRY_BASE =
            duration(
                    "retry.base",
                    Duration.ofMillis(25),
                    Duration.ZERO,
                    "the most that the first wait takes; it doubles with each try, full jitter");

    public static final Setting<Duration> RETRY_CAP =
            duration(
                    "retry.cap",
                    Duration.ofMillis(250),
                    Duration.ZERO,
                    "the most that any wait takes");

    public static final Setting<Double> BUDGET_RATIO =
            share("budget.ratio", 0.17, "retries and hedges for each first try, over 10 s");

    public static final Setting<Integer> BUDGET_PER_SECOND =
            whole(
                    "budget.per-second",
                    10,
                    0,
                    1_000_000,
                    "retries a second there may be even if that is fewer");

    public static final Setting<Mode> HEDGE =
            mode("hedge", "a second try beside one that is slow, of idempotent calls");

    public static final Setting<Double> HEDGE_SHARE =
            share("hedge.share", 0.01, "calls that are hedged: those slower than all others");

    public static final Setting<Mode> THROTTLE =
            mode("throttle", "refusing here what the service would refuse");

    public static final Setting<Integer> BULKHEAD =
            whole(
                    "bulkhead",
                    0,
                    0,
                    1_000_000,
                    "tries at all instances together that are under way at once; 0 for no limit");

    public static final Setting<String> BALANCER =
            choice(
                    "balancer",
                    List.of("p2c", "round-robin", "least-loaded", "consistent-hash"),
                    "how an instance is chosen");

    public static final Setting<String> BALANCER_KEY =
            new Setting<>(
                    "balancer.key",
                    "",
                    "the header whose value consistent-hash goes by",
                    "a header's name",
                    text -> text,
                    text -> text);

    public static final Setting<Mode> BREAKER = mode("breaker", "leaving out instances that fail");

    public static final Setting<Integer> BREAKER_FAILURES =
            whole("breaker.failures", 5, 1, 10_000, "failures in a row that open it");

    public static final Setting<Double> BREAKER_SUCCESS =
            share("breaker.success", 0.8, "successes of 30 s below which it opens");

    public static final Setting<Duration> BREAKER_OPEN =
            duration(
                    "breaker.open",
                    Duration.ofSeconds(5),
                    Duration.ofMillis(1),
                    "how long it is open at first; it doubles with each failed probe");

    public static final Setting<Duration> BREAKER_LONGEST =
            duration(
                    "breaker.longest",
                    Duration.ofMinutes(5),
                    Duration.ofMillis(1),
                    "how long it is open at most");

    public static final Setting<Mode> EJECT =
            mode(
                    "eject",
                    "bounding how many instances breakers leave out; else each holds by itself");

    public static final Setting<Double> EJECT_SHARE =
            share(
                    "eject.share",
                    0.1,
                    "instances that may be left out at once, at least one; 0% for no bound");

    public static final Setting<Double> PANIC_SHARE =
            share("panic.share", 0.5, "bad instances beyond which all are taken again");

    /** All of them, in the order of the stack. */
    public static final List<Setting<?>> ALL =
            List.of(
                    TIMEOUT,
                    RETRY,
                    RETRY_ATTEMPTS,
                    RETRY_BASE,
                    RETRY_CAP,
                    BUDGET_RATIO,
                    BUDGET_PER_SECOND,
                    HEDGE,
                    HEDGE_SHARE,
                    THROTTLE,
                    BULKHEAD,
                    BALANCER,
                    BALANCER_KEY,
                    EJECT,
                    EJECT_SHARE,
                    PANIC_SHARE,
                    BREAKER,
                    BREAKER_FAILURES,
                    BREAKER_SUCCESS,
                    BREAKER_OPEN,
                    BREAKER_LONGEST,
                    TRY_TIMEOUT);

    /** What all operations of a service share, so that none can have its own. */
    private static final Set<Setting<?>> OF_SERVICE =
            Set.of(
                    BUDGET_RATIO,
                    BUDGET_PER_SECOND,
                    THROTTLE,
                    BULKHEAD,
                    BALANCER,
                    BALANCER_KEY,
                    EJECT,
                    EJECT_SHARE,
                    PANIC_SHARE,
                    BREAKER,
                    BREAKER_FAILURES,
                    BREAKER_SUCCESS,
                    BREAKER_OPEN,
                    BREAKER_LONGEST);

    /** Whether it is about a service as a whole: all its operations share the instances, the budget, the throttle. */
    boolean ofService() {
        return OF_SERVICE.contains(this);
    }

    private static Setting<Duration> duration(
            String name, Duration standard, Duration least, String meaning) {
        return new Setting<>(
                name,
                standard,
                meaning,
                "a time such as 250ms, 10s or 2m, from " + print(least) + " to 1h",
                text -> between(least, time(text), Duration.ofHours(1)),
                Setting::print);
    }

    private static Setting<Integer> whole(
            String name, int standard, int least, int most, String meaning) {
        return new Setting<>(
                name,
                standard,
                meaning,
                "a whole number from " + least + " to " + most,
                text -> between(least, Integer.valueOf(text), most),
                Object::toString);
    }

    private static Setting<Double> share(String name, double standard, String meaning) {
        return new Setting<>(
                name,
                standard,
                meaning,
                "a share from 0% to 100%",
                text -> between(0.0, percent(text), 1.0),
                share ->
                        new BigDecimal(share.toString())
                                        .movePointRight(2)
                                        .stripTrailingZeros()
                                        .toPlainString()
                                + "%");
    }

    private static Setting<Mode> mode(String name, String meaning) {
        return new Setting<>(
                name,
                Mode.ON,
                meaning,
                "on, off or dark (decide and count, but let pass)",
                text -> Mode.valueOf(text.toUpperCase(Locale.ROOT)),
                mode -> mode.name().toLowerCase(Locale.ROOT));
    }

    private static Setting<String> choice(String name, List<String> choices, String meaning) {
        return new Setting<>(
                name,
                choices.getFirst(),
                meaning,
                String.join(", ", choices),
                text -> {
                    if (choices.contains(text)) return text;
                    throw new IllegalArgumentException(text);
                },
                text -> text);
    }

    private static <C extends Comparable<? super C>> C between(C least, C value, C most) {
        if (value.compareTo(least) >= 0 && value.compareTo(most) <= 0) return value;
        throw new IllegalArgumentException(value.toString());
    }

    private static double percent(String text) {
        return text.endsWith("%")
                ? new BigDecimal(text.substring(0, text.length() - 1).strip())
                        .movePointLeft(2)
                        .doubleValue()
                : Double.parseDouble(text);
    }

    private static Duration time(String text) {
        int unit = 0;
        while (unit < text.length() && Character.isDigit(text.charAt(unit))) unit++;
        long number = Long.parseLong(text.substring(0, unit));
        return switch (text.substring(unit).strip()) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m", "min" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> {
                if (text.equals("0")) yield Duration.ZERO;
                throw new IllegalArgumentException(text);
            }
        };
    }

    static String print(Duration time) {
        long ms = time.toMillis();
        if (ms == 0) return "0";
        if (ms % 60_000 == 0) return ms / 60_000 + "m";
        return ms % 1_000 == 0 ? ms / 1_000 + "s" : ms + "ms";
    }
}
