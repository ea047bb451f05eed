package dev.weft.hub;

import dev.weft.events.SubscriptionLedger.Logged;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The end of the bus's log in memory, so that a subscription that keeps up does not read the disk:
 * at most {@link #MAX_EVENTS} with {@link #MAX_BYTES} of data.
 *
 * <p>Its events are contiguous. Used under the bus's lock.
 */
final class RecentEvents {

    static final int MAX_EVENTS = 4_096;
    static final long MAX_BYTES = 8 << 20;

    private final Logged[] ring = new Logged[MAX_EVENTS];
    private long first = 1;
    private long next = 1;
    private long bytes;

    /**
     * Adds events that follow one another. If they do not follow what is here, because another
     * publication is committed and not noted yet, it starts anew with them; what comes too late then
     * is left out.
     */
    void add(List<Logged> events) {
        for (var logged : events) {
            if (logged.sequence() < next) continue;
            if (logged.sequence() > next) {
                while (first < next) dropFirst();
                first = logged.sequence();
                next = first;
            }
            if (next - first == MAX_EVENTS) dropFirst();
            ring[(int) (next++ % MAX_EVENTS)] = logged;
            bytes += logged.event().data().length;
            while (bytes > MAX_BYTES && next - first > 1) dropFirst();
        }
    }

    private void dropFirst() {
        bytes -= ring[(int) (first++ % MAX_EVENTS)].event().data().length;
    }

    /** Whether it holds everything behind a sequence up to the log's end. */
    boolean covers(long after, long end) {
        return first <= after + 1 && next == end + 1;
    }

    /** Those of the types behind a sequence, at most so many. */
    List<Logged> read(long after, int max, Set<String> types) {
        var found = new ArrayList<Logged>();
        for (long at = after + 1; at < next && found.size() < max; at++) {
            var logged = ring[(int) (at % MAX_EVENTS)];
            if (types.contains(logged.event().type())) found.add(logged);
        }
        return found;
    }
}
