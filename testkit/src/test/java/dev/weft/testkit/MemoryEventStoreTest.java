package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.MemoryEventStore;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryEventStoreTest extends EventStoreContract {

    @Override
    protected EventStore open() {
        return new MemoryEventStore(SystemTime.INSTANCE);
    }

    @Override
    protected EventStore reopen() {
        return open();
    }

    @Override
    protected EventStore node() {
        return open();
    }

    @Override
    protected boolean shared() {
        return false;
    }

    @Override
    protected boolean survivesReopening() {
        return false;
    }

    @Test
    void says_when_it_is_full() throws Exception {
        var store = new MemoryEventStore(SystemTime.INSTANCE, 2);
        var event = new NewEvent("a", new byte[] {'1'});
        store.append(List.of(new Append("a-1", 0, List.of(event))), Origin.NONE);
        assertThatThrownBy(() ->
                        store.append(
                                List.of(new Append("a-1", 1, List.of(event, event))), Origin.NONE))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("at most 2 events");
        assertThat(store.head()).isEqualTo(1);
        store.append(List.of(new Append("a-1", 1, List.of(event))), Origin.NONE);
        store.close();
    }

    @Test
    void says_when_it_keeps_no_more_metadata() throws Exception {
        try (var store = new MemoryEventStore(SystemTime.INSTANCE, 1)) {
            store.describe("a-1", 0, new byte[] {'1'});
            assertThatThrownBy(() -> store.describe("a-2", 0, new byte[] {'1'}))
                    .isInstanceOf(Failure.Storage.class)
                    .hasMessageContaining("at most 1 streams");
            assertThat(store.describe("a-1", 1, new byte[] {'2'})).isEqualTo(2);
        }
    }
}
