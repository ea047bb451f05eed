package dev.weft.events;

import java.util.Optional;

/**
 * The notes of what one listener has handled: for each source and key the last event. Events of a
 * key come in order, so everything up to it is handled. One row per key, kept as long as the tables
 * beside it.
 */
record Inbox(String listener) {

    /** What comes in order: the events of one source with one key. */
    record Key(String source, String key) {
        static Key of(BusEvent event) {
            return new Key(event.source(), event.key());
        }
    }

    /** Where in the source's log an event stands. */
    record Place(long position, int part) {
        static final Place NONE = new Place(0, 0);

        static Place of(BusEvent event) {
            return new Place(event.position(), event.part());
        }

        boolean isBehind(Place other) {
            return position > other.position || (position == other.position && part > other.part);
        }
    }

    static final String SELECT =
            "select position, part from weft_inbox where listener = ? and source = ? and key = ?";

    private static Place place(Row row) {
        return new Place(row.number("position"), (int) row.number("part"));
    }

    /** Where the last event of the key that was handled stands. */
    Place last(Key key, Sql sql) {
        return sql.first(SELECT, Inbox::place, listener, key.source, key.key).orElse(Place.NONE);
    }

    boolean has(BusEvent event, Database database) {
        Optional<Place> last =
                database.first(SELECT, Inbox::place, listener, event.source(), event.key());
        return last.isPresent() && !Place.of(event).isBehind(last.get());
    }

    /** Notes that the events of the key are handled up to here. */
    void note(Key key, Place place, Sql sql) {
        sql.update(
                "insert into weft_inbox (listener, source, key, position, part)"
                        + " values (?, ?, ?, ?, ?)"
                        + " on conflict (listener, source, key)"
                        + " do update set position = excluded.position, part = excluded.part"
                        + " where weft_inbox.position < excluded.position"
                        + " or (weft_inbox.position = excluded.position"
                        + " and weft_inbox.part < excluded.part)",
                listener,
                key.source,
                key.key,
                place.position,
                place.part);
    }
}
