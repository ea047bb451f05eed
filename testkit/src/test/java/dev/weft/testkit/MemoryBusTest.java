package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.MemoryBus;
import dev.weft.events.Origin;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryBusTest extends BusContract {

    private VirtualTime time = new VirtualTime();

    @Override
    protected Bus open(VirtualTime time) {
        this.time = time;
        return new MemoryBus(time);
    }

    @Override
    protected Bus reopen(Bus bus) {
        bus.close();
        return new MemoryBus(time);
    }

    @Test
    void says_when_it_is_full() {
        var bus = new MemoryBus(new VirtualTime(), 1);
        var event =
                new BusEvent(
                        "door", 1, 0, "opened", "k", Instant.EPOCH, new byte[] {'1'}, Origin.NONE);
        bus.publish("door", 1, List.of(event));
        bus.publish("door", 1, List.of(event));
        var next =
                new BusEvent(
                        "door", 2, 0, "opened", "k", Instant.EPOCH, new byte[] {'1'}, Origin.NONE);
        assertThatThrownBy(() -> bus.publish("door", 2, List.of(next)))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("at most 1 events");
        assertThat(bus.published("door")).isEqualTo(1);
        bus.close();
    }
}
