package dev.weft.testkit;

import dev.weft.events.Database;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.EventStore.Snapshot;
import dev.weft.events.Origin;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import dev.weft.events.Transaction;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A storage that runs what it is given and keeps nothing fails every case of the contract. */
class StorageContractBitesTest {

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_storage_that_does_nothing() {
        return EveryCaseFails.of(StorageContract.class, () -> new Idle(true));
    }

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_storage_that_promises_nothing() {
        return EveryCaseFails.of(StorageContract.class, () -> new Idle(false));
    }

    private static final class Idle extends StorageContract {
        private final boolean promise;

        Idle(boolean promise) {
            this.promise = promise;
        }

        @Override
        protected Storage open() {
            return new IdleStorage();
        }

        @Override
        protected Storage again() {
            return new IdleStorage();
        }

        @Override
        protected boolean survivesReopening() {
            return promise;
        }

        @Override
        protected boolean shared() {
            return promise;
        }

        @Override
        protected boolean readsWhileWriting() {
            return promise;
        }
    }

    private static final class IdleStorage implements Storage, Transaction, Sql {
        @Override
        public EventStore events() {
            return new IdleStore();
        }

        @Override
        public Database database() {
            return new IdleDatabase();
        }

        @Override
        public <T> T write(Function<Transaction, T> work) {
            return work.apply(this);
        }

        @Override
        public Sql sql() {
            return this;
        }

        @Override
        public Appended append(List<Append> appends, List<Condition> conditions, Origin origin) {
            return new Appended(0, 0, false);
        }

        @Override
        public List<StoredEvent> stream(String stream, long afterVersion, int max) {
            return List.of();
        }

        @Override
        public List<StoredEvent> log(EventQuery query, long afterPosition, int max) {
            return List.of();
        }

        @Override
        public Optional<Snapshot> snapshot(String stream) {
            return Optional.empty();
        }

        @Override
        public void behind(Runnable work) {}

        @Override
        public int update(String sql, Object... parameters) {
            return 0;
        }

        @Override
        public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
            return List.of();
        }

        @Override
        public void close() {}
    }

    private static final class IdleDatabase implements Database {
        private final Sql sql = new IdleStorage();

        @Override
        public <T> T write(Function<Sql, T> work) {
            return work.apply(sql);
        }

        @Override
        public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
            return List.of();
        }

        @Override
        public void close() {}
    }
}
