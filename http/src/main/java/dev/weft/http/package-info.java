/** HTTP server and client on Helidon SE, endpoints as values, problems. */
package dev.weft.http;
