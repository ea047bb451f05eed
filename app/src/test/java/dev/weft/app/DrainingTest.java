package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.http.Problems;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class DrainingTest {

    private final AtomicInteger served = new AtomicInteger();
    private final Draining draining = new Draining("cart/1", SystemTime.INSTANCE);

    private Response call() throws Exception {
        Service<Request, Response> service =
                request -> {
                    served.incrementAndGet();
                    return Response.of(200);
                };
        return Problems.filter("cart/1").then(draining).then(service).call(Request.get("/"));
    }

    @Test
    void what_comes_while_there_is_time_is_served() throws Exception {
        assertThat(call().status()).isEqualTo(200);
        draining.begin(Duration.ofMinutes(10));
        assertThat(call().status()).isEqualTo(200);
    }

    @Test
    void what_comes_too_late_is_refused_before_its_work() throws Exception {
        draining.begin(Duration.ZERO);
        var answer = call();
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.headers().get(ContextHeaders.REFUSED)).contains("draining");
        assertThat(answer.headers().get(ContextHeaders.RETRYABLE)).contains("yes");
        assertThat(answer.headers().get("Retry-After")).contains("1");
        assertThat(served).hasValue(0);
    }
}
