/** Edge routing and its filters. */
@org.jspecify.annotations.NullMarked
module dev.weft.gateway {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.http;
    requires dev.weft.json;
    requires java.net.http;

    exports dev.weft.gateway;
    exports dev.weft.gateway.jwt;

    opens dev.weft.gateway to
            dev.weft.json;
}
