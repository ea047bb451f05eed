package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.contracts.Contract;
import dev.weft.core.Body;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.SystemTime;
import dev.weft.http.HttpTransport;
import dev.weft.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the services of a system that runs tell of themselves; the hub is not real. */
class DefinitionsTest {

    @TempDir Path folder;

    private final HttpTransport transport = new HttpTransport();
    private final List<Contract> told = new ArrayList<>();

    @BeforeEach
    void run() throws Exception {
        Files.writeString(folder.resolve("weft.yml"), "");
        service("cart", "");
        service("product", "");
        service("site", "run: {command: serve}");
        var hub =
                transport.serve(
                        Routes.of(
                                Route.get(
                                        "/admin/contracts",
                                        request -> Response.of(200).with(answer()))),
                        ServerOptions.DEFAULT);
        new Systems(folder.resolve("systems"))
                .write(
                        folder.resolve(LocalSystem.DATA),
                        new RunningSystem(
                                "shop",
                                folder.toString(),
                                ProcessHandle.current().pid(),
                                hub.address().toString(),
                                "",
                                Optional.empty(),
                                "",
                                "secret",
                                SystemTime.INSTANCE.now(),
                                true,
                                List.of()));
    }

    @AfterEach
    void close() {
        transport.close();
    }

    private void service(String name, String text) throws Exception {
        Files.createDirectories(folder.resolve(name));
        Files.writeString(folder.resolve(name).resolve("service.yml"), text);
    }

    private Body answer() {
        return Body.of(Json.write(new Definitions.Told(told, List.of())));
    }

    private void tells(String... services) {
        told.clear();
        Arrays.stream(services)
                .map(service ->
                        new Contract(service, List.of(), List.of(), List.of(), List.of(), Map.of()))
                .forEach(told::add);
    }

    private Definitions definitions() {
        return Definitions.of(
                new SystemChoice(new Systems(folder.resolve("systems")), folder, Map.of()));
    }

    @Test
    void are_those_of_all_services_of_weft() {
        tells("cart", "product");
        assertThat(definitions().services())
                .extracting(Contract::service)
                .containsExactly("cart", "product");
    }

    @Test
    void are_not_told_without_a_service_that_is_down_so_that_its_promises_stay_recorded() {
        tells("cart");
        assertThatThrownBy(this::definitions)
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("no instance of product tells");
    }

    @Test
    void are_not_told_without_another_program_that_was_recorded_once() {
        tells("cart", "product", "site");
        new RecordedContracts(folder).write(definitions().services());
        tells("cart", "product");
        assertThatThrownBy(this::definitions)
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("no instance of site tells");
    }
}
