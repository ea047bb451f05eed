package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventSamplesTest {

    public record V1(String product) {}

    public record V2(String product, long quantity) {}

    public record Added(String product, long quantity, String unit) {}

    private static final EventType<Added> ADDED =
            EventType.of("item-added", V1.class)
                    .next(V2.class, it -> new V2(it.product(), 1))
                    .next(Added.class, it -> new Added(it.product(), it.quantity(), "piece"));

    private static final Decider<String, Long, Added> CART =
            Decider.of(
                    "cart",
                    0L,
                    (command, state) -> Decision.nothing(),
                    (state, event) -> state + event.quantity(),
                    ADDED);

    @TempDir Path folder;

    private void sample(String name, String json) throws IOException {
        Files.writeString(folder.resolve(name), json);
    }

    @Test
    void samples_are_lifted_to_the_newest_version() throws IOException {
        sample("item-added.1.json", "{\"product\":\"cup\"}");
        sample("item-added.2.json", "{\"product\":\"cup\",\"quantity\":3}");
        sample("item-added.2.many.json", "{\"product\":\"cup\",\"quantity\":99}");
        assertThat(EventSamples.read(CART, folder))
                .isEqualTo(
                        Map.of(
                                "item-added.1.json", new Added("cup", 1, "piece"),
                                "item-added.2.json", new Added("cup", 3, "piece"),
                                "item-added.2.many.json", new Added("cup", 99, "piece")));
    }

    @Test
    void an_older_version_without_a_sample_fails() throws IOException {
        sample("item-added.1.json", "{\"product\":\"cup\"}");
        sample("item-added.3.json", "{\"product\":\"cup\",\"quantity\":3,\"unit\":\"piece\"}");
        assertThatThrownBy(() -> EventSamples.read(CART, folder))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("item-added.2.json is missing");
    }

    @Test
    void samples_that_are_not_read_are_all_named() throws IOException {
        sample("item-added.1.json", "{}");
        sample("item-added.2.json", "{\"product\":\"cup\",\"quantity\":3}");
        sample("item-added.4.json", "{\"product\":\"cup\"}");
        sample("item-gone.1.json", "{}");
        sample("Letter.json", "{}");
        assertThatThrownBy(() -> EventSamples.read(CART, folder))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("item-added.1.json: ")
                .hasMessageContaining("product")
                .hasMessageContaining("item-added.4.json: ")
                .hasMessageContaining("1 to 3")
                .hasMessageContaining("item-gone.1.json: ")
                .hasMessageContaining("Letter.json is not named");
    }
}
