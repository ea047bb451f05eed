package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Instance;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallsCheckTest {

    private static final List<Instance> GREETER =
            List.of(
                    new Instance(
                            "greeter",
                            "greeter-1",
                            URI.create("http://127.0.0.1:1"),
                            Instance.State.READY,
                            List.of("GET /greetings/{name}", "POST /greetings")));

    @TempDir Path folder;

    private List<String> warnings(String calls) throws IOException {
        var front = Files.createDirectories(folder.resolve("front"));
        Files.writeString(front.resolve("service.yml"), calls);
        return CallsCheck.warnings(
                        ServiceFile.read(front), Set.of("front", "greeter", "silent"), GREETER)
                .stream()
                .map(it -> it.replace(folder.toString(), ""))
                .toList();
    }

    @Test
    void a_service_that_is_not_there_is_told_with_its_line_and_the_nearest_name() throws Exception {
        assertThat(
                        warnings(
                                """
                                memory: 128m
                                calls:
                                  greeter: {timeout: 1s}
                                  gretter:
                                    timeout: 2s
                                  "*": {timeout: 3s}
                                """))
                .containsExactly(
                        "/front/service.yml:4: calls: there is no service gretter; did you mean"
                                + " greeter?; this has no effect");
    }

    @Test
    void an_operation_that_no_route_serves_is_told_whatever_its_variables_are_called()
            throws Exception {
        assertThat(
                        warnings(
                                """
                                calls:
                                  greeter:
                                    GET /greetings/{who}: {timeout: 1s}
                                    HEAD /greetings/{who}: {timeout: 1s}
                                    GET /greetings/ann: {timeout: 1s}
                                    GET /greeting/{name}:
                                      timeout: 2s
                                    DELETE /greetings: {timeout: 1s}
                                """))
                .containsExactly(
                        "/front/service.yml:6: calls: greeter has no GET /greeting/{name}; did you"
                                + " mean GET /greetings/{name}?; this has no effect",
                        "/front/service.yml:8: calls: greeter has no DELETE /greetings; did you"
                                + " mean POST /greetings?; this has no effect");
    }

    @Test
    void nothing_is_said_of_operations_of_a_service_whose_routes_are_not_known() throws Exception {
        assertThat(warnings("calls: {silent: {GET /x: {timeout: 1s}}}")).isEmpty();
    }

    @Test
    void a_try_that_never_ends_before_its_call_is_told_where_it_is_said() throws Exception {
        assertThat(
                        warnings(
                                """
                                calls:
                                  "*":
                                    try.timeout: 2s
                                    timeout: 4s
                                  greeter:
                                    timeout: 1s
                                  front: {try.timeout: 20s}
                                """))
                .containsExactly(
                        "/front/service.yml:7: calls: a try of calls of front may take 20s"
                                + " (front/service.yml) and the whole call 4s (front/service.yml), so"
                                + " try.timeout never ends one; make it shorter than timeout",
                        "/front/service.yml:6: calls: a try of calls of greeter may take 2s"
                                + " (front/service.yml) and the whole call 1s (front/service.yml), so"
                                + " try.timeout never ends one; make it shorter than timeout");
    }
}
