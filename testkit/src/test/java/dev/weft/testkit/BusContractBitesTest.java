package dev.weft.testkit;

import dev.weft.core.Receipt;
import dev.weft.events.Bus;
import dev.weft.events.BusEvent;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A bus that does nothing fails every case of the contract. */
class BusContractBitesTest {

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_bus_that_does_nothing() {
        return EveryCaseFails.of(BusContract.class, Idle::new);
    }

    private static final class Idle extends BusContract {
        @Override
        protected Bus open(VirtualTime time) {
            return new IdleBus();
        }

        @Override
        protected Bus reopen(Bus bus) {
            return bus;
        }

        @Override
        protected Duration patience() {
            return Duration.ZERO;
        }
    }

    private static final class IdleBus implements Bus {
        @Override
        public void publish(String source, long through, List<BusEvent> events) {}

        @Override
        public long published(String source) {
            return 0;
        }

        @Override
        public Consumer subscribe(String name, Set<String> types) {
            return new Consumer() {
                @Override
                public Batch poll(Duration atMost) {
                    return new Batch(List.of(), Receipt.NONE);
                }

                @Override
                public List<BusEvent> acknowledge(List<BusEvent> events) {
                    return List.of();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void close() {}
    }
}
