package dev.weft.core.policy;

import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.Require;
import dev.weft.core.RetryAfter;
import dev.weft.core.Time;
import java.math.BigInteger;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.function.Function;

/**
 * How many requests each key may make in a window of time: a token bucket for each key.
 *
 * <p>A bucket holds as many tokens as the quota and is full at first; each request takes one, and they come back one by
 * one, evenly over the window. So nobody gets in more than the quota at once, nor, however long the watch, more than that
 * beside what the window allows; there is no edge at which all is forgotten. A refused request takes none.
 *
 * <p>The buckets of the {@link Options#keys} keys that were used last are kept; a key that comes back behind that many
 * others has a full bucket again. The lock guards them and is held for moments. In the mode {@link Mode#DARK} tokens are
 * taken and nothing is refused. Decisions, as {@code rate}: {@code refused}. Safe for many threads.
 */
public final class RateLimit {

    /*
     * Whole numbers only. A token is worth window/g units, and quota/g units come in every nanosecond, g being what both can
     * be divided by; a bucket holds quota tokens. So the time that has passed is never rounded, and a bucket that was
     * looked at a million times holds what one holds that was not. What comes in behind long idleness is compared with
     * what is missing before it is multiplied, or it would overflow.
     */

    private static final String POLICY = "rate";

    /**
     * Its numbers.
     *
     * @param name how callers are told of it: up to 40 of a-z, 0-9 and "-"
     * @param quota requests in a window, and at once; 0 refuses all
     * @param window in whole seconds
     * @param keys how many keys are remembered
     */
    public record Options(Mode mode, String name, int quota, Duration window, int keys) {

        public Options {
            Require.that(
                    name.matches("[a-z0-9-]{1,40}"),
                    "a rate limit is named with up to 40 of a-z, 0-9 and \"-\", not " + name);
            Require.between("the quota of a rate limit", quota, 0, Integer.MAX_VALUE);
            Require.that(
                    window.compareTo(Duration.ofSeconds(1)) >= 0
                            && window.compareTo(Duration.ofDays(31)) <= 0
                            && window.toNanosPart() == 0,
                    "the window of a rate limit is 1 s to 31 days in whole seconds, not " + window);
            Require.positive("the keys of a rate limit", keys);
            var all = BigInteger.valueOf(token(quota, window)).multiply(BigInteger.valueOf(quota));
            Require.that(
                    all.bitLength() < Long.SIZE,
                    "a quota of "
                            + quota
                            + " in "
                            + window
                            + " cannot be counted exactly; take a rounder one, or a shorter window");
        }

        /** That many requests in a window, for the 10,000 keys that were used last. */
        public static Options of(int quota, Duration window) {
            return new Options(Mode.ON, "default", quota, window, 10_000);
        }

        private static long token(int quota, Duration window) {
            return window.toNanos() / divisor(quota, window);
        }

        private static long divisor(int quota, Duration window) {
            return BigInteger.valueOf(quota)
                    .gcd(BigInteger.valueOf(window.toNanos()))
                    .longValueExact();
        }
    }

    /**
     * What came of asking.
     *
     * @param allowed whether a token was there
     * @param remaining how many are left
     * @param next how long until there is one more; zero if the bucket is full
     */
    public record Taken(boolean allowed, int remaining, Duration next) {}

    private static final class Bucket {
        private long units;
        private long atNanos;

        Bucket(long units, long atNanos) {
            this.units = units;
            this.atNanos = atNanos;
        }
    }

    private final Options options;
    private final Tally tally;
    private final Time time;
    private final long token;
    private final long perNano;
    private final long full;

    /** The key used longest ago first. */
    private final LinkedHashMap<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true);

    public RateLimit(Options options, Tally tally, Time time) {
        this.options = options;
        this.tally = tally;
        this.time = time;
        this.token = Options.token(options.quota(), options.window());
        this.perNano = options.quota() / Options.divisor(options.quota(), options.window());
        this.full = token * options.quota();
    }

    public Options options() {
        return options;
    }

    /** Takes a token of that key's, if there is one. */
    public Taken take(String key) {
        if (options.mode() == Mode.OFF) return new Taken(true, options.quota(), Duration.ZERO);
        var taken = taken(key);
        if (taken.allowed()) return taken;
        tally.count(POLICY, "refused");
        return new Taken(options.mode() == Mode.DARK, 0, taken.next());
    }

    private synchronized Taken taken(String key) {
        if (options.quota() == 0) return new Taken(false, 0, RetryAfter.LONGEST);
        var bucket = bucket(key);
        boolean allowed = bucket.units >= token;
        if (allowed) bucket.units -= token;
        long missing = token - bucket.units % token;
        var next = bucket.units == full ? 0 : Math.ceilDiv(missing, perNano);
        return new Taken(allowed, (int) (bucket.units / token), Duration.ofNanos(next));
    }

    /** The key's bucket, as it is now. */
    private Bucket bucket(String key) {
        long now = time.nanos();
        var bucket = buckets.get(key);
        if (bucket == null) {
            bucket = new Bucket(full, now);
            if (buckets.size() >= options.keys()) buckets.pollFirstEntry();
            buckets.put(key, bucket);
            return bucket;
        }
        long passed = now - bucket.atNanos;
        bucket.atNanos = now;
        if (passed >= Math.ceilDiv(full - bucket.units, perNano)) bucket.units = full;
        else bucket.units += passed * perNano;
        return bucket;
    }

    /** How many keys are remembered now. */
    public synchronized int keys() {
        return buckets.size();
    }

    /**
     * What to refuse with.
     *
     * @param by who refuses
     */
    public Refusal refusal(String by, Taken taken) {
        return Refusal.notBegun(
                        by,
                        Refusal.Reason.RATE,
                        options.quota()
                                + " requests are allowed in "
                                + options.window().toSeconds()
                                + " s")
                .retryAfter(Duration.ofMillis(Math.ceilDiv(taken.next().toNanos(), 1_000_000L)));
    }

    /**
     * This limit around calls of any kind.
     *
     * @param by who refuses
     * @param key whose tokens a request takes
     */
    public <I, O> Filter<I, O> filter(String by, Function<I, String> key) {
        return (request, next) -> {
            var taken = take(key.apply(request));
            if (!taken.allowed()) throw new Failure.Refused(refusal(by, taken));
            return next.call(request);
        };
    }
}
