package dev.weft.gateway;

import java.nio.file.Path;

/**
 * Where a gateway speaks HTTPS, beside its plain port.
 *
 * @param host the address that it binds to
 * @param port 0 for any free one
 * @param certificate a PEM file: the gateway's own first, then each one's issuer
 * @param key its private key, PKCS#8 as PEM without a password
 */
public record Tls(String host, int port, Path certificate, Path key) {}
