package dev.weft.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Instance;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.ServerOptions;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is asked when the first instance of a service does not answer. */
@Timeout(60)
class EachServiceTest {

    private static final Time TIME = SystemTime.INSTANCE;
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Request QUESTION = Request.get("/_weft/parked");
    private static final Request DROP = Request.post("/_weft/parked/drop", Body.of("{}"));

    private final MemoryTransport transport = new MemoryTransport(TIME);
    private final InstanceTable table = new InstanceTable(LONG, Set.of(), TIME);
    private final AtomicInteger asked = new AtomicInteger();

    @AfterEach
    void close() {
        table.close();
        transport.close();
    }

    private void add(String id, URI address) {
        table.put(new Instance("cart", id, address, Instance.State.READY, List.of()), LONG);
    }

    private URI serve(Service<Request, Response> service) {
        return transport.serve(service, ServerOptions.DEFAULT).address();
    }

    private Response answer(Request request) {
        asked.incrementAndGet();
        return Response.text("{}");
    }

    private static Response neverAnswer(Request request) throws InterruptedException {
        new CountDownLatch(1).await();
        return Response.text("{}");
    }

    private EachService.All ask(Request request, Duration patience) throws InterruptedException {
        return new EachService(table, new InstanceCalls(transport, Optional.empty(), TIME))
                .ask(Optional.empty(), request, patience);
    }

    @Test
    void a_question_goes_to_another_instance() throws Exception {
        add("cart-1", serve(EachServiceTest::neverAnswer));
        add("cart-2", serve(this::answer));
        assertThat(ask(QUESTION, Duration.ofMillis(100)).away()).isEmpty();
        assertThat(asked).hasValue(1);
    }

    @Test
    void what_may_have_been_done_is_not_done_again_by_another_instance() throws Exception {
        add("cart-1", serve(EachServiceTest::neverAnswer));
        add("cart-2", serve(this::answer));
        assertThat(ask(DROP, Duration.ofMillis(100)).away())
                .singleElement()
                .satisfies(away -> assertThat(away.error()).contains("not known"));
        assertThat(asked).hasValue(0);
    }

    @Test
    void what_was_not_begun_is_done_by_another_instance() throws Exception {
        var gone = transport.serve(this::answer, ServerOptions.DEFAULT);
        gone.close();
        add("cart-1", gone.address());
        add("cart-2", serve(this::answer));
        var all = ask(DROP, LONG);
        assertThat(all.away()).isEmpty();
        assertThat(new String(all.services().getFirst().answer().utf8(), StandardCharsets.UTF_8))
                .isEqualTo("{}");
        assertThat(asked).hasValue(1);
    }
}
