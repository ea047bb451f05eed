/**
 * What a service is made of, and how it runs.
 *
 * <p>An {@link dev.weft.app.App} is a value: tables, projections, publications, listeners, routes.
 * {@link dev.weft.app.Weft#run} runs it in a process of its own, told by environment variables; the
 * {@link dev.weft.app.Weft} that its parts receive is the running service.
 */
package dev.weft.app;
