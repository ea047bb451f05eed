/** The weft command; composes hub, gateway, supervisor and console. */
@org.jspecify.annotations.NullMarked
module dev.weft.cli {
    requires static org.jspecify;
    requires dev.weft.app;
    requires dev.weft.contracts;
    requires dev.weft.core;
    requires dev.weft.events;
    requires dev.weft.gateway;
    requires dev.weft.http;
    requires dev.weft.hub;
    requires dev.weft.json;
    requires dev.weft.postgres;
    requires dev.weft.supervisor;
    requires dev.weft.telemetry;
    requires info.picocli;
    requires org.snakeyaml.engine;
    requires java.compiler;

    opens dev.weft.cli to
            info.picocli,
            dev.weft.json;
}
