/** Contract suites, fakes, virtual time, stub server and tapes. */
@org.jspecify.annotations.NullMarked
module dev.weft.testkit {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.events;
    requires transitive dev.weft.http;
    requires transitive dev.weft.json;
    requires transitive org.assertj.core;
    requires transitive org.junit.jupiter.api;
    requires org.junit.platform.engine;
    requires java.logging;
    requires org.junit.platform.launcher;

    exports dev.weft.testkit;
    exports dev.weft.testkit.faults;
    exports dev.weft.testkit.fuzz;
    exports dev.weft.testkit.simulation;
}
