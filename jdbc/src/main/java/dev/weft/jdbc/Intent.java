package dev.weft.jdbc;

import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.Origin;
import java.util.List;

/** What somebody wants to append. */
record Intent(List<Append> appends, List<Condition> conditions, Origin origin) {

    Intent {
        appends = List.copyOf(appends);
        conditions = List.copyOf(conditions);
    }

    void checkLimits() {
        EventStore.checkLimits(appends, conditions);
    }

    long bytes() {
        long bytes = 0;
        for (var append : appends) for (var event : append.events()) bytes += event.sizeBytes();
        return bytes;
    }
}
