package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RebuildingTest {

    @TempDir Path folder;

    private boolean concerns(Path path) {
        var service = SystemFile.read(folder).services().getFirst();
        return Rebuilding.concerns(service, service.sources(), path);
    }

    @Test
    void java_files_and_folders_whose_files_are_not_known_matter_and_notes_do_not()
            throws Exception {
        Files.writeString(folder.resolve(SystemFile.NAME), "name: shop\n");
        var cart = Files.createDirectories(folder.resolve("cart"));
        Files.createDirectory(cart.resolve("deep"));
        var other = Files.createDirectories(folder.resolve("other"));
        Files.writeString(cart.resolve(ServiceFile.NAME), "");
        assertThat(concerns(cart.resolve("Cart.java"))).isTrue();
        assertThat(concerns(cart.resolve(ServiceFile.NAME))).isTrue();
        assertThat(concerns(cart)).isTrue();
        assertThat(concerns(cart.resolve("deep"))).isTrue();
        assertThat(concerns(cart.resolve("notes.txt"))).isFalse();
        assertThat(concerns(cart.resolve("target/classes/Cart.java"))).isFalse();
        assertThat(concerns(other)).isFalse();
        assertThat(concerns(other.resolve("Other.java"))).isFalse();
    }

    @Test
    void what_a_build_makes_does_not_start_the_next_one() throws Exception {
        Files.writeString(folder.resolve(SystemFile.NAME), "");
        var tool = Files.createDirectories(folder.resolve("tool"));
        Files.writeString(
                tool.resolve(ServiceFile.NAME), "build: {command: make, jar: made/tool.jar}");
        assertThat(concerns(tool.resolve("notes.txt"))).isTrue();
        assertThat(concerns(tool.resolve("made/tool.jar"))).isFalse();
        // A folder that was removed cannot be told from a file.
        assertThat(concerns(tool.resolve("out"))).isFalse();
        assertThat(concerns(tool.resolve("__pycache__/server.pyc"))).isFalse();
    }
}
