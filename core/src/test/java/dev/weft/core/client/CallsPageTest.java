package dev.weft.core.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The page on calls says what the code does. */
class CallsPageTest {

    private static final String BEGIN = "<!-- numbers: begin -->\n";
    private static final String END = "<!-- numbers: end -->";

    @Test
    void the_page_has_every_number_with_its_default() throws Exception {
        var page = Files.readString(Path.of("..", "docs", "calls.md"));
        var table = page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END));
        assertEquals(expected(), table, "docs/calls.md has to have this table:\n" + expected());
    }

    private static String expected() {
        var table = new StringBuilder("| number | default | meaning |\n|---|---|---|\n");
        for (var setting : Setting.ALL)
            table.append(
                    "| `%s` | %s | %s |\n"
                            .formatted(
                                    setting.name(),
                                    ClientOptions.DEFAULT.text(setting),
                                    setting.meaning()));
        return table.toString();
    }
}
