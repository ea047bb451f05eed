package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.DriverManager;
import org.junit.jupiter.api.Test;

class DriverTest {

    @Test
    void the_driver_is_found_by_its_url() throws Exception {
        try (var connection = DriverManager.getConnection("jdbc:sqlite::memory:");
                var rows = connection.createStatement().executeQuery("select sqlite_version()")) {
            assertThat(rows.next()).isTrue();
        }
    }
}
