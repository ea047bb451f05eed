/** Traces, metrics and logs of core and events into OpenTelemetry. */
@org.jspecify.annotations.NullMarked
module dev.weft.telemetry {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires io.opentelemetry.api;
    requires io.opentelemetry.exporter.otlp;
    requires io.opentelemetry.sdk;
    // The JDK sender is found by service loading and names no needs of its own.
    requires java.net.http;
}
