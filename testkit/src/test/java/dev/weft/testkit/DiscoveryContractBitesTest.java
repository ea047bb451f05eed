package dev.weft.testkit;

import dev.weft.core.Instance;
import dev.weft.core.Load;
import dev.weft.core.Registry;
import dev.weft.core.Resolver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A discovery that does nothing fails every case of the contract, whatever it promises. */
class DiscoveryContractBitesTest {

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_discovery_that_does_nothing() {
        return EveryCaseFails.of(DiscoveryContract.class, () -> new Idle(Optional.empty()));
    }

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_one_that_only_promises() {
        return EveryCaseFails.of(
                DiscoveryContract.class, () -> new Idle(Optional.of(Duration.ofSeconds(10))));
    }

    private static final class Idle extends DiscoveryContract {
        private final Optional<Duration> lease;

        Idle(Optional<Duration> lease) {
            this.lease = lease;
        }

        @Override
        protected Source open(VirtualTime time) {
            return new IdleSource();
        }

        @Override
        protected Optional<Duration> lease() {
            return lease;
        }

        @Override
        protected Duration patience() {
            return Duration.ZERO;
        }
    }

    private static final class IdleSource implements DiscoveryContract.Source {
        @Override
        public DiscoveryContract.Party join() {
            return new DiscoveryContract.Party(new IdleRegistry(), new IdleResolver(), () -> {});
        }

        @Override
        public void close() {}
    }

    private static final class IdleRegistry implements Registry {
        @Override
        public Lease register(Instance instance, Supplier<Optional<Load>> load) {
            return new Lease() {
                @Override
                public void update(Instance.State state) {}

                @Override
                public void close() {}
            };
        }
    }

    private static final class IdleResolver implements Resolver {
        @Override
        public List<Instance> instances() {
            return List.of();
        }

        @Override
        public Watch watch(Consumer<List<Instance>> listener) {
            listener.accept(List.of());
            return () -> {};
        }

        @Override
        public Duration age() {
            return Duration.ZERO;
        }

        @Override
        public void close() {}
    }
}
