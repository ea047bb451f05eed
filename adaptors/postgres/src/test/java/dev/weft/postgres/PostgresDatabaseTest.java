package dev.weft.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is said of a database, and of a folder with data, before anything is kept there. */
@Timeout(60)
class PostgresDatabaseTest {

    private static void sql(String... statements) throws InterruptedException {
        try (var storage =
                Storage.open(TestServer.url(TestServer.freshSchema()), SystemTime.INSTANCE)) {
            for (var statement : statements) storage.database().write(sql -> sql.update(statement));
        }
    }

    /** The test server's database as somebody else sees it. */
    private static PostgresDatabase as(String user, String password) {
        return PostgresDatabase.of(
                TestServer.database("")
                        .replaceFirst("//[^@]*@", "//" + user + ":" + password + "@"));
    }

    @Test
    void its_text_and_complaints_have_no_password() {
        var url = "postgresql://weft:secret@db.example.org:6543/shop?sslmode=require";
        var database = PostgresDatabase.of(url);
        assertThat(database).hasToString("postgresql://db.example.org:6543/shop");
        assertThat(database.schema("cart")).isEqualTo(url + "&schema=cart");
        for (var wrong :
                List.of(
                        url + "&schema=cart",
                        "mysql://weft:secret@db/shop",
                        "weft:secret@db/shop",
                        "host=db user=weft password=secret",
                        "postgresql://weft:secret@a b/shop"))
            assertThatThrownBy(() -> PostgresDatabase.of(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageNotContaining("secret");
    }

    @Test
    void who_may_make_schemas_may_use_all() {
        assertThat(PostgresDatabase.of(TestServer.database("")).answers()).isTrue();
        PostgresDatabase.of(TestServer.database("")).requireUsable(List.of("any", "other"));
    }

    @Test
    void who_may_not_is_told_what_to_grant() throws Exception {
        sql(
                "create role guest login password 'guest-1'",
                "create schema open_to_guest",
                "grant usage, create on schema open_to_guest to guest",
                "create schema closed_to_guest");
        var guest = as("guest", "guest-1");
        guest.requireUsable(List.of("open_to_guest"));
        assertThatThrownBy(() ->
                        guest.requireUsable(List.of("open_to_guest", "closed_to_guest", "missing")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("in the schemas closed_to_guest, missing;")
                .hasMessageContaining("grant it CREATE on the database");
        try (var storage = Storage.open(guest.schema("open_to_guest"), SystemTime.INSTANCE)) {
            assertThat(storage.events().head()).isZero();
        }
    }

    @Test
    void one_that_cannot_be_reached_is_told_with_the_remedy() {
        var none = PostgresDatabase.of("postgresql://weft:secret@127.0.0.1:1/shop");
        assertThat(none.answers()).isFalse();
        assertThatThrownBy(() -> none.requireUsable(List.of("cart")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining(
                        "postgresql://127.0.0.1:1/shop cannot be reached; start the server")
                .hasMessageNotContaining("secret");
        assertThatThrownBy(() -> as("stranger", "wrong").requireUsable(List.of("cart")))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("lets this user not in");
    }

    @Test
    void data_of_another_version_are_left_alone() throws IOException {
        var folder = TestServer.folder();
        Files.createDirectories(folder.resolve("data"));
        Files.writeString(folder.resolve("data").resolve("PG_VERSION"), "9\n");
        assertThatThrownBy(() -> PostgresCluster.of(folder))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("made by PostgreSQL 9; installed is")
                .hasMessageContaining("pg_upgrade");
        assertThat(folder.resolve("password")).doesNotExist();
    }
}
