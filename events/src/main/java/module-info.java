/** Events, stores, deciders, projections, subscriptions and the bus, each with its in-memory implementation. */
@org.jspecify.annotations.NullMarked
module dev.weft.events {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires transitive dev.weft.json;

    exports dev.weft.events;

    uses dev.weft.events.Storage.Provider;
}
