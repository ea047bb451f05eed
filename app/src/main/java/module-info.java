/** App: what a service is made of; configuration from the environment; main. */
@org.jspecify.annotations.NullMarked
module dev.weft.app {
    requires static org.jspecify;
    // So that a service's one import, "import module dev.weft.app", brings List and Optional too.
    requires transitive java.base;
    requires dev.weft.contracts;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires transitive dev.weft.http;
    requires transitive dev.weft.json;
    requires dev.weft.telemetry;

    exports dev.weft.app;
    exports dev.weft.app.hub;

    opens dev.weft.app to
            dev.weft.json;
    opens dev.weft.app.hub to
            dev.weft.json;
}
