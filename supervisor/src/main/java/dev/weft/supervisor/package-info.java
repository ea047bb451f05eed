/**
 * Processes: start, watch, restart, replace, stop, and what they print.
 *
 * <p>A {@link dev.weft.supervisor.ProcessSpec} says what to run and how to know that it is ready
 * ({@link dev.weft.supervisor.Readiness}); a {@link dev.weft.supervisor.Supervisor} keeps it
 * running until it is stopped. What all processes print goes to {@link dev.weft.supervisor.Logs}.
 * {@link dev.weft.supervisor.Control} shows and steers all of this over HTTP. Nothing here knows of
 * compiling, of files of settings or of the hub.
 */
package dev.weft.supervisor;
