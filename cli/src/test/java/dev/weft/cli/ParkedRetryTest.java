package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Body;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.events.ParkedEvents;
import dev.weft.http.HttpTransport;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which keys the command waits for and answers for; the hub is not real. */
@Timeout(60)
class ParkedRetryTest {

    @TempDir Path folder;

    private final HttpTransport transport = new HttpTransport();

    @AfterEach
    void close() {
        transport.close();
    }

    private static ParkedEvents.Head head(String key, String message, boolean retrying) {
        return new ParkedEvents.Head(
                "copies",
                "books",
                key,
                "books/1/0",
                "book-added",
                15,
                "java.lang.IllegalStateException",
                message,
                Optional.empty(),
                Optional.empty(),
                0,
                1,
                retrying,
                "");
    }

    /** Retries what failed with a boom. */
    private int retry(
            List<ParkedEvents.Head> parked, UnaryOperator<List<ParkedEvents.Head>> retried) {
        var now = new AtomicReference<>(parked);
        var hub =
                transport.serve(
                        Routes.of(
                                Route.get("/admin/parked", request -> listing(request, now.get())),
                                Route.post(
                                        "/admin/parked/retry",
                                        request -> {
                                            now.updateAndGet(retried);
                                            return answer(
                                                    new ParkedEvents.Changed(1, 1, List.of()));
                                        })),
                        ServerOptions.DEFAULT);
        var command = new ParkedRetry();
        var environment = Map.of("WEFT_ADMIN", hub.address().toString(), "WEFT_TOKEN", "secret");
        command.choice = new SystemChoice(new Systems(folder), folder, environment);
        command.which.cause = "boom";
        return command.call();
    }

    private static Response listing(Request request, List<ParkedEvents.Head> all) {
        var cause = request.query().get("cause").orElse("");
        var heads = all.stream().filter(head -> head.message().contains(cause)).toList();
        return answer(new ParkedAnswers.Listing("loans", ParkedEvents.groups(heads), heads, 0));
    }

    private static Response answer(Object what) {
        var one =
                new ServiceAnswers.Answered(
                        "loans", 200, Json.read(Json.write(what), RawJson.class));
        return Response.of(200)
                .with(Body.of(Json.write(new ServiceAnswers(List.of(one), List.of()))));
    }

    @Test
    void keys_that_fail_on_something_else_are_neither_waited_for_nor_counted() {
        var other = head("b", "other", true);
        assertThat(retry(List.of(head("a", "boom", false), other), all -> List.of(other))).isZero();
    }

    @Test
    void a_key_that_fails_again_is_still_parked_whatever_it_fails_on_now() {
        assertThat(
                        retry(
                                List.of(head("a", "boom", false), head("b", "other", false)),
                                all -> List.of(head("a", "bang", false), all.getLast())))
                .isEqualTo(1);
    }
}
