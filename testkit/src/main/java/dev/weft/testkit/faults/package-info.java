/**
 * Faults of a real network, for tests with real sockets.
 *
 * <p>A {@link dev.weft.testkit.faults.FaultProxy} stands before a server; what it does to the bytes of each direction are
 * {@link dev.weft.testkit.faults.Faults}, which a test changes while calls are under way.
 */
package dev.weft.testkit.faults;
