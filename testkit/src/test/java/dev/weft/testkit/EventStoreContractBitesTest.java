package dev.weft.testkit;

import dev.weft.events.EventStore;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A store that does nothing fails every case of the contract, whatever it promises. */
class EventStoreContractBitesTest {

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_store_that_does_nothing() {
        return EveryCaseFails.of(EventStoreContract.class, () -> new Idle(true));
    }

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_store_that_promises_nothing() {
        return EveryCaseFails.of(EventStoreContract.class, () -> new Idle(false));
    }

    private static final class Idle extends EventStoreContract {
        private final boolean promise;

        Idle(boolean promise) {
            this.promise = promise;
        }

        @Override
        protected EventStore open() {
            return new IdleStore();
        }

        @Override
        protected EventStore reopen() {
            return new IdleStore();
        }

        @Override
        protected boolean survivesReopening() {
            return promise;
        }
    }

    private static final class IdleStore implements EventStore {
        @Override
        public Appended append(List<Append> appends, Origin origin) {
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
}
