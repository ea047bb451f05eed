package dev.weft.events;

/**
 * A kind of event: its name in logs and on the bus, and the record that holds its data.
 *
 * <p>The name is chosen in code and stays, whatever becomes of the class: {@code
 * product-registered}. Producer and consumer may have different records for one name; the JSON
 * object is the contract, unknown members are ignored.
 */
public record EventType<T>(String name, Class<T> type) {

    public EventType {
        if (!name.matches("[a-z][a-z0-9.-]{0,99}"))
            throw new IllegalArgumentException(
                    "an event type is named with up to 100 of a-z, 0-9, \".\" and \"-\", not \""
                            + name
                            + "\"");
    }

    public static <T> EventType<T> of(String name, Class<T> type) {
        return new EventType<>(name, type);
    }

    /** An event of this type for other services, ordered among those of the same key. */
    public PublicEvent<T> of(String key, T data) {
        return new PublicEvent<>(this, key, data);
    }
}
