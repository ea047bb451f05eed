package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OpenFilesTest {

    @Test
    void what_is_open_counts_against_the_limit() {
        assertThat(OpenFiles.left(limits("1024                 524288"), 24)).isEqualTo(1000);
        assertThat(OpenFiles.left(limits("100                  100"), 101)).isZero();
    }

    @Test
    void no_limit_or_none_that_is_known_is_without_end() {
        assertThat(OpenFiles.left(limits("unlimited            unlimited"), 24))
                .isEqualTo(Integer.MAX_VALUE);
        assertThat(OpenFiles.left(List.of(), 24)).isEqualTo(Integer.MAX_VALUE);
    }

    private static List<String> limits(String columns) {
        return List.of(
                "Limit                     Soft Limit           Hard Limit           Units",
                "Max processes             31503                31503                processes",
                "Max open files            " + columns + "                files");
    }
}
