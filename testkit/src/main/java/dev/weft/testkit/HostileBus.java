package dev.weft.testkit;

import dev.weft.core.Receipt;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import dev.weft.events.Listener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A bus of one service and one thread, which hands over what it is told to: of each key its events in order, until acknowledged. */
final class HostileBus implements Bus {

    private final HostileTime time;
    private final List<BusEvent> log = new ArrayList<>();
    private final Map<String, Long> published = new HashMap<>();
    private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();

    HostileBus(HostileTime time) {
        this.time = time;
    }

    private record Key(String source, String key) {}

    /** What one listener has had. */
    final class Subscription {
        private final String name;
        private final Set<String> types;
        private final Set<String> acknowledged = new HashSet<>();

        /** Handed over to the process that lives, and not acknowledged. */
        private final Set<String> inFlight = new HashSet<>();

        private List<BusEvent> next = List.of();
        private boolean deaf;

        private Subscription(String name, Set<String> types) {
            this.name = name;
            this.types = types;
        }

        /** {@code listener NAME} */
        String part() {
            return "listener " + name.substring(name.indexOf('.') + 1);
        }

        private List<List<BusEvent>> lanes() {
            var lanes = new LinkedHashMap<Key, List<BusEvent>>();
            for (var event : log)
                if (types.contains(event.type())
                        && !acknowledged.contains(event.id())
                        && !inFlight.contains(event.id()))
                    lanes.computeIfAbsent(
                                    new Key(event.source(), event.key()), key -> new ArrayList<>())
                            .add(event);
            return new ArrayList<>(lanes.values());
        }

        /**
         * Has the next poll bring some of what is there.
         *
         * @param deaf whether what is acknowledged is forgotten
         */
        List<BusEvent> offer(Hostile.Chance chance, boolean deaf) {
            var lanes = lanes();
            var batch = new ArrayList<BusEvent>();
            for (int count = chance.calm() ? 1 : chance.upTo(4);
                    count > 0 && !lanes.isEmpty();
                    count--) {
                var lane = chance.of(lanes);
                batch.add(lane.removeFirst());
                if (lane.isEmpty()) lanes.remove(lane);
            }
            next = List.copyOf(batch);
            this.deaf = deaf;
            return next;
        }

        /** What was offered is over: what it did not acknowledge, if it was not heard, comes again. */
        void over() {
            if (deaf) inFlight.clear();
            deaf = false;
        }

        private Batch poll(Duration atMost) {
            if (next.isEmpty()) time.advance(atMost);
            var events = next;
            next = List.of();
            events.forEach(event -> inFlight.add(event.id()));
            return new Batch(events, Receipt.NONE);
        }

        private void acknowledge(List<BusEvent> events) {
            if (deaf) return;
            for (var event : events) {
                inFlight.remove(event.id());
                acknowledged.add(event.id());
            }
        }
    }

    /** A process of the service begins: what the last one had is handed over again. */
    void begin(String service, List<? extends Listener> listeners) {
        for (var listener : listeners)
            subscribe(
                    service + "." + listener.name(),
                    listener.types().stream()
                            .flatMap(type -> type.publicNames().stream())
                            .collect(Collectors.toSet()));
        for (var each : subscriptions.values()) {
            each.inFlight.clear();
            each.next = List.of();
        }
    }

    /** Those for which something is there. */
    List<Subscription> waiting() {
        return subscriptions.values().stream().filter(each -> !each.lanes().isEmpty()).toList();
    }

    /** The names of those that have something in work. */
    List<String> parts() {
        return subscriptions.values().stream()
                .filter(each -> !each.inFlight.isEmpty())
                .map(Subscription::part)
                .toList();
    }

    @Override
    public void publish(String source, long through, List<BusEvent> events) {
        long before = published(source);
        for (var event : events) if (event.position() > before) log.add(event);
        published.merge(source, through, Math::max);
    }

    @Override
    public long published(String source) {
        return published.getOrDefault(source, 0L);
    }

    @Override
    public Consumer subscribe(String name, Set<String> types) {
        var subscription =
                subscriptions.computeIfAbsent(name, absent -> new Subscription(absent, types));
        return new Consumer() {
            @Override
            public Batch poll(Duration atMost) {
                return subscription.poll(atMost);
            }

            @Override
            public List<BusEvent> acknowledge(List<BusEvent> events) {
                subscription.acknowledge(events);
                return List.of();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void close() {}
}
