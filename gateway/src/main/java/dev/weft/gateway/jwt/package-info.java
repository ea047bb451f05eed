/**
 * Who a caller is, by JSON Web Tokens (RFC 7519): {@link dev.weft.gateway.jwt.Authentication} is the
 * filter; {@link dev.weft.gateway.jwt.Tokens} checks a token by the {@link
 * dev.weft.gateway.jwt.Keys} of its issuer, which {@link dev.weft.gateway.jwt.KeySource} keeps fresh.
 *
 * <p>Two ways to sign are taken, RS256 and ES256, by the JDK's own cryptography; how a token says it was
 * signed only chooses among keys that fit, never what a key is used for.
 */
package dev.weft.gateway.jwt;
