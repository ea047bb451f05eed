package dev.weft.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weft.core.Failure;
import dev.weft.core.ServerOptions;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.Setting;
import dev.weft.core.policy.Mode;
import dev.weft.events.MasterKeys;
import dev.weft.json.Json;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a service process is told from outside, by environment variables; each has a default with
 * which the service runs alone.
 *
 * @param instance {@code WEFT_INSTANCE}: this instance's id, new with each start
 * @param host {@code WEFT_HOST}: where to listen
 * @param port {@code WEFT_PORT}: 0 takes a free one
 * @param registry {@code WEFT_REGISTRY}: {@code hub+http://host:port}, or what {@link
 *     dev.weft.core.Discovery} opens
 * @param bus {@code WEFT_BUS}: {@code hub+http://host:port}
 * @param store {@code WEFT_STORE}: {@code sqlite:FILE}, {@code memory:} or {@code postgresql://…}
 * @param master {@code WEFT_MASTER_KEYS}, or the file that {@code WEFT_MASTER_KEYS_FILE} names; see {@link MasterKeys}
 * @param traces {@code OTEL_EXPORTER_OTLP_ENDPOINT}: where spans go, by OTLP over HTTP
 * @param tracesPerSecond {@code WEFT_TRACES_PER_SECOND}: how many new traces are recorded
 * @param maxBodyBytes {@code WEFT_MAX_BODY_BYTES}: of a request, from 0 to 1 GiB
 * @param maxTimeout {@code WEFT_MAX_TIMEOUT}: the latest deadline that a request may name, to an hour
 * @param limit {@code WEFT_LIMIT}: whether the concurrency limit is {@code on}, {@code dark} or
 *     {@code off}
 * @param token {@code WEFT_TOKEN}: shown to the hub, and asked of those who ask about the service
 * @param calls {@code WEFT_CALLS}: JSON of the numbers of calls, as {@code calls:} in a {@code
 *     service.yml}
 */
record Settings(
        String service,
        String instance,
        String host,
        int port,
        Optional<String> registry,
        Optional<URI> bus,
        String store,
        MasterKeys master,
        Optional<URI> traces,
        int tracesPerSecond,
        int maxBodyBytes,
        Duration maxTimeout,
        Mode limit,
        Optional<String> token,
        CallSettings calls) {

    static final int DEFAULT_PORT = 8080;
    static final int LARGEST_BODY_BYTES = 1 << 30;

    /** As late as any caller can be told to name one. */
    static final Duration MAX_TIMEOUT = Duration.ofHours(1);

    private static final String CALLS = "JSON such as {\"product\":{\"timeout\":\"2s\"}}";
    static final int DEFAULT_TRACES_PER_SECOND = 200;

    /**
     * Reads the variables.
     *
     * @param name the service's name in the code
     * @param otherwiseInstance the instance's id if the environment gives none
     */
    static Settings from(Map<String, String> environment, String name, String otherwiseInstance) {
        var read = new Reader(environment);
        var service = read.text("WEFT_SERVICE").orElse(name);
        return new Settings(
                service,
                read.text("WEFT_INSTANCE").orElse(otherwiseInstance),
                read.text("WEFT_HOST").orElse(ServerOptions.DEFAULT.host()),
                read.number("WEFT_PORT", DEFAULT_PORT, 0, 65535),
                read.text("WEFT_REGISTRY"),
                read.url("WEFT_BUS", "hub+http"),
                read.text("WEFT_STORE").orElse("sqlite:.weft/" + service + ".db"),
                MasterKeys.from(environment),
                read.url("OTEL_EXPORTER_OTLP_ENDPOINT", "http"),
                read.number("WEFT_TRACES_PER_SECOND", DEFAULT_TRACES_PER_SECOND, 0, 1_000_000),
                read.number(
                        "WEFT_MAX_BODY_BYTES",
                        (int) ServerOptions.DEFAULT.maxBodyBytes(),
                        0,
                        LARGEST_BODY_BYTES),
                read.timeout("WEFT_MAX_TIMEOUT", MAX_TIMEOUT),
                read.mode("WEFT_LIMIT"),
                read.text("WEFT_TOKEN"),
                read.calls("WEFT_CALLS"));
    }

    /** Reads one variable each; what it cannot use it names with the value and what is wanted. */
    private record Reader(Map<String, String> environment) {

        Optional<String> text(String name) {
            return Optional.ofNullable(environment.get(name)).filter(t -> !t.isBlank());
        }

        int number(String name, int otherwise, int least, int most) {
            var text = text(name);
            if (text.isEmpty()) return otherwise;
            try {
                int number = Integer.parseInt(text.get().trim());
                if (number >= least && number <= most) return number;
            } catch (NumberFormatException e) {
                throw wrong(name, text.get(), "a whole number from " + least + " to " + most);
            }
            throw wrong(name, text.get(), "a whole number from " + least + " to " + most);
        }

        Mode mode(String name) {
            return switch (text(name).orElse("on").trim()) {
                case "on" -> Mode.ON;
                case "dark" -> Mode.DARK;
                case "off" -> Mode.OFF;
                default -> throw wrong(name, text(name).orElse(""), "on, dark or off");
            };
        }

        Duration timeout(String name, Duration otherwise) {
            var text = text(name);
            if (text.isEmpty()) return otherwise;
            try {
                return Setting.TIMEOUT.reader().apply(text.get().trim());
            } catch (IllegalArgumentException e) {
                throw wrong(name, text.get(), Setting.TIMEOUT.wanted());
            }
        }

        Optional<URI> url(String name, String scheme) {
            var uri = text(name).map(text -> uri(name, text));
            if (uri.isPresent() && !scheme.equals(uri.get().getScheme()))
                throw wrong(name, uri.get().toString(), "a URL that begins with " + scheme + ":");
            return uri;
        }

        CallSettings calls(String name) {
            var text = text(name);
            if (text.isEmpty()) return CallSettings.NONE;
            var services = new LinkedHashMap<String, Map<?, ?>>();
            try {
                for (var each : Json.readMap(text.get().getBytes(UTF_8)).entrySet()) {
                    if (!(each.getValue() instanceof Map<?, ?> said))
                        throw wrong(name, text.get(), CALLS);
                    services.put(each.getKey(), said);
                }
            } catch (Failure.Malformed e) {
                throw wrong(name, text.get(), CALLS);
            }
            return CallSettings.read(services, text("WEFT_CALLS_FROM").orElse(name));
        }

        static URI uri(String name, String text) {
            try {
                return URI.create(text);
            } catch (IllegalArgumentException e) {
                throw wrong(name, text, "a URL");
            }
        }

        private static IllegalArgumentException wrong(String name, String value, String wanted) {
            return new IllegalArgumentException(
                    "the environment variable "
                            + name
                            + " is \""
                            + value
                            + "\"; it must be "
                            + wanted);
        }
    }
}
