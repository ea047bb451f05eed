/** The types everything hangs on: service, filter, context; needs the JDK only. */
@org.jspecify.annotations.NullMarked
module dev.weft.core {
    requires static org.jspecify;

    exports dev.weft.core;
    exports dev.weft.core.client;
    exports dev.weft.core.policy;
}
