/** The types everything hangs on: service, filter, context; needs the JDK only. */
@org.jspecify.annotations.NullMarked
module dev.weft.core {
    requires static org.jspecify;

    uses dev.weft.core.Discovery.Provider;

    exports dev.weft.core;
    exports dev.weft.core.client;
    exports dev.weft.core.policy;
}
