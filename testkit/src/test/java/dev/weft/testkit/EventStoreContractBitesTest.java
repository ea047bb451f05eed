package dev.weft.testkit;

import dev.weft.events.EventStore;
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

        @Override
        protected EventStore node() {
            return new IdleStore();
        }

        @Override
        protected boolean shared() {
            return promise;
        }
    }
}
