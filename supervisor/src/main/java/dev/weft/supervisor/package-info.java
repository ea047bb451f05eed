/** Processes: start, watch, restart, scale, stop, logs. */
package dev.weft.supervisor;
