/**
 * The client of a service: the policies of {@link dev.weft.core.policy} around a call, as data.
 *
 * <p>{@link dev.weft.core.client.ClientOptions} are the numbers, each with where it came from. {@link
 * dev.weft.core.client.Clients} makes of them one {@link dev.weft.core.client.ClientStack} for each service that is
 * called, whose layers stand in the order of {@link dev.weft.core.client.Role} and can be printed.
 */
package dev.weft.core.client;
