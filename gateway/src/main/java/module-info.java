/** Edge routing and its filters. */
@org.jspecify.annotations.NullMarked
module dev.weft.gateway {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.http;
    requires dev.weft.json;

    exports dev.weft.gateway;

    opens dev.weft.gateway to
            dev.weft.json;
}
