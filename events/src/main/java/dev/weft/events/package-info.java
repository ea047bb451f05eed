/** Events, stores, deciders, projections, subscriptions and the bus, each with its in-memory implementation. */
package dev.weft.events;
