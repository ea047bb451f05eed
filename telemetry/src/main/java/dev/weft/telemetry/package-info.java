/** Traces, metrics and logs of core and events into OpenTelemetry. */
package dev.weft.telemetry;
