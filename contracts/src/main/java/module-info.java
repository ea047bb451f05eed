/** What services promise each other, compared with what they promised before, and as OpenAPI and AsyncAPI. */
@org.jspecify.annotations.NullMarked
module dev.weft.contracts {
    requires static org.jspecify;
    requires dev.weft.core;
    requires dev.weft.json;

    exports dev.weft.contracts;
}
