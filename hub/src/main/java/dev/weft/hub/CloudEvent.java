package dev.weft.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Origin;
import dev.weft.events.PublicationRules;
import dev.weft.events.SubscriptionLedger.Logged;
import dev.weft.json.Json;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * An event as CloudEvents 1.0 has it.
 *
 * <p>What a service says keeps its id ({@code product/4711/0}), has its source and type, its key as {@code subject} and {@code
 * partitionkey}, its time, and what it goes on with as {@code traceparent}, {@code tracestate}, {@code baggage}, {@code
 * criticality} and {@code cause}. What another program says goes out with the attributes that it came with; inside, its key is its
 * {@code partitionkey}, else its {@code subject}, else its id.
 *
 * @param attributes by name: texts, whole numbers of 32 bits and booleans
 * @param data in the form that {@code datacontenttype} names; empty if there is none
 */
record CloudEvent(Map<String, Object> attributes, Optional<byte[]> data) {

    static final String SPEC_VERSION = "specversion";
    static final String ID = "id";
    static final String SOURCE = "source";
    static final String TYPE = "type";
    static final String TIME = "time";
    static final String CONTENT_TYPE = "datacontenttype";

    /** The extension by which a consumer names an event to the bus. */
    static final String WEFT_ID = "weftid";

    /** The most bytes of all attributes together. */
    static final int MAX_ATTRIBUTES_BYTES = 64 << 10;

    private static final String SUBJECT = "subject";
    private static final String PARTITION_KEY = "partitionkey";
    private static final String JSON = "application/json";

    /** In the bus's own notes, no attribute: how data that is no JSON is kept as JSON. */
    private static final String KEPT_AS = "_data";

    private static final String NONE = "none";
    private static final String TEXT = "text";
    private static final String BASE64 = "base64";

    CloudEvent {
        for (var attribute : attributes.entrySet()) check(attribute.getKey(), attribute.getValue());
    }

    private static void check(String name, Object value) {
        if (!name.matches("[a-z0-9]{1,20}"))
            throw malformed(
                    name,
                    "an attribute is named with 1 to 20 of a-z and 0-9, not \"" + name + "\"");
        boolean fits =
                switch (value) {
                    case String text -> true;
                    case Boolean flag -> true;
                    case Long number -> number == number.intValue();
                    default -> false;
                };
        if (!fits)
            throw malformed(
                    name,
                    "the attribute " + name + " is a text, a boolean or a whole number of 32 bits");
    }

    private static Failure malformed(String attribute, String detail) {
        return Problem.of(400, "malformed-event", detail).with("attribute", attribute).failure();
    }

    /** An attribute as text; empty if it is not there. */
    String text(String name) {
        var value = attributes.get(name);
        return value == null ? "" : value.toString();
    }

    static boolean isJson(String contentType) {
        var media = mediaType(contentType);
        return media.isEmpty() || media.equals(JSON) || media.endsWith("+json");
    }

    static boolean isText(String contentType) {
        return mediaType(contentType).startsWith("text/");
    }

    private static String mediaType(String contentType) {
        int end = contentType.indexOf(';');
        return (end < 0 ? contentType : contentType.substring(0, end))
                .strip()
                .toLowerCase(Locale.ROOT);
    }

    // In

    /**
     * As the bus takes it of another program.
     *
     * @param now its time if it names none
     * @throws Failure.Answered that names the attribute which is missing or wrong
     */
    BusTables.Offered offered(Instant now) {
        if (!text(SPEC_VERSION).equals("1.0"))
            throw malformed(
                    SPEC_VERSION,
                    text(SPEC_VERSION).isEmpty()
                            ? "the attribute specversion is missing; it is 1.0"
                            : "the attribute specversion is 1.0, not \""
                                    + text(SPEC_VERSION)
                                    + "\"");
        attributes.keySet().forEach(this::requireClean);
        var id = required(ID, Bus.MAX_KEY);
        var source = required(SOURCE, Bus.MAX_NAME);
        var type = required(TYPE, Bus.MAX_NAME);
        if (!BusEvent.isForeign(source))
            throw malformed(
                    SOURCE,
                    "the attribute source has a \"/\" or \":\", such as /"
                            + source
                            + " or urn:"
                            + source
                            + "; \""
                            + source
                            + "\" may be a service's name");
        var partition = text(PARTITION_KEY);
        var subject = text(SUBJECT);
        var key = !partition.isEmpty() ? partition : !subject.isEmpty() ? subject : id;
        var event =
                new BusEvent(
                        source,
                        0,
                        0,
                        type,
                        key,
                        time().orElse(now),
                        json(),
                        new Origin(
                                text("traceparent"),
                                text("tracestate"),
                                text("baggage"),
                                text("criticality"),
                                text("cause"),
                                ""));
        var name = "the event " + id + " of " + source;
        if (event.data().length > Bus.MAX_DATA_BYTES)
            throw new Failure.TooLarge(PublicationRules.tooLarge(name, event));
        try {
            PublicationRules.check(name, event);
        } catch (IllegalArgumentException e) {
            throw malformed(TYPE, String.valueOf(e.getMessage()));
        }
        return new BusTables.Offered(id, event, notes());
    }

    /** CloudEvents has no control characters in attributes, and no header could carry them. */
    private void requireClean(String name) {
        if (text(name).chars().anyMatch(Character::isISOControl))
            throw malformed(
                    name,
                    "the attribute " + name + " has a control character, such as a line break");
    }

    private String required(String name, int most) {
        var text = text(name);
        if (text.isEmpty())
            throw malformed(name, "the attribute " + name + " is missing; an event has one");
        if (text.length() > most)
            throw malformed(
                    name,
                    "the attribute "
                            + name
                            + " has "
                            + text.length()
                            + " characters, and at most "
                            + most);
        return text;
    }

    private Optional<Instant> time() {
        var text = text(TIME);
        if (text.isEmpty()) return Optional.empty();
        try {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            throw malformed(
                    TIME,
                    "the attribute time is such as 2026-02-03T04:05:06Z, not \"" + text + "\"");
        }
    }

    private byte[] json() {
        if (data.isEmpty()) return "null".getBytes(UTF_8);
        var type = text(CONTENT_TYPE);
        if (isJson(type)) return data.get();
        return Json.write(
                isText(type)
                        ? new String(data.get(), UTF_8)
                        : Base64.getEncoder().encodeToString(data.get()));
    }

    private String notes() {
        var notes = new LinkedHashMap<>(attributes);
        var type = text(CONTENT_TYPE);
        if (data.isEmpty()) notes.put(KEPT_AS, NONE);
        else if (!isJson(type)) notes.put(KEPT_AS, isText(type) ? TEXT : BASE64);
        var written = Json.text(notes);
        if (written.length() > MAX_ATTRIBUTES_BYTES)
            throw malformed(
                    ID,
                    "the attributes have "
                            + written.length()
                            + " bytes in all, and at most "
                            + MAX_ATTRIBUTES_BYTES
                            + "; put more into the data");
        return written;
    }

    // Out

    /** As it is told to programs of any kind. */
    static CloudEvent of(Logged logged) {
        var event = logged.event();
        return logged.attributes().isEmpty()
                ? said(event)
                : told(event, Json.readMap(logged.attributes().getBytes(UTF_8)));
    }

    /** What a service said. */
    private static CloudEvent said(BusEvent event) {
        var attributes = new LinkedHashMap<String, Object>();
        attributes.put(SPEC_VERSION, "1.0");
        attributes.put(ID, event.id());
        attributes.put(SOURCE, event.source());
        attributes.put(TYPE, event.type());
        put(attributes, SUBJECT, event.key());
        attributes.put(TIME, event.at().toString());
        attributes.put(CONTENT_TYPE, JSON);
        put(attributes, PARTITION_KEY, event.key());
        put(attributes, "traceparent", event.origin().traceparent());
        put(attributes, "tracestate", event.origin().tracestate());
        put(attributes, "baggage", event.origin().baggage());
        put(attributes, "criticality", event.origin().criticality());
        put(attributes, "cause", event.origin().cause());
        attributes.put(WEFT_ID, event.id());
        return new CloudEvent(attributes, Optional.of(event.data()));
    }

    private static void put(Map<String, Object> attributes, String name, String text) {
        if (!text.isEmpty()) attributes.put(name, text);
    }

    /** What another program told. */
    private static CloudEvent told(BusEvent event, Map<String, Object> notes) {
        var attributes = new LinkedHashMap<>(notes);
        var keptAs = attributes.remove(KEPT_AS);
        attributes.put(WEFT_ID, event.id());
        if (NONE.equals(keptAs)) return new CloudEvent(attributes, Optional.empty());
        var data = event.data();
        if (TEXT.equals(keptAs)) data = Json.read(data, String.class).getBytes(UTF_8);
        if (BASE64.equals(keptAs)) data = Base64.getDecoder().decode(Json.read(data, String.class));
        return new CloudEvent(attributes, Optional.of(data));
    }
}
