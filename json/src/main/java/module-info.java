/** The codec for records and sealed types, on Jackson. */
@org.jspecify.annotations.NullMarked
module dev.weft.json {
    requires static org.jspecify;
    requires transitive dev.weft.core;
    requires tools.jackson.core;

    exports dev.weft.json;
}
