/** Processes: start, watch, restart, scale, stop, logs. */
@org.jspecify.annotations.NullMarked
module dev.weft.supervisor {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires dev.weft.json;

    exports dev.weft.supervisor;
}
