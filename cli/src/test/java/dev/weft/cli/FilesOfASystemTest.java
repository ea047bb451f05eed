package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Method;
import dev.weft.core.client.Setting;
import dev.weft.core.policy.Mode;
import dev.weft.core.policy.RateLimit;
import dev.weft.gateway.Cors;
import dev.weft.gateway.Proxies;
import dev.weft.gateway.Streams;
import dev.weft.gateway.Subnet;
import dev.weft.gateway.Tls;
import dev.weft.gateway.jwt.JwtOptions;
import dev.weft.json.Json;
import dev.weft.testkit.TestCertificate;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code weft.yml} and {@code service.yml}. */
class FilesOfASystemTest {

    @TempDir Path folder;

    private Path write(String file, String text) throws IOException {
        var path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }

    private String complaint() {
        var message = new String[1];
        assertThatThrownBy(() -> SystemFile.read(folder))
                .isInstanceOf(CommandFailed.class)
                .satisfies(e -> message[0] = ((CommandFailed) e).text());
        return message[0].replace(folder.toString(), "");
    }

    @Test
    void empty_files_are_a_system_of_all_folders_with_a_service_file() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "");
        write("product/service.yml", "");
        write("notes/readme.txt", "");
        var system = SystemFile.read(folder);
        assertThat(system.services())
                .extracting(ServiceFile::name)
                .containsExactly("cart", "product");
        assertThat(system.gatewayPort()).isEqualTo(8080);
        assertThat(system.hubPort()).isEqualTo(8090);
        assertThat(system.services().getFirst().memory()).isEqualTo("256m");
        assertThat(system.services().getFirst().readyTimeout()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void a_port_stands_under_the_name_of_its_part() throws Exception {
        write("weft.yml", "name: shop\ngateway: 9220\n");
        write("a/service.yml", "");
        assertThat(complaint()).isEqualTo("/weft.yml:2: wanted gateway: {port: 9220}");
    }

    @Test
    void every_key_is_read() throws Exception {
        write(
                "weft.yml",
                "name: shop\nservices: [a]\ngateway:\n  port: 18080\nhub: {port: 18090}\n");
        write(
                "a/service.yml",
                """
                name: greeter
                run:
                  command: python3 server.py
                routes:
                  - GET /greetings/{name}
                health: /health
                environment: {LEVEL: debug, COUNT: 3}
                instances: 2
                memory: 1g
                max_body: 20m
                max_timeout: 5m
                ready_timeout: 500ms
                calls:
                  product:
                    timeout: 2s
                    GET /products/{id}: {hedge: off}
                """);
        write("b/service.yml", "");
        var system = SystemFile.read(folder);
        assertThat(system.name()).isEqualTo("shop");
        assertThat(system.gatewayPort()).isEqualTo(18080);
        assertThat(system.hubPort()).isEqualTo(18090);
        var calls = system.services().getFirst().calls();
        assertThat(calls.of("product").text(Setting.TIMEOUT)).isEqualTo("2s");
        assertThat(calls.of("product").source(Setting.TIMEOUT)).isEqualTo("a/service.yml");
        assertThat(calls.operations("product").getFirst().options().text(Setting.HEDGE))
                .isEqualTo("off");
        var greeter = system.services().getFirst();
        assertThat(greeter.maxBodyBytes()).hasValue(20L << 20);
        assertThat(greeter.maxTimeout()).contains(Duration.ofMinutes(5));
        assertThat(system.services()).hasSize(1);
        assertThat(greeter.name()).isEqualTo("greeter");
        assertThat(greeter.command()).containsExactly("sh", "-c", "python3 server.py");
        assertThat(greeter.routes()).containsExactly("GET /greetings/{name}");
        assertThat(greeter.health()).contains("/health");
        assertThat(greeter.environment())
                .containsEntry("LEVEL", "debug")
                .containsEntry("COUNT", "3");
        assertThat(greeter.instances()).isEqualTo(2);
        assertThat(greeter.readyTimeout()).isEqualTo(Duration.ofMillis(500));
    }

    @Test
    void profiles_say_what_differs() throws Exception {
        write("a/service.yml", "");
        write(
                "weft.yml",
                """
                profiles:
                  staging:
                    store: postgres
                    environment: {LEVEL: debug}
                  quiet: {environment: {LEVEL: error}}
                """);
        var system = SystemFile.read(folder);
        assertThat(system.profile("sqlite")).isEqualTo(Profile.DEFAULT);
        assertThat(system.profile("postgres").store()).isEqualTo(Profile.Store.POSTGRES);
        assertThat(system.profile("staging"))
                .isEqualTo(
                        new Profile("staging", Profile.Store.POSTGRES, Map.of("LEVEL", "debug")));
        assertThat(system.profile("quiet").store()).isEqualTo(Profile.Store.SQLITE);
        assertThatThrownBy(() -> system.profile("stagin"))
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("did you mean \"staging\"?")
                .hasMessageContaining("(known: sqlite, postgres, staging, quiet;");
        assertThat(Dev.withoutEffect(system, system.profile("quiet")))
                .singleElement()
                .asString()
                .contains("environment: of the profile quiet");
        assertThat(Dev.withoutEffect(system, Profile.DEFAULT)).isEmpty();
    }

    @Test
    void a_profile_that_makes_no_sense_is_named() throws Exception {
        write("a/service.yml", "");
        write("weft.yml", "profiles:\n  staging: {store: mysql}\n");
        assertThat(complaint())
                .startsWith("/weft.yml:2: store is sqlite or postgres, not \"mysql\"")
                .contains("WEFT_POSTGRES");
        write("weft.yml", "profiles:\n  postgres: {store: sqlite}\n");
        assertThat(complaint())
                .startsWith("/weft.yml:2: the profile \"postgres\" is there in every");
        write("weft.yml", "profiles: staging\n");
        assertThat(complaint())
                .isEqualTo("/weft.yml:1: wanted profiles: {NAME: {store: postgres}}");
        write("weft.yml", "profiles:\n  staging: {stores: sqlite}\n");
        assertThat(complaint()).contains("did you mean \"store\"?");
    }

    @Test
    void a_folder_without_weft_yml_is_told_what_is_missing() {
        assertThat(complaint()).contains("there is no weft.yml").contains("service.yml");
    }

    @Test
    void an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() throws Exception {
        write("weft.yml", "name: shop\n");
        write("cart/service.yml", "name: cart\n\ninstancs: 2\n");
        assertThat(complaint())
                .startsWith(
                        "/cart/service.yml:3: unknown key \"instancs\"; did you mean \"instances\"?");
    }

    @Test
    void a_wrong_number_of_calls_is_named_with_its_line() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "calls:\n  product:\n    timeout: 2s\n    retry.attempts: 20\n");
        assertThat(complaint())
                .isEqualTo(
                        "/cart/service.yml:4: retry.attempts is \"20\", it must be a whole number"
                                + " from 1 to 10");
        write("cart/service.yml", "calls:\n  product:\n    GET products: {hedge: off}\n");
        assertThat(complaint()).startsWith("/cart/service.yml:3: an operation is a method and a");
        write("cart/service.yml", "calls:\n  product:\n    GET /products: {breaker: off}\n");
        assertThat(complaint())
                .startsWith("/cart/service.yml:3: breaker cannot be said of GET /products alone");
    }

    @Test
    void a_wrong_size_of_bodies_is_named_with_its_line() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "max_body: many");
        assertThat(complaint())
                .isEqualTo(
                        "/cart/service.yml:1: max_body is a size such as 512k or 20m, not \"many\"");
        write("cart/service.yml", "max_timeout: 2h");
        assertThat(complaint())
                .isEqualTo(
                        "/cart/service.yml:1: max_timeout is a time such as 250ms, 10s or 2m, from"
                                + " 1ms to 1h, not \"2h\"");
        write("cart/service.yml", "max_body: 1025m");
        assertThat(complaint()).contains("at most 1024m");
    }

    @Test
    void a_wrong_value_is_named_with_its_line() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "name: cart\ninstances: many\n");
        assertThat(complaint())
                .isEqualTo(
                        "/cart/service.yml:2: instances is a whole number from 1 to 32, not"
                                + " \"many\"");
        write("cart/service.yml", "ready_timeout: soon\n");
        assertThat(complaint())
                .startsWith("/cart/service.yml:1: ready_timeout is a time such as 30s");
        write("cart/service.yml", "name: Cart\n");
        assertThat(complaint()).startsWith("/cart/service.yml:1: a service is named with");
        write("cart/service.yml", "name: hub\n");
        assertThat(complaint()).startsWith("/cart/service.yml:1: \"hub\" is a name of Weft's own");
        write("cart/service.yml", "memory: lots\n");
        assertThat(complaint()).startsWith("/cart/service.yml:1: memory is a size");
        write("cart/service.yml", "dependencies:\n  - junit\n");
        assertThat(complaint())
                .startsWith("/cart/service.yml:2: a dependency is group:artifact:version");
        write("cart/service.yml", "run: {command: x}\nroutes:\n  - FETCH /x\n");
        assertThat(complaint()).startsWith("/cart/service.yml:3: a route is a method and a path");
        write("cart/service.yml", "sources:\n  - ../nowhere\n");
        assertThat(complaint()).startsWith("/cart/service.yml:2: there is no /nowhere");
    }

    @Test
    void broken_yaml_is_named_with_its_line() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "name: cart\nenvironment: {A: 1\n");
        assertThat(complaint()).startsWith("/cart/service.yml:3: no valid YAML");
        write("cart/service.yml", "- cart\n");
        assertThat(complaint()).startsWith("/cart/service.yml:1: wanted \"key: value\" lines");
        write("cart/service.yml", "name: a\nname: b\n");
        assertThat(complaint())
                .startsWith("/cart/service.yml:2: the key \"name\" stands here twice");
    }

    @Test
    void two_services_of_one_name_are_told() throws Exception {
        write("weft.yml", "");
        write("a/service.yml", "name: x\n");
        write("b/service.yml", "name: x\n");
        assertThat(complaint()).isEqualTo("/b/service.yml: /a/service.yml has the same name, x");
    }

    @Test
    void a_listed_service_that_is_not_there_is_told_with_its_line() throws Exception {
        write("weft.yml", "name: x\nservices:\n  - a\n");
        assertThat(complaint()).startsWith("/weft.yml:3: the service \"a\" has no /a/service.yml");
    }

    @Test
    void what_has_no_effect_in_one_process_is_told() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "memory: 64m\nenvironment: {LEVEL: debug}\n");
        write("other/service.yml", "run: {command: ./server}\nenvironment: {LEVEL: debug}\n");
        write("product/service.yml", "instances: 2\n");
        assertThat(Dev.withoutEffect(SystemFile.read(folder), Profile.DEFAULT))
                .containsExactly(
                        folder.resolve("cart/service.yml")
                                + ": no effect with --together, which has one process for all:"
                                + " environment:, memory:");
    }

    @Test
    void what_the_gateway_does_at_its_door_is_read_and_told_to_its_process() throws Exception {
        write("a/service.yml", "");
        write(
                "weft.yml",
                """
                gateway:
                  port: 18080
                  host: 0.0.0.0
                  max_body: 20m
                  max_headers: 32k
                  timeout: 30s
                  access_log: on
                  proxies: {addresses: [10.0.0.0/8, "::1"], header: Forwarded}
                  cors:
                    origins: [https://shop.example]
                    methods: [GET, POST]
                    headers: [Content-Type]
                    expose: []
                    credentials: true
                    max_age: 1m
                  rate: {address: 100/1m, caller: 5/1s, keys: 50}
                  streams: {idle: 90s}
                """);
        var read = SystemFile.read(folder).gateway();
        for (var settings : List.of(read, GatewaySettings.ofVariable(Json.text(read.said())))) {
            var options = settings.options();
            assertThat(options.server().host()).isEqualTo("0.0.0.0");
            assertThat(options.server().port()).isEqualTo(18080);
            assertThat(options.server().maxBodyBytes()).isEqualTo(20 << 20);
            assertThat(options.server().maxHeaderBytes()).isEqualTo(32 << 10);
            assertThat(options.longestRequest()).isEqualTo(Duration.ofSeconds(30));
            var edge = options.edge();
            assertThat(edge.accessLog()).isTrue();
            assertThat(edge.proxies())
                    .isEqualTo(
                            new Proxies(
                                    List.of(Subnet.parse("10.0.0.0/8"), Subnet.parse("::1")),
                                    Proxies.Header.FORWARDED));
            assertThat(edge.cors())
                    .contains(
                            Cors.of(List.of("https://shop.example"))
                                    .methods(List.of(Method.GET, Method.POST))
                                    .headers(List.of("Content-Type"))
                                    .expose(List.of())
                                    .credentials(true)
                                    .maxAge(Duration.ofMinutes(1)));
            assertThat(edge.streams()).isEqualTo(new Streams(Duration.ofSeconds(90)));
            assertThat(edge.ratePerAddress())
                    .contains(
                            new RateLimit.Options(
                                    Mode.ON, "address", 100, Duration.ofMinutes(1), 50));
            assertThat(edge.ratePerCaller())
                    .contains(
                            new RateLimit.Options(Mode.ON, "caller", 5, Duration.ofSeconds(1), 50));
        }
    }

    @Test
    void the_keys_of_an_issuer_are_a_file_beside_weft_yml_or_a_url() throws Exception {
        write("a/service.yml", "");
        var number = "A".repeat(43);
        var key = Map.of("kty", "EC", "crv", "P-256", "x", number, "y", number);
        var keys = write("keys/issuer.json", Json.text(Map.of("keys", List.of(key))));
        var jwt =
                """
                gateway:
                  jwt:
                    keys: %s
                    issuer: https://issuer.example
                    audience: [shop, till]
                    leeway: 5s
                    open:
                      - GET /products/{id}
                      - /login
                    claims: email
                """;
        write("weft.yml", jwt.formatted("keys/issuer.json"));
        var expected =
                JwtOptions.of(keys.toUri(), "https://issuer.example", List.of("shop", "till"))
                        .leeway(Duration.ofSeconds(5))
                        .open(List.of("GET /products/{id}", "/login"))
                        .claims(List.of("email"));
        assertThat(SystemFile.read(folder).gateway().options().edge().jwt()).contains(expected);
        write("weft.yml", jwt.formatted("https://issuer.example/keys"));
        assertThat(SystemFile.read(folder).gateway().options().edge().jwt())
                .contains(expected.keys(URI.create("https://issuer.example/keys")));
        write("weft.yml", jwt.formatted("nothing.json"));
        assertThat(complaint())
                .isEqualTo("/weft.yml:3: keys: /nothing.json: there is no such file");
        Files.writeString(keys, "{}");
        write("weft.yml", jwt.formatted("keys/issuer.json"));
        assertThat(complaint())
                .startsWith("/weft.yml:3: keys: /keys/issuer.json: this is no JWK set");
    }

    @Test
    void the_certificate_of_the_gateway_is_read_and_what_is_wrong_with_it_is_told()
            throws Exception {
        write("a/service.yml", "");
        var made = TestCertificate.ec(folder.resolve("tls"));
        var yaml =
                """
                gateway:
                  host: 0.0.0.0
                  tls:
                    certificate: %s
                    key: %s
                """;
        write("weft.yml", yaml.formatted("tls/cert.pem", "tls/key.pem"));
        var expected = new Tls("0.0.0.0", 8443, made.chain(), made.key());
        assertThat(SystemFile.read(folder).gateway().options().edge().tls()).contains(expected);
        write(
                "weft.yml",
                yaml.formatted("tls/cert.pem", "tls/key.pem\n    port: 443\n    host: 10.0.0.7"));
        assertThat(SystemFile.read(folder).gateway().options().edge().tls())
                .contains(new Tls("10.0.0.7", 443, made.chain(), made.key()));
        write("weft.yml", yaml.formatted("tls/none.pem", "tls/key.pem"));
        assertThat(complaint())
                .isEqualTo("/weft.yml:4: certificate: /tls/none.pem: there is no such file");
        write("weft.yml", yaml.formatted("tls/cert.pem", "tls/cert.pem"));
        assertThat(complaint())
                .startsWith("/weft.yml:5: key: /tls/cert.pem:1: this is a certificate; wanted");
        write("weft.yml", yaml.formatted("tls/cert.pem", "tls/key.pem\n    port: 8080"));
        assertThat(complaint()).startsWith("/weft.yml:6: port: HTTPS wants a port of its own");
    }

    @Test
    void what_the_gateway_cannot_do_is_told_with_file_line_and_key() throws Exception {
        write("a/service.yml", "");
        var wrong =
                Map.ofEntries(
                        Map.entry("rates: {}", "unknown key \"rates\"; did you mean \"rate\"?"),
                        Map.entry("max_headers: 2m", "max_headers is at most 1m, not 2m"),
                        Map.entry("timeout: 0s", "timeout is at least 1ms and at most 60m, not 0s"),
                        Map.entry("access_log: yes", "access_log is on or off, not \"yes\""),
                        Map.entry("proxies: {}", "proxies wants addresses: [10.0.0.0/8]"),
                        Map.entry(
                                "proxies: {addresses: localhost}",
                                "addresses: an address is one such as 10.0.0.7, 10.0.0.0/8"),
                        Map.entry(
                                "proxies: {addresses: 10.0.0.1, header: Via}",
                                "header is X-Forwarded-For or Forwarded"),
                        Map.entry("cors: {}", "origins: there is no origin"),
                        Map.entry(
                                "cors: {origins: [https://a.example/x]}",
                                "origins: an origin is one such as https://shop.example"),
                        Map.entry(
                                "cors: {origins: '*', credentials: on}",
                                "credentials: with credentials the origins have to be named"),
                        Map.entry(
                                "cors: {origins: '*', methods: [FETCH]}",
                                "methods: there is no FETCH; there are [GET"),
                        Map.entry(
                                "cors: {origins: '*', max_age: 2000m}",
                                "max_age: a browser may keep"),
                        Map.entry(
                                "rate: {address: 100}",
                                "address is a number of requests in a time, such as 100/1m"),
                        Map.entry(
                                "streams: {idle: 10m}",
                                "idle: a body may be silent for 1s to 5m, not PT10M"),
                        Map.entry("tls: {}", "tls wants certificate: a PEM file"),
                        Map.entry("jwt: {}", "jwt wants keys: the file or URL"),
                        Map.entry("jwt: {keys: 'http://k'}", "jwt wants an issuer:"),
                        Map.entry(
                                "jwt: {keys: 'http://k', issuer: i}",
                                "audience: there is no audience"),
                        Map.entry(
                                "jwt: {keys: 'ftp://k', issuer: i, audience: a}",
                                "keys: the keys are a file or an http or https URL"),
                        Map.entry(
                                "jwt: {keys: 'http://k', issuer: i, audience: a, open: [x]}",
                                "open: a path begins with"),
                        Map.entry(
                                "rate: {caller: 7/9999h}",
                                "caller: the window of a rate limit is"));
        for (var each : wrong.entrySet()) {
            write("weft.yml", "gateway:\n  port: 18080\n  " + each.getKey() + "\n");
            assertThat(complaint()).startsWith("/weft.yml:3: ").contains(each.getValue());
        }
        assertThatThrownBy(() -> GatewaySettings.ofVariable("{\"access_log\":\"maybe\"}"))
                .isInstanceOf(CommandFailed.class)
                .hasMessage("WEFT_GATEWAY_OPTIONS:1: access_log is on or off, not \"maybe\"");
    }
}
