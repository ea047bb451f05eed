package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchingTest {

    @TempDir Path folder;
    private final LinkedBlockingQueue<Set<Path>> told = new LinkedBlockingQueue<>();
    private Watching watching;

    @BeforeEach
    void watch() throws Exception {
        Files.createDirectories(folder.resolve("src/deep"));
        Files.createDirectories(folder.resolve("target"));
        watching = new Watching(List.of(folder), Sources::skipped, told::add, SystemTime.INSTANCE);
    }

    @AfterEach
    void close() {
        watching.close();
    }

    /** Everything told until this path is among it. */
    private Set<Path> until(Path path) throws Exception {
        var all = new HashSet<Path>();
        while (!all.contains(path)) {
            var some = told.poll(20, TimeUnit.SECONDS);
            assertThat(some).as("told of " + path + " after " + all).isNotNull();
            all.addAll(some);
        }
        return all;
    }

    /** A computer that is busy for a moment may tear them apart, but not each time. */
    @Test
    void changes_close_together_are_told_once() throws Exception {
        for (int round = 0; round < 10; round++) {
            var one = Files.writeString(folder.resolve("src/A" + round + ".java"), "1");
            Files.writeString(one, "2");
            var other = Files.writeString(folder.resolve("src/deep/B" + round + ".java"), "1");
            var both = Set.of(one, other);
            var first = told.poll(20, TimeUnit.SECONDS);
            if (both.equals(first)) return;
            assertThat(first).as("a first change").isNotNull();
            for (var path : both) if (!first.contains(path)) until(path);
        }
        throw new AssertionError("they were told one by one, ten times");
    }

    @Test
    void files_in_new_folders_are_seen_and_deleted_files_too() throws Exception {
        Files.createDirectories(folder.resolve("src/new/deeper"));
        var file = Files.writeString(folder.resolve("src/new/deeper/C.java"), "1");
        until(file);
        Files.delete(file);
        until(file);
    }

    @Test
    void outputs_are_not_looked_at() throws Exception {
        var output = Files.writeString(folder.resolve("target/A.class"), "1");
        var source = Files.writeString(folder.resolve("src/A.java"), "1");
        assertThat(until(source)).doesNotContain(output);
    }
}
