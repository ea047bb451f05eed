package dev.weft.cli;

import dev.weft.core.Method;
import dev.weft.core.Require;
import dev.weft.core.ServerOptions;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.gateway.Cors;
import dev.weft.gateway.Edge;
import dev.weft.gateway.GatewayOptions;
import dev.weft.gateway.Proxies;
import dev.weft.gateway.Streams;
import dev.weft.gateway.Subnet;
import dev.weft.gateway.Tls;
import dev.weft.gateway.jwt.JwtOptions;
import dev.weft.http.CertificateFiles;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What {@code gateway:} of a {@code weft.yml} says. The gateway's process is told the same as JSON, in
 * {@link #VARIABLE}; both are read here. All keys may be left out; what they mean to a user is in
 * {@code docs/gateway.md}.
 *
 * @param options with the defaults where nothing is said
 * @param said as it stands there, for the process
 */
record GatewaySettings(GatewayOptions options, Map<String, Object> said) {

    /** The variable of the gateway's process. */
    static final String VARIABLE = "WEFT_GATEWAY_OPTIONS";

    static final GatewaySettings DEFAULT = new GatewaySettings(GatewayOptions.DEFAULT, Map.of());

    private static final Pattern RATE = Pattern.compile("([0-9]{1,9}) ?/ ?([0-9]{1,6}) ?([smh])");
    private static final int SECURE_PORT = 8443;
    private static final int RATE_KEYS = 10_000;
    private static final long LARGEST_HEADER_BYTES = 1 << 20;
    private static final Duration LONGEST_REQUEST = Duration.ofHours(1);

    GatewaySettings {
        said = Map.copyOf(said);
    }

    /**
     * Reads the mapping, and looks whether the files are good that it names.
     *
     * @param folder where relative paths begin
     */
    static GatewaySettings read(Yaml yaml, Path folder) {
        yaml.only(
                "port",
                "host",
                "max_body",
                "max_headers",
                "timeout",
                "access_log",
                "proxies",
                "cors",
                "rate",
                "jwt",
                "tls",
                "streams");
        var options = GatewayOptions.DEFAULT;
        var defaults = options.server();
        var server =
                defaults.host(yaml.text("host").orElse(defaults.host()))
                        .port(yaml.number("port", defaults.port(), 1, 65_535))
                        .maxBodyBytes(
                                yaml.size("max_body", ServiceFile.LARGEST_BODY_BYTES)
                                        .orElse(defaults.maxBodyBytes()))
                        .maxHeaderBytes(
                                Math.toIntExact(
                                        yaml.size("max_headers", LARGEST_HEADER_BYTES)
                                                .orElse((long) defaults.maxHeaderBytes())));
        var longest = yaml.duration("timeout", options.longestRequest());
        if (!longest.isPositive() || longest.compareTo(LONGEST_REQUEST) > 0)
            throw yaml.wrong(
                    "timeout",
                    "timeout is at least 1ms and at most "
                            + LONGEST_REQUEST.toMinutes()
                            + "m, not "
                            + yaml.text("timeout").orElse(""));
        var edge =
                new Edge(
                        yaml.isOn("access_log"),
                        yaml.map("proxies").map(GatewaySettings::proxies).orElse(Proxies.NONE),
                        yaml.map("cors").map(GatewaySettings::cors),
                        yaml.map("rate").flatMap(it -> rate(it, "address")),
                        yaml.map("jwt").map(it -> jwt(it, folder)),
                        yaml.map("rate").flatMap(it -> rate(it, "caller")),
                        yaml.map("tls").map(it -> tls(it, server, folder)),
                        yaml.map("streams").map(GatewaySettings::streams).orElse(Streams.DEFAULT));
        return new GatewaySettings(
                options.server(server).longestRequest(longest).edge(edge), yaml.plain());
    }

    private static Proxies proxies(Yaml yaml) {
        yaml.only("addresses", "header");
        var addresses = new ArrayList<Subnet>();
        for (var text : yaml.texts("addresses"))
            addresses.add(checked(yaml, "addresses", () -> Subnet.parse(text)));
        if (addresses.isEmpty())
            throw yaml.wrong(
                    "addresses", "proxies wants addresses: [10.0.0.0/8], those that are believed");
        var header = yaml.text("header").orElse("X-Forwarded-For");
        return new Proxies(
                addresses,
                switch (header) {
                    case "X-Forwarded-For" -> Proxies.Header.X_FORWARDED_FOR;
                    case "Forwarded" -> Proxies.Header.FORWARDED;
                    default ->
                            throw yaml.wrong(
                                    "header",
                                    "header is X-Forwarded-For or Forwarded, the one that the"
                                            + " proxies set; not \""
                                            + header
                                            + "\"");
                });
    }

    private static Cors cors(Yaml yaml) {
        yaml.only("origins", "methods", "headers", "expose", "credentials", "max_age");
        var cors = checked(yaml, "origins", () -> Cors.of(yaml.texts("origins")));
        cors = set(yaml, "methods", cors, it -> it.methods(methods(yaml)));
        cors = set(yaml, "headers", cors, it -> it.headers(yaml.texts("headers")));
        cors = set(yaml, "expose", cors, it -> it.expose(yaml.texts("expose")));
        cors = set(yaml, "credentials", cors, it -> it.credentials(yaml.isOn("credentials")));
        return set(yaml, "max_age", cors, it -> it.maxAge(yaml.duration("max_age", Duration.ZERO)));
    }

    private static List<Method> methods(Yaml yaml) {
        var names = Stream.of(Method.values()).map(Method::name).toList();
        var methods = new ArrayList<Method>();
        for (var name : yaml.texts("methods")) {
            Require.that(names.contains(name), "there is no " + name + "; there are " + names);
            methods.add(Method.valueOf(name));
        }
        return methods;
    }

    private static JwtOptions jwt(Yaml yaml, Path folder) {
        yaml.only("keys", "issuer", "audience", "leeway", "open", "claims");
        var keys =
                yaml.text("keys")
                        .orElseThrow(() ->
                                yaml.wrong(
                                        "keys",
                                        "jwt wants keys: the file or URL of the issuer's"
                                                + " public keys (a JWK set)"));
        var issuer =
                yaml.text("issuer")
                        .orElseThrow(() ->
                                yaml.wrong(
                                        "issuer",
                                        "jwt wants an issuer:, what its tokens have as"
                                                + " \"iss\""));
        var jwt =
                checked(
                        yaml,
                        "audience",
                        () -> JwtOptions.of(URI.create("file:/"), issuer, yaml.texts("audience")));
        jwt = set(yaml, "keys", jwt, it -> it.keys(location(keys, folder)).requireKeys());
        jwt = set(yaml, "leeway", jwt, it -> it.leeway(yaml.duration("leeway", Duration.ZERO)));
        jwt = set(yaml, "open", jwt, it -> it.open(yaml.texts("open")));
        return set(yaml, "claims", jwt, it -> it.claims(yaml.texts("claims")));
    }

    private static Tls tls(Yaml yaml, ServerOptions plain, Path folder) {
        yaml.only("port", "host", "certificate", "key");
        int port = yaml.number("port", SECURE_PORT, 1, 65_535);
        if (port == plain.port())
            throw yaml.wrong(
                    "port",
                    "port: HTTPS wants a port of its own; "
                            + port
                            + " is the gateway's plain one already");
        var certificate = file(yaml, "certificate", "a PEM file with the certificate", folder);
        var key = file(yaml, "key", "a PEM file with its private key", folder);
        try {
            CertificateFiles.check(certificate, key);
        } catch (IllegalArgumentException e) {
            var at = String.valueOf(e.getMessage()).startsWith(key + ":") ? "key" : "certificate";
            throw yaml.wrong(at, at + ": " + e.getMessage());
        }
        return new Tls(yaml.text("host").orElse(plain.host()), port, certificate, key);
    }

    private static Streams streams(Yaml yaml) {
        yaml.only("idle");
        return set(
                yaml, "idle", Streams.DEFAULT, it -> it.idle(yaml.duration("idle", Duration.ZERO)));
    }

    private static Path file(Yaml yaml, String key, String what, Path folder) {
        var text =
                yaml.text(key).orElseThrow(() -> yaml.wrong(key, "tls wants " + key + ": " + what));
        return checked(yaml, key, () -> folder.resolve(text).normalize());
    }

    private static URI location(String text, Path folder) {
        return text.contains("://") ? URI.create(text) : folder.resolve(text).normalize().toUri();
    }

    private static Optional<RateLimit.Options> rate(Yaml yaml, String key) {
        yaml.only("address", "caller", "keys");
        int keys = yaml.number("keys", RATE_KEYS, 1, 1_000_000);
        return yaml.text(key)
                .map(text -> {
                    var parts = RATE.matcher(text);
                    if (!parts.matches())
                        throw yaml.wrong(
                                key,
                                key
                                        + " is a number of requests in a time, such as 100/1m or"
                                        + " 5/1s, not \""
                                        + text
                                        + "\"");
                    long number = Long.parseLong(parts.group(2));
                    var window =
                            switch (parts.group(3)) {
                                case "s" -> Duration.ofSeconds(number);
                                case "m" -> Duration.ofMinutes(number);
                                default -> Duration.ofHours(number);
                            };
                    int quota = Integer.parseInt(parts.group(1));
                    return checked(
                            yaml,
                            key,
                            () -> new RateLimit.Options(Mode.ON, key, quota, window, keys));
                });
    }

    /** The value with what the key says, if it is there. */
    private static <T> T set(Yaml yaml, String key, T value, UnaryOperator<T> change) {
        return yaml.has(key) ? checked(yaml, key, () -> change.apply(value)) : value;
    }

    /** What a constructor does not take is a complaint about the key's line. */
    private static <T> T checked(Yaml yaml, String key, Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            throw yaml.wrong(key, key + ": " + e.getMessage());
        }
    }

    /** Reads what the process was told; a relative path in it is one of the working folder. */
    static GatewaySettings ofVariable(String text) {
        return read(Yaml.parse(Path.of(VARIABLE), text), Path.of("").toAbsolutePath());
    }
}
