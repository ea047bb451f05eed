/**
 * Spans out of the process.
 *
 * <p>{@link dev.weft.telemetry.OtlpSpans} is a {@link dev.weft.core.Span.Sink} that sends finished
 * spans to a collector as OTLP over HTTP: the hub, or any other that understands the protocol. It
 * takes the client of whatever transport the service uses already, so it costs a service no second
 * HTTP client.
 */
package dev.weft.telemetry;
