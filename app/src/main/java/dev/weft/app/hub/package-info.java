/**
 * A service's side of the hub: {@link dev.weft.app.hub.HubBus} is its bus, {@link
 * dev.weft.app.hub.HubRegistry} its registry and resolver, over any transport.
 *
 * <p>Both live through the hub's absence: they go on trying, every {@code 25 ms} at first, and tell
 * in the log when the hub has been away for a while and when it is back. At rest each costs one
 * request that waits at the hub for something new.
 */
package dev.weft.app.hub;
