package dev.weft.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.MasterKeys;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import dev.weft.testkit.ErasureContract;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErasureFileTest extends ErasureContract {

    @TempDir Path folder;

    record Named(Personal<String> name) {}

    @Override
    protected Storage open() {
        return open(MasterKeys.NONE);
    }

    private Storage open(MasterKeys master) {
        return Storage.open("sqlite:" + folder.resolve("house.db"), master, SystemTime.INSTANCE);
    }

    @Override
    protected Storage reopen() {
        return open();
    }

    @Override
    protected boolean isShared() {
        return true;
    }

    private static String key(int fill) {
        var bytes = new byte[32];
        bytes[0] = (byte) fill;
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static void name(Storage storage, String subject) throws Exception {
        var data = Json.write(new Named(Personal.of(subject, "Ann")));
        storage.events()
                .append(
                        List.of(
                                new Append(
                                        "guest-" + subject,
                                        EventStore.ANY_VERSION,
                                        List.of(new NewEvent("named", data)))),
                        Origin.NONE);
    }

    private static List<String> names(Storage storage) {
        return storage.events().log(0, 10).stream()
                .map(event -> Json.read(event.data(), Named.class).name().orElse("erased"))
                .toList();
    }

    @Test
    void keys_that_a_master_key_locks_are_unlocked_by_it_alone() throws Exception {
        try (var locked = open(MasterKeys.parse(key(1)))) {
            name(locked, "ann");
        }
        try (var without = open(MasterKeys.NONE)) {
            assertThatThrownBy(() -> names(without))
                    .isInstanceOf(Failure.Unreadable.class)
                    .hasMessageContaining("WEFT_MASTER_KEYS");
        }
        try (var replaced = open(MasterKeys.parse(key(2) + "\n" + key(1) + "\n"))) {
            name(replaced, "bob");
            assertThat(names(replaced)).containsExactly("Ann", "Ann");
        }
        try (var old = open(MasterKeys.parse(key(1)))) {
            assertThat(old.events().log(0, 1)).hasSize(1);
            assertThatThrownBy(() -> names(old)).hasMessageContaining("bob");
        }
    }

    private String file() throws Exception {
        return Files.readString(folder.resolve("alone.db"), StandardCharsets.ISO_8859_1);
    }

    private Storage alone() {
        return Storage.open("sqlite:" + folder.resolve("alone.db"), SystemTime.INSTANCE);
    }

    @Test
    void nothing_of_a_key_stays_in_the_file_once_its_log_is_written_back() throws Exception {
        String key;
        try (var storage = alone()) {
            name(storage, "ann");
            key =
                    storage.database()
                            .first(
                                    "select secret from weft_subject",
                                    row ->
                                            new String(
                                                    row.bytes("secret"),
                                                    StandardCharsets.ISO_8859_1))
                            .orElseThrow();
        }
        assertThat(file()).contains(key);
        try (var storage = alone()) {
            storage.subjects().erase("ann", "test", sql -> {});
        }
        assertThat(file()).doesNotContain(key);
    }
}
