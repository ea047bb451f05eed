package dev.weft.hub;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.events.Bus;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * CloudEvents 1.0 over HTTP, as the format for JSON and the binding for HTTP have it: one event as a JSON object (structured), many as
 * a JSON list (batched), one as headers beginning with {@code ce-} and its data as the body (binary).
 */
final class CloudEvents {

    static final String STRUCTURED = "application/cloudevents+json";
    static final String BATCHED = "application/cloudevents-batch+json";

    private static final String PREFIX = "ce-";
    private static final String DATA = "data";
    private static final String DATA_BASE64 = "data_base64";
    private static final String HEX = "0123456789ABCDEF";

    /** The members of a JSON event that are no attributes. */
    record Contents(Optional<RawJson> data, Optional<String> dataBase64) {}

    private CloudEvents() {}

    // In

    /** The events that a request brings, in whichever mode. */
    static List<CloudEvent> in(Request request) {
        var media = request.headers().mediaType();
        if (media.equals(STRUCTURED)) return List.of(structured(request.body().bytes()));
        if (media.equals(BATCHED)) return batch(request.body().bytes());
        if (request.headers().get(PREFIX + CloudEvent.SPEC_VERSION).isPresent())
            return List.of(binary(request.headers(), request.body().bytes()));
        throw Problem.of(
                        415,
                        "no-cloudevent",
                        "send an event as "
                                + STRUCTURED
                                + ", several as "
                                + BATCHED
                                + ", or one with its attributes as headers, of which ce-specversion"
                                + " is missing; this is \""
                                + media
                                + "\"")
                .failure();
    }

    private static List<CloudEvent> batch(byte[] json) {
        var events = Json.readList(json, RawJson.class);
        if (events.size() > Bus.MAX_BATCH)
            throw new Failure.TooLarge(
                    "a batch holds at most " + Bus.MAX_BATCH + " events, not " + events.size());
        return events.stream().map(event -> structured(event.utf8())).toList();
    }

    private static CloudEvent structured(byte[] json) {
        var attributes = new LinkedHashMap<String, Object>();
        Json.readMap(json)
                .forEach((name, value) -> {
                    if (value != null && !name.equals(DATA) && !name.equals(DATA_BASE64))
                        attributes.put(name, value);
                });
        var contents = Json.read(json, Contents.class);
        var type = attributes.getOrDefault(CloudEvent.CONTENT_TYPE, "").toString();
        return new CloudEvent(attributes, data(contents, type));
    }

    private static Optional<byte[]> data(Contents contents, String type) {
        if (contents.data.isPresent() && contents.dataBase64.isPresent())
            throw new Failure.Malformed("an event has data or data_base64, not both");
        if (contents.dataBase64.isPresent())
            return Optional.of(checked(base64(contents.dataBase64.get()), type));
        if (contents.data.isEmpty()) return Optional.empty();
        var json = contents.data.get().utf8();
        if (CloudEvent.isJson(type)) return Optional.of(json);
        if (json[0] == '"') return Optional.of(Json.read(json, String.class).getBytes(UTF_8));
        throw new Failure.Malformed(
                "data of the type " + type + " is a text, or stands in data_base64");
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw new Failure.Malformed("data_base64 is no Base64: " + e.getMessage());
        }
    }

    /** What is said to be JSON is. */
    private static byte[] checked(byte[] data, String type) {
        return CloudEvent.isJson(type) ? Json.read(data, RawJson.class).utf8() : data;
    }

    private static CloudEvent binary(Headers headers, byte[] body) {
        var attributes = new LinkedHashMap<String, Object>();
        headers.forEach((name, value) -> {
            var lower = name.toLowerCase(Locale.ROOT);
            if (lower.startsWith(PREFIX))
                attributes.put(lower.substring(PREFIX.length()), decoded(value));
        });
        var type = headers.get("Content-Type").orElse("");
        if (!type.isEmpty()) attributes.put(CloudEvent.CONTENT_TYPE, type);
        return new CloudEvent(
                attributes, body.length == 0 ? Optional.empty() : Optional.of(checked(body, type)));
    }

    // Out

    /** One event as a JSON object. */
    static Map<String, Object> object(CloudEvent event) {
        var object = new LinkedHashMap<>(event.attributes());
        if (event.data().isEmpty()) return object;
        var data = event.data().get();
        var type = event.text(CloudEvent.CONTENT_TYPE);
        if (CloudEvent.isJson(type)) object.put(DATA, new RawJson(data));
        else if (CloudEvent.isText(type)) object.put(DATA, new String(data, UTF_8));
        else object.put(DATA_BASE64, Base64.getEncoder().encodeToString(data));
        return object;
    }

    /** Several as an answer. */
    static Response batch(List<CloudEvent> events) {
        var list = events.stream().map(CloudEvents::object).toList();
        return Response.of(200).header("Content-Type", BATCHED).with(Body.of(Json.write(list)));
    }

    /** One as a request, its attributes in the body. */
    static Request structured(Request request, CloudEvent event) {
        return request.header("Content-Type", STRUCTURED).with(Body.of(Json.write(object(event))));
    }

    /** One as a request, its attributes in headers. */
    static Request binary(Request request, CloudEvent event) {
        var headers = request.headers();
        for (var attribute : event.attributes().entrySet())
            if (!attribute.getKey().equals(CloudEvent.CONTENT_TYPE))
                headers =
                        headers.set(
                                PREFIX + attribute.getKey(),
                                encoded(attribute.getValue().toString()));
        if (event.data().isEmpty()) return request.with(headers);
        var type = event.text(CloudEvent.CONTENT_TYPE);
        return request.with(headers.set("Content-Type", type.isEmpty() ? "application/json" : type))
                .with(Body.of(event.data().get()));
    }

    /** A header's value: blanks, quotes, percent signs and what is not ASCII as %XX of their UTF-8. */
    static String encoded(String text) {
        var encoded = new StringBuilder(text.length());
        for (byte b : text.getBytes(UTF_8)) {
            if (b > ' ' && b < 0x7f && b != '"' && b != '%') encoded.append((char) b);
            else encoded.append('%').append(HEX.charAt((b >> 4) & 15)).append(HEX.charAt(b & 15));
        }
        return encoded.toString();
    }

    /** What a header's value says. A percent sign that begins no %XX is itself. */
    static String decoded(String value) {
        var text = unquoted(value.strip()).getBytes(ISO_8859_1);
        var decoded = new ByteArrayOutputStream(text.length);
        for (int at = 0; at < text.length; at++) {
            int high = at + 2 < text.length ? Character.digit(text[at + 1], 16) : -1;
            int low = at + 2 < text.length ? Character.digit(text[at + 2], 16) : -1;
            if (text[at] == '%' && high >= 0 && low >= 0) {
                decoded.write(high << 4 | low);
                at += 2;
            } else {
                decoded.write(text[at]);
            }
        }
        return decoded.toString(UTF_8);
    }

    private static String unquoted(String value) {
        if (value.length() < 2 || !value.startsWith("\"") || !value.endsWith("\"")) return value;
        var inner = new StringBuilder();
        for (int at = 1; at < value.length() - 1; at++) {
            if (value.charAt(at) == '\\' && at + 1 < value.length() - 1) at++;
            inner.append(value.charAt(at));
        }
        return inner.toString();
    }
}
