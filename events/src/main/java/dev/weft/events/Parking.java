package dev.weft.events;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a transaction adds to {@link Parked}, beside the notes in the inbox of what it holds. */
final class Parking {

    private final Parked parked;
    private final Sql sql;
    private final boolean any;
    private final Map<Inbox.Key, Optional<Long>> keys = new HashMap<>();
    private final List<BusEvent> taken = new ArrayList<>();

    Parking(Parked parked, Sql sql) {
        this.parked = parked;
        this.sql = sql;
        this.any = parked.any(sql);
    }

    /** Takes the event if its key is parked: then it is not to be handled. */
    boolean take(BusEvent event) {
        if (!any) return false;
        var key = Inbox.Key.of(event);
        if (keys.computeIfAbsent(key, each -> parked.perMinute(each, sql)).isEmpty()) return false;
        taken.add(event);
        return true;
    }

    /** Puts all that was taken behind what is parked; tells how many. {@link Parked.Full}. */
    int queue() {
        if (taken.isEmpty()) return 0;
        Parked.requireRoom(taken, sql);
        for (var event : taken)
            parked.queue(
                    event,
                    keys.getOrDefault(Inbox.Key.of(event), Optional.empty()).orElse(0L),
                    sql);
        return taken.size();
    }

    /**
     * Parks a key: its first event, which failed, and those that wait behind it. What another process
     * has dealt with meanwhile is left out; if that is the first one, the others join what that has
     * parked, or are to be tried.
     *
     * @param events of one key, in order
     * @return how many rows came of it
     */
    static int park(
            List<BusEvent> events,
            int handler,
            Attempts attempts,
            Parked.Fault fault,
            Inbox inbox,
            Parked parked,
            Sql sql) {
        var key = Inbox.Key.of(events.getFirst());
        var last = inbox.last(key, sql);
        var fresh = events.stream().filter(it -> Inbox.Place.of(it).isBehind(last)).toList();
        if (fresh.isEmpty()) return 0;
        Parked.requireRoom(fresh, sql);
        var before = parked.perMinute(key, sql);
        boolean fails = fresh.size() == events.size();
        long perMinute = before.orElse(fails ? 0 : Parked.NO_LIMIT);
        if (fails) parked.add(fresh.getFirst(), handler, attempts, fault, sql);
        for (var event : fails ? fresh.subList(1, fresh.size()) : fresh)
            parked.queue(event, perMinute, sql);
        inbox.note(key, Inbox.Place.of(fresh.getLast()), sql);
        return fresh.size();
    }
}
