package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.json.Json;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A kind of event: its name in logs and on the bus, and the record that holds its data.
 *
 * <p>The name is chosen in code and stays, whatever becomes of the class: {@code
 * product-registered}. Producer and consumer may have different records for one name; the JSON
 * object is the contract, unknown members are ignored.
 *
 * <p>Where the data changes so that older data does not fit any more, the type goes on to its next version:
 *
 * <pre>{@code
 * EventType.of("item-added", V1.class).next(V2.class, V2::from).next(ItemAdded.class, ItemAdded::from)
 * }</pre>
 *
 * is an {@code EventType<ItemAdded>} of version 3. What was stored in version 1 is read as {@code V1} and lifted from one
 * version to the next; what is stored is never rewritten.
 *
 * @param type of the newest version
 * @param older the version before it, if there is one
 * @param tags what an event of this type is stored with; see {@link #tagged}
 */
public record EventType<T>(
        String name,
        Class<T> type,
        Optional<Older<?, T>> older,
        Function<? super T, Set<String>> tags) {

    @SuppressWarnings("UnnecessaryLambda") // One instance: types without tags are equal by it.
    private static final Function<Object, Set<String>> NO_TAGS = data -> Set.of();

    /**
     * The version before one, and the way from its data to the next one's.
     *
     * @param lift pure; may be run again at any time
     */
    public record Older<P, T>(EventType<P> type, Function<? super P, ? extends T> lift) {
        T read(int version, byte[] json) {
            return lift.apply(type.read(version, json));
        }
    }

    public EventType {
        if (!name.matches("[a-z][a-z0-9.-]{0,99}"))
            throw new IllegalArgumentException(
                    "an event type is named with up to 100 of a-z, 0-9, \".\" and \"-\", not \""
                            + name
                            + "\"");
    }

    /** In its first version. */
    public static <T> EventType<T> of(String name, Class<T> type) {
        return new EventType<>(name, type, Optional.empty(), NO_TAGS);
    }

    /**
     * This type in its next version. Tags are said anew, as they are those of the new data.
     *
     * @param lift makes the new data of the old; pure
     */
    public <N> EventType<N> next(Class<N> type, Function<? super T, ? extends N> lift) {
        return new EventType<>(name, type, Optional.of(new Older<>(this, lift)), NO_TAGS);
    }

    /**
     * This type, whose events are stored with tags, by which they are found beyond their stream ({@link EventQuery}).
     *
     * @param tags of an event, such as {@code email:a@b.c}; pure, within the limits of {@link NewEvent}
     */
    public EventType<T> tagged(Function<? super T, Set<String>> tags) {
        return new EventType<>(name, type, older, tags);
    }

    /** The version that events are stored in now, from 1. */
    public int version() {
        return older.map(it -> it.type().version() + 1).orElse(1);
    }

    /**
     * Data as it was stored in a version, as that of this version. {@link Failure.Malformed} if it does not fit the record of
     * its version, or if this type has no such version.
     */
    public T read(int storedVersion, byte[] json) {
        int version = version();
        if (storedVersion == version) return Json.read(json, type);
        if (storedVersion < 1 || storedVersion > version)
            throw new Failure.Malformed(
                    "it is of version "
                            + storedVersion
                            + ", and the type has the versions 1 to "
                            + version
                            + "; a version that was ever stored has to stay");
        return older.orElseThrow().read(storedVersion, json);
    }

    /**
     * What its events are called on the bus: its name, from the second version on with the version, {@code order-placed.v2}. So
     * those who know an older version only are not handed what they cannot read.
     */
    public String publicName() {
        return publicName(version());
    }

    /** What the events of all its versions are called on the bus; a listener takes them all. */
    public List<String> publicNames() {
        return IntStream.rangeClosed(1, version()).mapToObj(this::publicName).toList();
    }

    private String publicName(int version) {
        return version == 1 ? name : name + ".v" + version;
    }

    /**
     * Data that was told under one of the {@link #publicNames}, as that of this version. {@link Failure.Malformed} if it does
     * not fit.
     */
    T readPublic(String told, byte[] json) {
        return read(publicNames().indexOf(told) + 1, json);
    }

    /** An event of this type for other services, ordered among those of the same key. */
    public PublicEvent<T> of(String key, T data) {
        return new PublicEvent<>(this, key, data);
    }
}
