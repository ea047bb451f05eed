/** Spans of core out of the process, in the protocol that every collector takes: OTLP over HTTP. */
@org.jspecify.annotations.NullMarked
module dev.weft.telemetry {
    requires static org.jspecify;
    requires transitive dev.weft.core;

    exports dev.weft.telemetry;
}
