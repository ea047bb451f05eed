package dev.weft.events;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * An event to append.
 *
 * @param type its type's name
 * @param typeVersion its type's version, from 1
 * @param data JSON
 * @param tags by which it is found beyond its stream ({@link EventQuery}), such as {@code email:a@b.c}; in order
 */
public record NewEvent(String type, int typeVersion, byte[] data, Set<String> tags) {

    /** The most tags of one event. */
    public static final int MAX_TAGS = 16;

    /** The longest tag, in characters. */
    public static final int MAX_TAG = 200;

    public NewEvent {
        if (typeVersion < 1)
            throw new IllegalArgumentException(
                    "versions of a type begin with 1, " + type + " has " + typeVersion);
        if (!EventStore.isStorable(type))
            throw new IllegalArgumentException(
                    "a type's name has neither the character 0 nor half of a surrogate pair: "
                            + type);
        if (tags.size() > MAX_TAGS)
            throw new IllegalArgumentException(
                    "an event has at most "
                            + MAX_TAGS
                            + " tags, not "
                            + tags.size()
                            + "; tag it with what it is looked for by");
        tags.forEach(NewEvent::requireTag);
        tags = tags.isEmpty() ? Set.of() : Collections.unmodifiableSortedSet(new TreeSet<>(tags));
    }

    /** Without tags, in the first version of its type. */
    public NewEvent(String type, byte[] data) {
        this(type, 1, data, Set.of());
    }

    /** What it adds to the bytes of an append: its data, and its tags by their characters. */
    public long sizeBytes() {
        return size(data, tags);
    }

    static long size(byte[] data, Set<String> tags) {
        long size = data.length;
        for (var tag : tags) size += tag.length();
        return size;
    }

    static void requireTag(String tag) {
        if (tag.isEmpty()
                || tag.length() > MAX_TAG
                || tag.chars().anyMatch(Character::isISOControl)
                || !EventStore.isStorable(tag))
            throw new IllegalArgumentException(
                    "a tag has 1 to "
                            + MAX_TAG
                            + " characters, no control character or half of a surrogate pair among"
                            + " them, not \""
                            + tag
                            + "\"");
    }
}
