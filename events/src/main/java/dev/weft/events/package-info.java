/**
 * Events that are never lost.
 *
 * <p>A service decides by a {@link dev.weft.events.Decider} and keeps what happened in its {@link
 * dev.weft.events.EventStore}. {@link dev.weft.events.Projection}s keep tables of it, a {@link
 * dev.weft.events.Publication} tells others over the {@link dev.weft.events.Bus}, {@link
 * dev.weft.events.Listener}s take what others tell. A {@link dev.weft.events.Storage} holds log and
 * tables of one service.
 */
package dev.weft.events;
