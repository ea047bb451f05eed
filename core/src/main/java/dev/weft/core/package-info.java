/**
 * What everything in Weft hangs on.
 *
 * <p>A service is a function, {@link dev.weft.core.Service}; what is done around it is a {@link
 * dev.weft.core.Filter}; who asks, and until when, is the {@link dev.weft.core.Context}. A {@link
 * dev.weft.core.Transport} carries a {@link dev.weft.core.Request} to {@link
 * dev.weft.core.Routes} and a {@link dev.weft.core.Response} back. A {@link
 * dev.weft.core.Registry} and a {@link dev.weft.core.Resolver} know where services run. What goes
 * wrong is a {@link dev.weft.core.Failure}; what is refused says why in a {@link
 * dev.weft.core.Refusal}. Clocks, chance and threads come from {@link dev.weft.core.Time}.
 */
package dev.weft.core;
