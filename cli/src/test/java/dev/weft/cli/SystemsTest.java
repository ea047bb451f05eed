package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.SystemTime;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemsTest {

    @TempDir Path folder;

    private static RunningSystem system(long pid) {
        return new RunningSystem(
                "shop",
                "/shop",
                pid,
                "http://127.0.0.1:8090",
                "http://127.0.0.1:8080",
                "http://127.0.0.1:5000",
                "secret",
                SystemTime.INSTANCE.now(),
                true);
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
        var choice = new SystemChoice();
        choice.data = data;
        assertThat(choice.find(systems)).isEqualTo(mine);

        systems.remove(data, mine);
        assertThat(Systems.at(data)).isEmpty();
        assertThat(systems.all()).isEmpty();
        assertThatThrownBy(() -> choice.find(systems))
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("no system is running");
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
