package dev.weft.events;

import dev.weft.core.Context;
import java.util.List;
import java.util.Optional;

/** Public events that lie in the log as they are, one stream for each key: what timers and sagas tell. */
final class Told {

    private static final String CATEGORY = "weft_told-";

    private Told() {}

    /** Writes the event; its span is the current one. */
    static void append(
            String type, String key, byte[] data, Origin origin, Transaction transaction) {
        transaction.append(
                List.of(
                        new EventStore.Append(
                                CATEGORY + key,
                                EventStore.ANY_VERSION,
                                List.of(new NewEvent(type, data)))),
                origin.withoutAppendKey().with(Context.current().trace()));
    }

    /** The key of the public event that the stored one is; empty if it is none. */
    static Optional<String> key(StoredEvent stored) {
        return stored.stream().startsWith(CATEGORY)
                ? Optional.of(stored.stream().substring(CATEGORY.length()))
                : Optional.empty();
    }
}
