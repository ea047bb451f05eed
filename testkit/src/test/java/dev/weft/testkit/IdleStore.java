package dev.weft.testkit;

import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Keeps nothing, and never fails. */
final class IdleStore implements EventStore {
    @Override
    public Appended append(List<Append> appends, List<Condition> conditions, Origin origin) {
        return new Appended(0, 0, false);
    }

    @Override
    public Optional<Appended> appended(String appendKey) {
        return Optional.empty();
    }

    @Override
    public List<StoredEvent> stream(String stream, long afterVersion, int max) {
        return List.of();
    }

    @Override
    public List<StoredEvent> log(long afterPosition, int max) {
        return List.of();
    }

    @Override
    public List<StoredEvent> streamBackwards(String stream, long beforeVersion, int max) {
        return List.of();
    }

    @Override
    public List<StoredEvent> logBackwards(long beforePosition, int max) {
        return List.of();
    }

    @Override
    public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
        return List.of();
    }

    @Override
    public List<StoredEvent> logBackwards(EventQuery query, long beforePosition, int max) {
        return List.of();
    }

    @Override
    public long lastOf(String correlation, long afterPosition) {
        return 0;
    }

    @Override
    public Optional<Snapshot> snapshot(String stream) {
        return Optional.empty();
    }

    @Override
    public void keep(Snapshot snapshot) {}

    @Override
    public Optional<Metadata> metadata(String stream) {
        return Optional.empty();
    }

    @Override
    public long describe(String stream, long expectedVersion, byte[] data) {
        return 0;
    }

    @Override
    public long head() {
        return 0;
    }

    @Override
    public long awaitBeyond(long position, Duration atMost) {
        return 0;
    }

    @Override
    public void close() {}
}
