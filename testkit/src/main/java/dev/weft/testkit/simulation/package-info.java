/**
 * Whole systems in virtual time: many clients and servers, faults that come and go, and pictures of what became of it.
 *
 * <p>A {@link dev.weft.testkit.simulation.Simulation} is the time of everything in it. What is simulated is the real
 * code; only clocks, chance and threads are others.
 */
package dev.weft.testkit.simulation;
