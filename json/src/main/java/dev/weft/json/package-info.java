/**
 * Records and sealed types to JSON and back, in one standard way with nothing to configure.
 *
 * <p>{@link dev.weft.json.Json} is all that others see. Behind it, Jackson's streaming parser and
 * generator read and write tokens; a small codec per type binds them. Codecs are found once per
 * class by reflection and kept with the class, so that a class loader can go.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.json;
