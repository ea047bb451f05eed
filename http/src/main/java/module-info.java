/** HTTP server and client on Helidon SE, endpoints as values, problems. */
@org.jspecify.annotations.NullMarked
module dev.weft.http {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.json;
    requires io.helidon.webserver;
}
