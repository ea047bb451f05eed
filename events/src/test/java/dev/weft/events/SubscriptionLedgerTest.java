package dev.weft.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.events.SubscriptionLedger.Logged;
import dev.weft.events.SubscriptionLedger.Parked;
import dev.weft.events.SubscriptionLedger.Reading;
import dev.weft.events.SubscriptionLedger.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SubscriptionLedgerTest {

    private static final long NOW = 0;
    private static final long LATER = Duration.ofSeconds(1).toNanos();
    private static final Set<String> TYPES = Set.of("rung");

    @Test
    void a_key_keeps_its_order_though_there_is_no_room_to_put_it_aside() {
        int others = SubscriptionLedger.MAX_PARKED - 1;
        var parked =
                IntStream.rangeClosed(1, others)
                        .mapToObj(at ->
                                new Parked(at, new SubscriptionLedger.Key("bell", "other"), at))
                        .toList();
        var ledger =
                new SubscriptionLedger(TYPES, new State(others, List.of(), Set.of(), parked), NOW);
        var events = IntStream.rangeClosed(1, 4).mapToObj(at -> rung(others + at)).toList();
        ledger.add(new Reading(others, others + 4, events, Map.of()));
        ledger.lease("a", Duration.ofMinutes(1), NOW);
        assertThat(ledger.hand("a", 10, NOW)).isEqualTo(events);
        var first = events.getFirst().event().id();
        ledger.reject("a", List.of(first), attempts -> Duration.ofMillis(1), NOW);
        var handled = new ArrayList<Logged>();
        while (handled.size() < 4) {
            var due = ledger.due(8);
            ledger.resume(due, events.stream().filter(it -> due.contains(it.sequence())).toList());
            var handed = ledger.hand("a", 10, LATER);
            assertThat(handed).isNotEmpty();
            handled.addAll(handed);
            ledger.acknowledgeHeld("a", handed.stream().map(it -> it.event().id()).toList());
        }
        assertThat(handled).isEqualTo(events);
    }

    private static Logged rung(long at) {
        return new Logged(
                at,
                new BusEvent(
                        "bell",
                        at,
                        0,
                        "rung",
                        "key",
                        Instant.EPOCH,
                        new byte[] {'1'},
                        Origin.NONE));
    }
}
