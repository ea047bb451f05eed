package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Time;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.EventStore.Metadata;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A storage in which personal values lie sealed: in events, snapshots and metadata of streams. Whoever reads by it sees them
 * open, or erased; what reads around it sees no more than whose they are.
 *
 * <p>What has no personal values passes as it is. Rows of tables are the service's own and pass as they are, too.
 */
final class SealedStorage implements Storage {

    /** Behind its commit, an erasure waits so long for all processes to have heard of it. */
    static final Duration LEASE = Duration.ofMillis(250);

    private final Storage inner;
    private final SubjectKeys subjects;
    private final Events events = new Events();

    private SealedStorage(Storage inner, SubjectKeys subjects) {
        this.inner = inner;
        this.subjects = subjects;
    }

    /** Takes the storage over; it is closed if its tables cannot be made. */
    static SealedStorage of(Storage inner, MasterKeys master, Time time) {
        boolean made = false;
        try {
            var sealed = new SealedStorage(inner, new SubjectKeys(inner.database(), master, time));
            made = true;
            return sealed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure.Storage("opening the storage was interrupted", e);
        } finally {
            if (!made) inner.close();
        }
    }

    @Override
    public EventStore events() {
        return events;
    }

    @Override
    public Database database() {
        return inner.database();
    }

    @Override
    public Subjects subjects() {
        return subjects;
    }

    @Override
    public <T> T write(Function<Transaction, T> work) throws InterruptedException {
        return inner.write(transaction -> work.apply(new Sealing(transaction)));
    }

    @Override
    public void measure(Meter meter) {
        inner.measure(meter);
    }

    @Override
    public void close() {
        inner.close();
    }

    private static String eventOf(String stream, String type) {
        return "event\n" + stream + "\n" + type;
    }

    private static String snapshotOf(String stream) {
        return "snapshot\n" + stream;
    }

    private static String metadataOf(String stream) {
        return "metadata\n" + stream;
    }

    private interface Seal {
        byte[] of(String place, byte[] json) throws InterruptedException;
    }

    private static List<Append> sealed(List<Append> appends, Seal seal)
            throws InterruptedException {
        if (appends.stream()
                .flatMap(append -> append.events().stream())
                .noneMatch(event -> PersonalJson.isIn(event.data()))) return appends;
        EventStore.checkLimits(appends, List.of());
        var sealed = new ArrayList<Append>(appends.size());
        for (var append : appends) {
            var events = new ArrayList<NewEvent>(append.events().size());
            for (var event : append.events()) {
                var data = seal.of(eventOf(append.stream(), event.type()), event.data());
                events.add(new NewEvent(event.type(), event.typeVersion(), data, event.tags()));
            }
            sealed.add(new Append(append.stream(), append.expectedVersion(), events));
        }
        return sealed;
    }

    /** A transaction that seals what it appends. */
    private final class Sealing implements Transaction {
        private final Transaction inner;

        Sealing(Transaction inner) {
            this.inner = inner;
        }

        @Override
        public Sql sql() {
            return inner.sql();
        }

        @Override
        public Appended append(List<Append> appends, List<Condition> conditions, Origin origin) {
            try {
                return inner.append(
                        sealed(
                                appends,
                                (place, json) -> subjects.sealedNew(place, json, inner.sql())),
                        conditions,
                        origin);
            } catch (InterruptedException e) {
                throw new IllegalStateException("sealing within a transaction does not wait", e);
            }
        }

        @Override
        public List<StoredEvent> stream(String stream, long afterVersion, int max) {
            return plain(inner.stream(stream, afterVersion, max));
        }

        @Override
        public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
            return plain(inner.log(query, afterPosition, max));
        }

        @Override
        public Optional<Snapshot> snapshot(String stream) {
            return inner.snapshot(stream).filter(it -> !PersonalJson.isIn(it.data()));
        }

        @Override
        public void behind(Runnable work) {
            inner.behind(work);
        }

        /** Opening asks the database, and whoever writes has to do without. */
        private static List<StoredEvent> plain(List<StoredEvent> stored) {
            for (var event : stored)
                if (PersonalJson.isIn(event.data()))
                    throw new IllegalStateException(
                            "events with personal values are not read within a transaction, as "
                                    + event.type()
                                    + " of "
                                    + event.stream()
                                    + ": handle commands to it outside, or keep the person's id only");
            return stored;
        }
    }

    /** The log, sealed. */
    private final class Events implements EventStore {

        private EventStore log() {
            return inner.events();
        }

        @Override
        public Appended append(List<Append> appends, List<Condition> conditions, Origin origin)
                throws InterruptedException {
            // A subject gets its key with its first event, or not at all.
            return hasNew(appends)
                    ? write(transaction -> transaction.append(appends, conditions, origin))
                    : log().append(sealed(appends, subjects::sealedNew), conditions, origin);
        }

        private boolean hasNew(List<Append> appends) {
            return appends.stream()
                    .flatMap(append -> append.events().stream())
                    .anyMatch(event -> subjects.hasNew(event.data()));
        }

        private List<StoredEvent> opened(List<StoredEvent> sealed) {
            return sealed.stream().map(this::opened).toList();
        }

        private StoredEvent opened(StoredEvent sealed) {
            if (!PersonalJson.isIn(sealed.data())) return sealed;
            var data = subjects.opened(eventOf(sealed.stream(), sealed.type()), sealed.data());
            return new StoredEvent(
                    sealed.position(),
                    sealed.stream(),
                    sealed.version(),
                    sealed.type(),
                    sealed.typeVersion(),
                    data,
                    sealed.tags(),
                    sealed.at(),
                    sealed.origin());
        }

        @Override
        public Optional<Appended> appended(String appendKey) {
            return log().appended(appendKey);
        }

        @Override
        public List<StoredEvent> stream(String stream, long afterVersion, int max) {
            return opened(log().stream(stream, afterVersion, max));
        }

        @Override
        public List<StoredEvent> streamBackwards(String stream, long beforeVersion, int max) {
            return opened(log().streamBackwards(stream, beforeVersion, max));
        }

        @Override
        public List<StoredEvent> log(long afterPosition, int max) {
            return opened(log().log(afterPosition, max));
        }

        @Override
        public List<StoredEvent> logBackwards(long beforePosition, int max) {
            return opened(log().logBackwards(beforePosition, max));
        }

        @Override
        public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
            return opened(log().log(query, afterPosition, max));
        }

        @Override
        public List<StoredEvent> logBackwards(EventQuery query, long beforePosition, int max) {
            return opened(log().logBackwards(query, beforePosition, max));
        }

        @Override
        public long lastOf(String correlation, long afterPosition) {
            return log().lastOf(correlation, afterPosition);
        }

        @Override
        public long head() {
            return log().head();
        }

        @Override
        public long awaitBeyond(long position, Duration atMost) throws InterruptedException {
            return log().awaitBeyond(position, atMost);
        }

        @Override
        public Optional<Snapshot> snapshot(String stream) {
            return log().snapshot(stream)
                    .map(it ->
                            new Snapshot(
                                    it.stream(),
                                    it.version(),
                                    it.type(),
                                    it.typeVersion(),
                                    subjects.opened(snapshotOf(stream), it.data())));
        }

        @Override
        public void keep(Snapshot snapshot) throws InterruptedException {
            log().keep(
                            new Snapshot(
                                    snapshot.stream(),
                                    snapshot.version(),
                                    snapshot.type(),
                                    snapshot.typeVersion(),
                                    subjects.sealed(
                                            snapshotOf(snapshot.stream()), snapshot.data())));
        }

        @Override
        public Optional<Metadata> metadata(String stream) {
            return log().metadata(stream)
                    .map(it ->
                            new Metadata(
                                    it.version(), subjects.opened(metadataOf(stream), it.data())));
        }

        @Override
        public long describe(String stream, long expectedVersion, byte[] data)
                throws InterruptedException {
            return log().describe(
                            stream, expectedVersion, subjects.sealedNew(metadataOf(stream), data));
        }

        @Override
        public long erasures() {
            return subjects.erasures();
        }

        @Override
        public void close() {
            log().close();
        }
    }
}
