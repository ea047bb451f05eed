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
        long position = 0;
        int part = -1;
        for (var event : events) {
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
}
