/**
 * What services promise each other.
 *
 * <p>A running service tells its {@link dev.weft.contracts.Contract}: what it answers, publishes, listens to and calls, with
 * JSON schemas. Of contracts come two documents, {@link dev.weft.contracts.OpenApi} and {@link dev.weft.contracts.AsyncApi}, and,
 * against those that were recorded, {@link dev.weft.contracts.Comparison#changes changes}: what they would break, and for whom.
 * Everything here is pure.
 */
package dev.weft.contracts;
