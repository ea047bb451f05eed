package dev.weft.testkit;

import dev.weft.events.Database;
import dev.weft.events.EventStore;
import dev.weft.events.MemoryEventStore;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.Transaction;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Tables that keep nothing fail every case of their contracts, whatever they promise. */
class TablesContractBitesTest {

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_tables_that_keep_nothing() {
        return Stream.of(true, false)
                .flatMap(promise ->
                        EveryCaseFails.of(TablesContract.class, () -> new IdleTables(promise)));
    }

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_records_that_are_not_kept() {
        return EveryCaseFails.of(RecordTableContract.class, IdleRecords::new);
    }

    private static final class IdleTables extends TablesContract {
        private final boolean promise;

        IdleTables(boolean promise) {
            this.promise = promise;
        }

        @Override
        protected Storage open() {
            return new IdleStorage();
        }

        @Override
        protected Storage reopen() {
            return new IdleStorage();
        }

        @Override
        protected boolean isShared() {
            return promise;
        }

        @Override
        protected boolean survivesErrors() {
            return promise;
        }
    }

    private static final class IdleRecords extends RecordTableContract {
        @Override
        protected Storage open() {
            return new IdleStorage();
        }

        @Override
        protected Storage reopen() {
            return new IdleStorage();
        }

        @Override
        protected boolean isShared() {
            return true;
        }
    }

    @TestFactory
    Stream<DynamicTest> every_case_fails_where_nothing_is_sealed() {
        return EveryCaseFails.of(ErasureContract.class, IdleErasure::new);
    }

    private static final class IdleErasure extends ErasureContract {
        @Override
        protected Storage open() {
            return new IdleStorage();
        }

        @Override
        protected Storage reopen() {
            return new IdleStorage();
        }

        @Override
        protected boolean isShared() {
            return true;
        }
    }

    private static final class IdleStorage implements Storage {
        @Override
        public EventStore events() {
            return new MemoryEventStore(StorageCases.TIME);
        }

        @Override
        public Database database() {
            return new IdleDatabase();
        }

        @Override
        @SuppressWarnings("NullAway") // It does nothing at all.
        public <T> T write(Function<Transaction, T> work) {
            return null;
        }

        @Override
        public void close() {}
    }

    private static final class IdleDatabase implements Database {
        @Override
        @SuppressWarnings("NullAway") // It does nothing at all.
        public <T> T write(Function<Sql, T> work) {
            return null;
        }

        @Override
        public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
            return List.of();
        }

        @Override
        public void close() {}
    }
}
