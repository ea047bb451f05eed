/** The embedded defaults behind one port: registry, bus, telemetry store, admin API. */
package dev.weft.hub;
