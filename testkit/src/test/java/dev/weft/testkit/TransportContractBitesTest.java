package dev.weft.testkit;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.Transport;
import java.net.URI;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A transport that carries nothing fails every case of the contract. */
class TransportContractBitesTest {

    @TestFactory
    Stream<DynamicTest> every_case_fails_on_a_transport_that_carries_nothing() {
        return EveryCaseFails.of(TransportContract.class, Idle::new);
    }

    private static final class Idle extends TransportContract {
        @Override
        protected Transport open() {
            return new IdleTransport();
        }

        @Override
        protected Duration patience() {
            return Duration.ofMillis(10);
        }
    }

    private static final class IdleTransport implements Transport {

        @Override
        public Server serve(Service<Request, Response> service, ServerOptions options) {
            return new IdleServer();
        }

        @Override
        public Service<Request, Response> client(URI address) {
            return request -> Response.of(200);
        }

        @Override
        public void close() {}
    }

    private static final class IdleServer implements Transport.Server {

        @Override
        public URI address() {
            return URI.create("idle://idle:1");
        }

        @Override
        public void drain(Duration limit) {}

        @Override
        public void close() {}
    }
}
