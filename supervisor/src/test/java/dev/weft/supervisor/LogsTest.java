package dev.weft.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogsTest {

    @TempDir Path folder;

    private static List<String> texts(List<Logs.Line> lines) {
        return lines.stream().map(line -> line.service() + ":" + line.text()).toList();
    }

    @Test
    void lines_of_all_services_are_merged_in_the_order_they_came() throws Exception {
        try (var logs = new Logs(folder, SystemTime.INSTANCE)) {
            logs.add("a", "a-1", "one");
            logs.add("b", "b-1", "two");
            logs.add("a", "a-1", "three");
            assertThat(texts(logs.last("", 10))).containsExactly("a:one", "b:two", "a:three");
            assertThat(texts(logs.last("", 2))).containsExactly("b:two", "a:three");
            assertThat(texts(logs.last("a", 10))).containsExactly("a:one", "a:three");
        }
        assertThat(folder.resolve("a.log")).content().contains(" one\n").contains(" three\n");
        assertThat(folder.resolve("b.log")).content().endsWith(" two\n");
    }

    @Test
    void a_line_of_json_stands_in_the_file_as_it_is() throws Exception {
        try (var logs = new Logs(folder, SystemTime.INSTANCE)) {
            logs.add("a", "a-1", "{\"message\":\"one\"}");
        }
        assertThat(folder.resolve("a.log")).content().isEqualTo("{\"message\":\"one\"}\n");
    }

    @Test
    void memory_keeps_the_last_lines_only() throws Exception {
        try (var logs = new Logs(folder, SystemTime.INSTANCE)) {
            for (int i = 0; i < Logs.MAX_LINES + 5; i++) logs.add("a", "", "line " + i);
            assertThat(logs.last("a", Integer.MAX_VALUE)).hasSize(Logs.MAX_LINES);
            assertThat(logs.last("a", Integer.MAX_VALUE).getFirst().text()).isEqualTo("line 5");
        }
    }

    @Test
    void a_follower_sees_what_is_there_and_what_comes() throws Exception {
        try (var logs = new Logs(folder, SystemTime.INSTANCE)) {
            logs.add("a", "", "before");
            try (var follower = logs.follow("a", 10)) {
                logs.add("b", "", "not mine");
                logs.add("a", "", "after");
                assertThat(follower.next(Duration.ZERO).orElseThrow().text()).isEqualTo("before");
                assertThat(follower.next(Duration.ZERO).orElseThrow().text()).isEqualTo("after");
                assertThat(follower.next(Duration.ZERO)).isEmpty();
            }
        }
    }

    @Test
    void a_slow_follower_is_told_how_much_it_lost() throws Exception {
        try (var logs = new Logs(folder, SystemTime.INSTANCE);
                var follower = logs.follow("", 0)) {
            for (int i = 0; i < 20_007; i++) logs.add("a", "", "line " + i);
            assertThat(follower.next(Duration.ZERO).orElseThrow().text())
                    .isEqualTo("7 lines left out: too slow");
            assertThat(follower.next(Duration.ZERO).orElseThrow().text()).isEqualTo("line 7");
        }
    }

    @Test
    void a_full_file_is_set_aside_and_old_ones_go() throws Exception {
        try (var logs = new Logs(folder, 1_000, SystemTime.INSTANCE)) {
            for (int i = 0; i < 100; i++) logs.add("a", "", "a line of text, number " + i);
        }
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("a.log", "a.log.1", "a.log.2");
        }
        assertThat(Files.size(folder.resolve("a.log"))).isLessThanOrEqualTo(1_000);
        assertThat(folder.resolve("a.log")).content().endsWith("number 99\n");
    }

    private static List<String> lines(String text, int maxBytes) throws Exception {
        var reader =
                new LineReader(
                        new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), maxBytes);
        var lines = new ArrayList<String>();
        for (var line = reader.next(); line != null; line = reader.next()) lines.add(line);
        return lines;
    }

    @Test
    void lines_end_by_newline_with_or_without_carriage_return() throws Exception {
        assertThat(lines("one\r\n\ntwo\nthree", 100)).containsExactly("one", "", "two", "three");
    }

    @Test
    void a_long_line_comes_in_pieces() throws Exception {
        assertThat(lines("abcdefgh\nij\n", 4)).containsExactly("abcd", "efgh", "ij");
        assertThat(lines("abcdefghi\nj", 4)).containsExactly("abcd", "efgh", "i", "j");
    }
}
