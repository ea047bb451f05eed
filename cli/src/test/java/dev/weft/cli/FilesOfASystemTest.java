package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.client.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
    }

    @Test
    void a_wrong_size_of_bodies_is_named_with_its_line() throws Exception {
        write("weft.yml", "");
        write("cart/service.yml", "max_body: many");
        assertThat(complaint())
                .isEqualTo(
                        "/cart/service.yml:1: max_body is a size such as 512k or 20m, not \"many\"");
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
        assertThat(Dev.withoutEffect(SystemFile.read(folder)))
                .containsExactly(
                        folder.resolve("cart/service.yml")
                                + ": no effect with --together, which has one process for all:"
                                + " environment:, memory:");
    }
}
