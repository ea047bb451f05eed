/** The embedded defaults behind one port: registry, bus, telemetry store, admin API. */
@org.jspecify.annotations.NullMarked
module dev.weft.hub {
    requires static org.jspecify;
    requires dev.weft.contracts;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires transitive dev.weft.http;
    requires transitive dev.weft.json;
    requires dev.weft.telemetry;

    exports dev.weft.hub;

    opens dev.weft.hub to
            dev.weft.json;
}
