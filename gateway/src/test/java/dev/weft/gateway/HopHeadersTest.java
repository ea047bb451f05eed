package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Headers;
import org.junit.jupiter.api.Test;

final class HopHeadersTest {

    @Test
    void what_connection_names_stays_here_too() {
        var headers =
                Headers.of("Connection", "close, X-One")
                        .and("connection", "x-two")
                        .and("x-one", "1")
                        .and("X-Two", "2")
                        .and("Upgrade", "h2c")
                        .and("Transfer-Encoding", "chunked")
                        .and("Trailer", "X")
                        .and("X-Three", "3");
        assertThat(HopHeaders.outward(headers).toString())
                .isEqualTo(Headers.of("X-Three", "3").toString());
        assertThat(HopHeaders.inward(headers).build().toString())
                .isEqualTo(Headers.of("X-Three", "3").toString());
    }

    @Test
    void what_a_caller_says_of_context_does_not_go_on_as_it_came() {
        var headers =
                Headers.of("traceparent", "x")
                        .and("tracestate", "x")
                        .and("B3", "0")
                        .and("Baggage", "x=1")
                        .and("weft-retryable", "yes")
                        .and("weft-refused", "limit")
                        .and("Weft-Receipt", "cart=1")
                        .and("Weft-Trace", "0af7651916cd43dd8448eb211c80319c")
                        .and("Weft-After", "cart=1");
        assertThat(HopHeaders.inward(headers).build().toString())
                .isEqualTo(Headers.of("Weft-After", "cart=1").toString());
    }

    @Test
    void headers_that_stay_as_they_are_cost_no_copy() {
        var headers = Headers.of("Content-Type", "text/plain").and("Weft-Receipt", "cart=1");
        assertThat(HopHeaders.outward(headers)).isSameAs(headers);
    }
}
