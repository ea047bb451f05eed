/** What a process tells of itself: spans and metrics by OTLP, metrics for Prometheus, logs. */
@org.jspecify.annotations.NullMarked
module dev.weft.telemetry {
    requires static org.jspecify;
    requires java.logging;
    requires java.management;
    requires jdk.management;
    requires transitive dev.weft.core;
    requires dev.weft.json;

    exports dev.weft.telemetry;
}
