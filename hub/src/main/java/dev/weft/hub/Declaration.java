package dev.weft.hub;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.Set;

/**
 * What is said of a subscription that is not made by a service's listener, as JSON: {@code PUT /bus/subscriptions/{name}}.
 *
 * @param types of events that it takes
 * @param from where a new one begins: {@value #OLDEST}, {@value #NOW}, a place in the log or a time; not kept
 * @param url where its events are delivered to, {@code http://…} or {@code service://…}; without it, consumers fetch them
 * @param format {@value #BINARY} or {@value #STRUCTURED}: how they are delivered
 * @param attempts after how many its keys are parked
 * @param timeoutMs how long a delivery may take
 */
record Declaration(
        Set<String> types,
        Optional<String> from,
        Optional<String> url,
        Optional<String> format,
        Optional<Integer> attempts,
        Optional<Long> timeoutMs) {

    static final String OLDEST = "oldest";
    static final String NOW = "now";

    /** The scheme of a URL whose host is a service: any of its instances that is ready. */
    static final String SERVICE = "service";

    static final String BINARY = "binary";
    static final String STRUCTURED = "structured";

    /** After how many attempts a key is parked, unless told otherwise: three minutes on average, six at most. */
    static final int ATTEMPTS = 20;

    static final int MAX_ATTEMPTS = 1_000;
    static final Duration TIMEOUT = Duration.ofSeconds(10);
    static final long MAX_TIMEOUT_MS = 300_000;

    Declaration {
        types = Set.copyOf(types);
        if (url.isPresent()) target(url.get());
        if (format.isPresent() && !Set.of(BINARY, STRUCTURED).contains(format.get()))
            throw new IllegalArgumentException(
                    "format is binary or structured, not \"" + format.get() + "\"");
        if (attempts.isPresent() && (attempts.get() < 1 || attempts.get() > MAX_ATTEMPTS))
            throw new IllegalArgumentException(
                    "attempts is a number from 1 to " + MAX_ATTEMPTS + ", not " + attempts.get());
        if (timeoutMs.isPresent() && (timeoutMs.get() < 1 || timeoutMs.get() > MAX_TIMEOUT_MS))
            throw new IllegalArgumentException(
                    "timeout_ms is a number from 1 to "
                            + MAX_TIMEOUT_MS
                            + ", not "
                            + timeoutMs.get());
    }

    /** Where deliveries go. */
    static URI target(String url) {
        try {
            var target = new URI(url);
            if (("http".equals(target.getScheme()) || SERVICE.equals(target.getScheme()))
                    && target.getHost() != null
                    && target.getUserInfo() == null) return target;
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("url is no URL: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(
                "url is such as http://host:8080/events or service://cart/events, not \""
                        + url
                        + "\"");
    }

    /** A time as it stands in {@link #from}. */
    static Instant time(String from) {
        try {
            return OffsetDateTime.parse(from).toInstant();
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "from is oldest, now, a place in the log such as 4711, or a time such as"
                            + " 2026-02-03T04:05:06Z, not \""
                            + from
                            + "\"",
                    e);
        }
    }

    Declaration withoutFrom() {
        return new Declaration(types, Optional.empty(), url, format, attempts, timeoutMs);
    }

    int mostAttempts() {
        return attempts.orElse(ATTEMPTS);
    }

    Duration timeout() {
        return timeoutMs.map(Duration::ofMillis).orElse(TIMEOUT);
    }

    boolean isStructured() {
        return format.filter(STRUCTURED::equals).isPresent();
    }
}
