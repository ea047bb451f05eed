package dev.weft.events;

import java.util.List;

/** What every bus asks of a publication before it takes it. */
public final class PublicationRules {

    private PublicationRules() {}

    /** Throws {@link IllegalArgumentException} naming what is wrong with it. */
    public static void check(String source, long through, List<BusEvent> events) {
        if (events.size() > Bus.MAX_BATCH)
            throw new IllegalArgumentException(
                    "a publication holds at most "
                            + Bus.MAX_BATCH
                            + " events, not "
                            + events.size()
                            + "; publish them in several");
        if (BusEvent.isForeign(source) || source.isEmpty() || source.length() > Bus.MAX_NAME)
            throw new IllegalArgumentException(
                    "a service that publishes is named with 1 to "
                            + Bus.MAX_NAME
                            + " characters, none of them \"/\" or \":\", not \""
                            + source
                            + "\"");
        long position = 0;
        int part = -1;
        for (var event : events) {
            check(event.id(), event);
            if (!event.source().equals(source))
                throw new IllegalArgumentException(event.id() + " is not of the source " + source);
            if (event.position() > through)
                throw new IllegalArgumentException(
                        event.id() + " lies beyond the publication's end, " + through);
            if (event.position() < position
                    || (event.position() == position && event.part() <= part))
                throw new IllegalArgumentException(
                        event.id() + " is out of order behind " + position + "/" + part);
            position = event.position();
            part = event.part();
        }
    }

    /**
     * Throws {@link IllegalArgumentException} if the bus takes no such event of anybody.
     *
     * @param name what the event is called in the message
     */
    public static void check(String name, BusEvent event) {
        if (event.type().isEmpty()
                || event.type().length() > Bus.MAX_NAME
                || event.type().indexOf(',') >= 0)
            throw new IllegalArgumentException(
                    name
                            + " is of the type \""
                            + shortened(event.type())
                            + "\"; a type is named with 1 to "
                            + Bus.MAX_NAME
                            + " characters and no comma");
        if (event.key().length() > Bus.MAX_KEY)
            throw new IllegalArgumentException(
                    name
                            + " has a key of "
                            + event.key().length()
                            + " characters, \""
                            + shortened(event.key())
                            + "\"; a key has at most "
                            + Bus.MAX_KEY);
        if (event.data().length > Bus.MAX_DATA_BYTES)
            throw new IllegalArgumentException(tooLarge(name, event));
    }

    /** What is said of an event with too much data. */
    public static String tooLarge(String name, BusEvent event) {
        return name
                + " ("
                + event.type()
                + ") has "
                + event.data().length
                + " bytes of data; the bus takes at most "
                + Bus.MAX_DATA_BYTES
                + ": publish where the data can be fetched instead";
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }
}
