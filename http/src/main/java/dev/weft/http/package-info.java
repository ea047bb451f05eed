/**
 * HTTP: operations as values, errors as problems, and the transport that carries both.
 *
 * <p>An {@link dev.weft.http.Endpoint} is a method, a path and two types; server and client share it.
 * {@link dev.weft.http.Problems} is the one place where failures become answers and answers become
 * failures. {@link dev.weft.http.ServerTrace} and {@link dev.weft.http.ClientTrace} carry the context
 * over the wire. {@link dev.weft.http.HttpTransport} is the server, on Helidon, and the client, our
 * own; nothing of either shows.
 */
@org.jspecify.annotations.NullMarked
package dev.weft.http;
