/**
 * What a process tells of itself.
 *
 * <p>{@link dev.weft.telemetry.OtlpSpans} is a {@link dev.weft.core.Span.Sink} that sends finished
 * spans to a collector as OTLP over HTTP: the hub, or any other that understands the protocol. It
 * takes the client of whatever transport the service uses already, so it costs a service no second
 * HTTP client.
 *
 * <p>{@link dev.weft.telemetry.MetricsPage} answers Prometheus with what a {@link
 * dev.weft.core.MemoryMeter} holds; {@link dev.weft.telemetry.JvmMetrics} adds the process itself.
 * {@link dev.weft.telemetry.Logging} makes the log lines of people or of machines, with the trace.
 */
package dev.weft.telemetry;
