/**
 * The embedded defaults of a system on one machine, behind one port.
 *
 * <p>{@link dev.weft.hub.Hub} puts them together: the bus ({@link dev.weft.hub.BusLog}, durable in a
 * database), the registry (leases in memory), the trace store (OTLP in, bounded, in memory), and the
 * admin API over all of it, with the supervisor behind it for what concerns processes. {@link
 * dev.weft.hub.HubMain} is the process. The words on the wire are in {@code docs/how-it-works.md};
 * services speak them through {@code dev.weft.app.hub}.
 *
 * <p>It serves one machine and is one process: who needs more uses a broker and a registry that are
 * distributed, through their adaptors.
 */
package dev.weft.hub;
