package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeSqliteTest {

    @TempDir Path home;

    @Test
    void the_driver_is_told_of_the_library_only_when_it_was_unpacked() throws Exception {
        assertThat(NativeSqlite.properties(Optional.of(home))).isEmpty();
        assertThat(NativeSqlite.unpack(home)).isTrue();
        assertThat(NativeSqlite.unpack(home)).as("once more").isTrue();
        var properties = NativeSqlite.properties(Optional.of(home));
        var folder = Path.of(properties.get("org.sqlite.lib.path"));
        assertThat(folder.resolve(properties.get("org.sqlite.lib.name")))
                .isRegularFile()
                .isNotEmptyFile();
        assertThat(folder.toFile().list()).hasSize(1);
    }
}
