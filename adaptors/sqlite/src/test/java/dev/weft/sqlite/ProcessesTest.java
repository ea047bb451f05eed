package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several processes on one file, and processes that are killed. */
@Timeout(120)
class ProcessesTest {

    @TempDir Path folder;

    @Test
    void two_processes_write_one_log() throws Exception {
        try (var storage = Sqlite.open(file(), SystemTime.INSTANCE);
                var other = WritingProcess.start(file(), "theirs", 4, 100)) {
            var store = storage.events();
            assertThat(store.awaitBeyond(0, Duration.ofSeconds(60))).isPositive();
            for (int i = 0; i < 100; i++) append(store, "ours-1");
            var theirs = other.lines();
            assertThat(theirs).hasSize(400);
            assertThat(other.exitCode()).isZero();
            assertWhole(storage, theirs);
            assertThat(store.head()).isEqualTo(500);
            assertThat(store.stream("ours-1", 0, 1_000)).hasSize(100);
        }
    }

    @Test
    void what_a_killed_process_was_told_is_there() throws Exception {
        long seed = Long.getLong("weft.test.seed", SystemTime.INSTANCE.random().nextLong());
        System.out.println("seed " + seed + " (repeat with -Dweft.test.seed=" + seed + ")");
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        var told = new ArrayList<String>();
        for (int round = 0; round < 3; round++) {
            try (var victim = WritingProcess.start(file(), "round" + round, 8, Integer.MAX_VALUE)) {
                int lines = 50 + random.nextInt(500);
                for (int i = 0; i < lines; i++) told.add(victim.line());
                victim.kill();
                told.addAll(victim.lines());
            }
            assertThat(told).doesNotContain("");
            // Killing may cut the last line; what is not whole was not told.
            if (told.getLast().split(" ", -1).length != 3) told.removeLast();
            try (var storage = Sqlite.open(file(), SystemTime.INSTANCE)) {
                assertWhole(storage, told);
                append(storage.events(), "ours-1");
            }
        }
    }

    private static void assertWhole(Storage storage, List<String> told) {
        var store = storage.events();
        var log = new ArrayList<StoredEvent>();
        for (var part = store.log(0, 1_000); !part.isEmpty(); part = store.log(log.size(), 1_000))
            log.addAll(part);
        assertThat(log)
                .extracting(StoredEvent::position)
                .containsExactlyElementsOf(LongStream.rangeClosed(1, log.size()).boxed().toList());
        for (var line : told) {
            var words = line.split(" ", -1);
            var event = log.get(Integer.parseInt(words[2]) - 1);
            assertThat(event.stream() + " " + event.version()).isEqualTo(words[0] + " " + words[1]);
        }
        for (var stream : log.stream().map(StoredEvent::stream).distinct().toList()) {
            var positions =
                    log.stream()
                            .filter(event -> event.stream().equals(stream))
                            .map(StoredEvent::position)
                            .toList();
            if (!stream.startsWith("ours"))
                assertThat(store.log(EventQuery.ALL.tagged("of:" + stream), 0, 100_000))
                        .extracting(StoredEvent::position)
                        .isEqualTo(positions);
            if (stream.endsWith("-tx"))
                assertThat(
                                storage.database()
                                        .first(
                                                "select count(*) as n from told where stream = ?",
                                                row -> row.number("n"),
                                                stream))
                        .contains((long) positions.size());
        }
    }

    private Path file() {
        return folder.resolve("log.db");
    }

    private static void append(EventStore store, String stream) throws InterruptedException {
        store.append(
                List.of(
                        new Append(
                                stream,
                                EventStore.ANY_VERSION,
                                List.of(new NewEvent("a", new byte[] {'1'})))),
                Origin.NONE);
    }
}
