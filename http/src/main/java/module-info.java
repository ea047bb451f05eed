/** HTTP server and client on Helidon SE, endpoints as values, problems. */
@org.jspecify.annotations.NullMarked
module dev.weft.http {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.json;
    requires io.helidon.common.buffers;
    requires io.helidon.common.concurrency.limits;
    requires io.helidon.common.features;
    requires io.helidon.common.features.api;
    requires io.helidon.common.socket;
    requires io.helidon.common.task;
    requires io.helidon.http;
    requires io.helidon.http.encoding;
    requires io.helidon.http.media;
    requires io.helidon.webserver;
    requires java.logging;

    exports dev.weft.http;
}
