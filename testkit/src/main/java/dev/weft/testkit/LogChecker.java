package dev.weft.testkit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Says what went wrong with a log, from the history of a run: what writers appended under which keys and were told of it, and what
 * readers saw of each key, early and last. After Jepsen's Kafka workload.
 *
 * <p>Nothing but the history counts, so it may come from any program that was killed, paused or cut off. Times are of one clock
 * that does not jump; an append whose end is not known ends never. A value is appended under one key once.
 *
 * <p>The log's own last sight says what is in it, and in which order. Whatever other readers saw is held against that.
 */
public final class LogChecker {

    /** What a writer knows of its append. */
    public enum Outcome {
        /** It was acknowledged. */
        OK,
        /** It was refused for good, and did not happen. */
        FAILED,
        /** It may have happened, or may still happen. */
        UNKNOWN
    }

    /** What a reader promises to see of a key. */
    public enum Promise {
        /** The log itself: all that was acknowledged before the sight began, each once. */
        LOG,
        /** In the order of the log, from its beginning, each once; it may lag. */
        ONCE,
        /** As {@link #ONCE}, but a value may come again later. */
        AT_LEAST_ONCE
    }

    /** What must not be. */
    public enum Kind {
        /** Acknowledged, or seen by somebody, and not in the log. */
        LOST,
        /** Seen, though nobody wrote it, or its writer was told that it did not happen. */
        UNWRITTEN,
        /** Seen twice by a reader that promises once. */
        DUPLICATE,
        /** In another order than it was written in, or than the log has it. */
        REORDERED,
        /** At the log's end, and never seen by a reader. */
        UNSEEN,
        /** Passed over by a reader that has seen a later one. */
        SKIPPED,
        /** What a reader had seen it saw no more, or changed. */
        NON_MONOTONIC,
        /** Acknowledged before the log was read, and not there yet. */
        STALE
    }

    /**
     * One append.
     *
     * @param begunNanos before it was sent
     * @param endedNanos behind the acknowledgement; of no meaning without one
     */
    public record Append(
            String key, long value, Outcome outcome, long begunNanos, long endedNanos) {}

    /**
     * What one reader saw of one key.
     *
     * @param reader its name
     * @param values in the reader's order
     * @param begunNanos before it was asked for
     * @param endedNanos behind the answer
     * @param last whether everything had come to rest before
     */
    public record Sight(
            String reader,
            Promise promise,
            String key,
            List<Long> values,
            long begunNanos,
            long endedNanos,
            boolean last) {
        public Sight {
            values = List.copyOf(values);
        }
    }

    /**
     * What went wrong, with what shows it.
     *
     * @param reader who saw it, or did not
     */
    public record Anomaly(Kind kind, String reader, String key, String evidence) {
        @Override
        public String toString() {
            return kind + " " + key + " (" + reader + "): " + evidence;
        }
    }

    /** What was found in how much. */
    public record Report(
            int keys, int acknowledged, int failed, int unknown, int sights, List<Anomaly> found) {
        public Report {
            found = List.copyOf(found);
        }

        /** Throws {@link AssertionError} naming the first anomalies, if there are any. */
        public void requireNone() {
            if (found.isEmpty()) return;
            var text = new StringBuilder().append(found.size()).append(" anomalies");
            found.stream().limit(SHOWN).forEach(each -> text.append("\n  ").append(each));
            if (found.size() > SHOWN) text.append("\n  …");
            throw new AssertionError(text.toString());
        }

        @Override
        public String toString() {
            return "%,d appends acknowledged, %,d refused, %,d unknown, of %,d keys; seen %,d times; %,d anomalies"
                    .formatted(acknowledged, failed, unknown, keys, sights, found.size());
        }
    }

    private static final int SHOWN = 20;

    private final String key;
    private final Map<Long, Append> appends = new LinkedHashMap<>();
    private final List<Sight> sights = new ArrayList<>();
    private final List<Anomaly> found;

    private LogChecker(String key, List<Anomaly> found) {
        this.key = key;
        this.found = found;
    }

    /**
     * Checks a history, in any order.
     *
     * @throws IllegalArgumentException if it cannot show anything: nothing was acknowledged, a key has no last sight of the log, or
     *     a reader has no last sight of a key that others saw in the end
     */
    public static Report check(List<Append> appends, List<Sight> sights) {
        var found = new ArrayList<Anomaly>();
        var keys = new TreeMap<String, LogChecker>();
        for (var append : appends) {
            var of = keys.computeIfAbsent(append.key, key -> new LogChecker(key, found));
            if (of.appends.put(append.value, append) != null)
                throw new IllegalArgumentException(
                        append.value + " is appended twice under " + append.key);
        }
        for (var sight : sights)
            keys.computeIfAbsent(sight.key, key -> new LogChecker(key, found)).sights.add(sight);
        int acknowledged = count(appends, Outcome.OK);
        if (acknowledged == 0)
            throw new IllegalArgumentException(
                    "the history shows nothing: no append was acknowledged");
        var readers = new TreeSet<String>();
        sights.forEach(sight -> readers.add(sight.reader));
        for (var of : keys.values()) of.check(readers);
        return new Report(
                keys.size(),
                acknowledged,
                count(appends, Outcome.FAILED),
                count(appends, Outcome.UNKNOWN),
                sights.size(),
                found);
    }

    private static int count(List<Append> appends, Outcome outcome) {
        return (int) appends.stream().filter(append -> append.outcome == outcome).count();
    }

    private void check(Set<String> readers) {
        var log =
                last(sights.stream().filter(sight -> sight.promise == Promise.LOG).toList())
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "the log's last sight of " + key + " is missing"));
        written(log);
        order(log);
        var places = new HashMap<Long, Integer>();
        for (int i = 0; i < log.values.size(); i++) places.putIfAbsent(log.values.get(i), i);
        var gone = new HashSet<Long>();
        for (var sight : sights) {
            unwritten(sight);
            if (sight.promise != Promise.AT_LEAST_ONCE) duplicates(sight);
            for (var value : sight.values)
                if (appends.containsKey(value) && !places.containsKey(value) && gone.add(value))
                    add(Kind.LOST, sight, value + " was seen and is not in the log");
            if (sight.promise == Promise.LOG) stale(sight);
            else held(sight, places);
        }
        for (var reader : readers) {
            var own = sights.stream().filter(sight -> sight.reader.equals(reader)).toList();
            var end =
                    last(own)
                            .orElseThrow(() ->
                                    new IllegalArgumentException(
                                            "the last sight that "
                                                    + reader
                                                    + " had of "
                                                    + key
                                                    + " is missing"));
            if (end.promise != Promise.LOG) complete(end, log);
            monotonic(own);
        }
    }

    private static Optional<Sight> last(List<Sight> sights) {
        return sights.stream().filter(Sight::last).max(Comparator.comparingLong(Sight::endedNanos));
    }

    private void add(Kind kind, Sight sight, String evidence) {
        found.add(new Anomaly(kind, sight.reader, key, evidence));
    }

    /** What was acknowledged is in the log. */
    private void written(Sight log) {
        var there = new HashSet<>(log.values);
        for (var append : appends.values())
            if (append.outcome == Outcome.OK && !there.contains(append.value))
                add(Kind.LOST, log, append.value + " was acknowledged and is not in the log");
    }

    private void unwritten(Sight sight) {
        for (var value : new TreeSet<>(sight.values)) {
            var append = Optional.ofNullable(appends.get(value));
            if (append.isEmpty()) add(Kind.UNWRITTEN, sight, value + " was written by nobody");
            else if (append.get().outcome == Outcome.FAILED)
                add(Kind.UNWRITTEN, sight, value + " was refused");
        }
    }

    private void duplicates(Sight sight) {
        var first = new HashMap<Long, Integer>();
        for (int i = 0; i < sight.values.size(); i++) {
            var before = first.putIfAbsent(sight.values.get(i), i);
            if (before != null)
                add(
                        Kind.DUPLICATE,
                        sight,
                        sight.values.get(i) + " at places " + before + " and " + i);
        }
    }

    /** What was acknowledged before another append began is before it. */
    private void order(Sight log) {
        Optional<Append> earliest = Optional.empty();
        for (var value : log.values.reversed()) {
            var append = appends.get(value);
            if (append == null) continue;
            if (earliest.isPresent() && earliest.get().endedNanos < append.begunNanos)
                add(
                        Kind.REORDERED,
                        log,
                        earliest.get().value
                                + " was acknowledged before "
                                + value
                                + " was begun, and is behind it in the log");
            if (append.outcome == Outcome.OK
                    && (earliest.isEmpty() || append.endedNanos < earliest.get().endedNanos))
                earliest = Optional.of(append);
        }
    }

    /** What was acknowledged before the log was read is there. */
    private void stale(Sight sight) {
        if (sight.last) return;
        var there = new HashSet<>(sight.values);
        for (var append : appends.values())
            if (append.outcome == Outcome.OK
                    && append.endedNanos < sight.begunNanos
                    && !there.contains(append.value))
                add(
                        Kind.STALE,
                        sight,
                        append.value + " was acknowledged before the log was read, which lacks it");
    }

    /** What a reader saw first is in the log's order, and from its beginning. */
    private void held(Sight sight, Map<Long, Integer> places) {
        int most = -1;
        long mostValue = 0;
        var seen = new TreeMap<Integer, Long>();
        for (var value : sight.values) {
            var place = places.get(value);
            if (place == null || seen.put(place, value) != null) continue;
            if (place < most)
                add(
                        Kind.REORDERED,
                        sight,
                        value + " came behind " + mostValue + ", which is later in the log");
            if (place > most) {
                most = place;
                mostValue = value;
            }
        }
        places.forEach((value, place) -> {
            if (!seen.isEmpty() && place < seen.lastKey() && !seen.containsKey(place))
                add(
                        Kind.SKIPPED,
                        sight,
                        seen.lastEntry().getValue()
                                + " was seen without "
                                + value
                                + ", which is earlier in the log");
        });
    }

    /** In the end a reader has seen the log's end; what it skipped is said elsewhere. */
    private void complete(Sight end, Sight log) {
        var seen = new HashSet<>(end.values);
        for (var value : log.values.reversed()) {
            if (seen.contains(value)) return;
            add(Kind.UNSEEN, end, value + " is in the log and was not seen");
        }
    }

    /** A sight that began behind the end of another one goes on where that ended. */
    private void monotonic(List<Sight> own) {
        var byEnd = own.stream().sorted(Comparator.comparingLong(Sight::endedNanos)).toList();
        var byBegin = own.stream().sorted(Comparator.comparingLong(Sight::begunNanos)).toList();
        int ended = 0;
        Optional<Sight> longest = Optional.empty();
        for (var sight : byBegin) {
            for (; byEnd.get(ended).endedNanos < sight.begunNanos; ended++)
                if (longest.isEmpty()
                        || byEnd.get(ended).values.size() >= longest.get().values.size())
                    longest = Optional.of(byEnd.get(ended));
            if (longest.isEmpty()) continue;
            var before = longest.get().values;
            int same = 0;
            while (same < before.size()
                    && same < sight.values.size()
                    && before.get(same).equals(sight.values.get(same))) same++;
            if (same < before.size())
                add(
                        Kind.NON_MONOTONIC,
                        sight,
                        "saw "
                                + around(before, same)
                                + " at place "
                                + same
                                + " and later "
                                + around(sight.values, same));
        }
    }

    private static String around(List<Long> values, int place) {
        return place < values.size() ? String.valueOf(values.get(place)) : "nothing";
    }
}
