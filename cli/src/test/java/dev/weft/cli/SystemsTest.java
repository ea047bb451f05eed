package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SystemsTest {

    @TempDir Path folder;

    private static RunningSystem system(long pid) {
        return system("shop", Path.of("/shop"), 8090, pid);
    }

    private static RunningSystem running(String name, Path folder, int port) {
        return system(name, folder, port, ProcessHandle.current().pid());
    }

    private static RunningSystem system(String name, Path folder, int port, long pid) {
        return new RunningSystem(
                name,
                folder.toString(),
                pid,
                "http://127.0.0.1:" + port,
                "http://127.0.0.1:8080",
                Optional.of("https://127.0.0.1:8443"),
                "http://127.0.0.1:5000",
                "secret",
                SystemTime.INSTANCE.now(),
                true,
                List.of("careful"));
    }

    @Test
    void a_running_system_is_found_by_its_data_and_by_its_port_until_it_is_removed()
            throws Exception {
        var systems = new Systems(folder.resolve("systems"));
        var data = folder.resolve("data");
        var mine = system(ProcessHandle.current().pid());
        systems.write(data, mine);
        assertThat(Systems.at(data)).contains(mine);
        assertThat(systems.byAdmin(java.net.URI.create("http://localhost:8090"))).contains(mine);
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(data.resolve("system.json"))))
                .isEqualTo("rw-------");
        var choice = new SystemChoice(systems, folder, Map.of());
        choice.data = data;
        assertThat(choice.find()).isEqualTo(mine);

        systems.remove(data, mine);
        assertThat(Systems.at(data)).isEmpty();
        assertThat(systems.all()).isEmpty();
        assertThatThrownBy(() -> choice.find())
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("no system is running");
    }

    @Test
    void what_changes_a_system_never_takes_one_that_nothing_names() throws Exception {
        var systems = new Systems(folder.resolve("systems"));
        var other = running("shop", folder.resolve("b"), 8090);
        systems.write(folder.resolve("b/.weft"), other);
        var own = Files.createDirectories(folder.resolve("a"));
        Files.createFile(own.resolve("weft.yml"));
        assertThatThrownBy(new SystemChoice(systems, own, Map.of())::findToChange)
                .isInstanceOf(CommandFailed.class)
                .hasMessage(
                        "no system is running in "
                                + own
                                + "; running: shop in "
                                + folder.resolve("b"));
        assertThatThrownBy(new SystemChoice(systems, folder, Map.of())::findToChange)
                .isInstanceOf(CommandFailed.class)
                .hasMessageStartingWith("say which system with -C DIR; running: shop in");
        assertThat(new SystemChoice(systems, own, Map.of()).find()).isEqualTo(other);
        var environment = Map.of("WEFT_ADMIN", "http://127.0.0.1:8090");
        assertThat(new SystemChoice(systems, own, environment).findToChange()).isEqualTo(other);
    }

    @Test
    void a_system_is_found_from_within_its_folder_wherever_its_data_lie() throws Exception {
        var systems = new Systems(folder.resolve("systems"));
        var own = folder.resolve("a");
        Files.createDirectories(own.resolve("service"));
        Files.createFile(own.resolve("weft.yml"));
        systems.write(folder.resolve("b/.weft"), running("b", folder.resolve("b"), 8090));
        var mine = running("a", own, 8091);
        systems.write(folder.resolve("elsewhere"), mine);
        var within = new SystemChoice(systems, own.resolve("service"), Map.of());
        assertThat(within.findToChange()).isEqualTo(mine);
        var named = new SystemArgument(systems, folder, Map.of());
        CommandLine.populateCommand(named, "a");
        assertThat(named.findToChange()).isEqualTo(mine);
        systems.write(folder.resolve("twice"), running("a", own, 8092));
        assertThatThrownBy(named::find)
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("runs 2 times");
    }

    @Test
    void a_program_is_told_of_the_system_that_its_file_belongs_to() throws Exception {
        var systems = new Systems(folder.resolve("systems"));
        var own = Files.createDirectories(folder.resolve("a"));
        Files.createFile(own.resolve("weft.yml"));
        var mine = running("a", own, 8091);
        systems.write(own.resolve(".weft"), mine);
        var choice = new SystemChoice(systems, folder, Map.of());
        assertThat(choice.around(Path.of("a/Replay.java"))).contains(mine);
        assertThat(choice.around(Path.of("Replay.java"))).isEmpty();
        var said = Map.of("WEFT_GATEWAY", "http://elsewhere");
        assertThat(new SystemChoice(systems, folder, said).around(Path.of("a/Replay.java")))
                .isEmpty();
        var environment = new HashMap<>(Map.of("WEFT_TOKEN", "mine"));
        mine.tell(environment);
        assertThat(environment)
                .isEqualTo(
                        Map.of(
                                "WEFT_GATEWAY", mine.gateway(),
                                "WEFT_ADMIN", mine.admin(),
                                "WEFT_TOKEN", "mine"));
    }

    @Test
    void what_a_killed_supervisor_left_behind_does_not_count() throws Exception {
        var ended = new ProcessBuilder("true").start();
        ended.waitFor();
        var systems = new Systems(folder.resolve("systems"));
        systems.write(folder, system(ended.pid()));
        assertThat(Systems.at(folder)).isEmpty();
        assertThat(systems.all()).isEmpty();
    }

    @Test
    void a_data_folder_is_held_by_one_supervisor() throws Exception {
        var data = folder.resolve("data");
        try (var held = DataFolder.hold(data)) {
            assertThat(held.path()).isEqualTo(data);
            assertThatThrownBy(() -> DataFolder.hold(data))
                    .isInstanceOf(CommandFailed.class)
                    .hasMessageContaining("another supervisor")
                    .hasMessageContaining(data.toString());
        }
        DataFolder.hold(data).close();
    }

    @Test
    void a_data_folder_is_free_again_when_its_holder_was_killed() throws Exception {
        var data = folder.resolve("data");
        var ready = folder.resolve("ready");
        var holder =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-cp",
                                System.getProperty("java.class.path")
                                        + File.pathSeparator
                                        + System.getProperty("jdk.module.path", ""),
                                Holder.class.getName(),
                                data.toString(),
                                ready.toString())
                        .inheritIO()
                        .start();
        while (!Files.exists(ready)) {
            assertThat(holder.isAlive()).isTrue();
            SystemTime.INSTANCE.sleep(Duration.ofMillis(5));
        }
        assertThatThrownBy(() -> DataFolder.hold(data)).isInstanceOf(CommandFailed.class);
        holder.destroyForcibly().waitFor();
        DataFolder.hold(data).close();
    }

    /** Holds a data folder until it is killed. */
    static final class Holder {
        public static void main(String... args) throws Exception {
            try (var held = DataFolder.hold(Path.of(args[0]))) {
                Files.createFile(Path.of(args[1]));
                System.in.read();
                Runtime.getRuntime().halt(held.path().toString().isEmpty() ? 1 : 0);
            }
        }
    }
}
