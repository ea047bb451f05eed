package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.json.Json;
import java.util.List;

/**
 * Sees to it that what is appended can be published: an event whose public form is too large for the bus would stop its
 * service's publication for ever.
 *
 * <p>A public event says no more than its private one, but for constants; so only events with a quarter of the bus's bound are
 * translated twice. A translation that fails here is left to the publication, which says where it stands.
 */
record PublicationBounds(String service, List<? extends Publication<?>> publications, Time time) {

    private static final int SMALL = Bus.MAX_DATA_BYTES / 4;

    PublicationBounds {
        publications = List.copyOf(publications);
    }

    /** Throws {@link Failure.TooLarge} naming the event, its size and the limit. */
    <E> void check(Decider<?, ?, E> decider, String key, E event, NewEvent encoded) {
        if (encoded.data().length <= SMALL) return;
        for (var publication : publications)
            if (publication.decider().name().equals(decider.name()))
                check(publication, key, event, encoded);
    }

    private <P> void check(Publication<P> publication, String key, Object event, NewEvent encoded) {
        @SuppressWarnings("unchecked") // the publication is of the decider whose event this is
        var data = (P) event;
        var origin = Origin.NONE;
        var id = service + "/0/0";
        var about = new Event<>(id, service, 0, encoded.type(), key, time.now(), data, origin);
        List<PublicEvent<?>> said;
        try {
            said = publication.tell(about);
        } catch (RuntimeException e) {
            return;
        }
        for (var one : said) {
            int bytes = Json.write(one.data()).length;
            if (bytes > Bus.MAX_DATA_BYTES)
                throw new Failure.TooLarge(
                        "the event "
                                + encoded.type()
                                + " of "
                                + publication.decider().name()
                                + " "
                                + key
                                + " would be published as "
                                + one.type().name()
                                + " with "
                                + bytes
                                + " bytes of data; the bus takes at most "
                                + Bus.MAX_DATA_BYTES
                                + ". Nothing was stored: publish where the data can be fetched"
                                + " instead");
        }
    }
}
