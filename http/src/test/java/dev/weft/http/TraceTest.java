package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Filter;
import dev.weft.core.Meter;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.core.policy.Tried;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TraceTest {

    private static final SystemTime TIME = SystemTime.INSTANCE;

    private final List<Span> spans = new ArrayList<>();
    private final Tracer tracer = new Tracer(TIME, spans::add);
    private final Routes routes =
            Routes.of(
                    Route.get("/a/{id}", this::answer),
                    Route.get("/bad", request -> Response.of(503)));
    private final Service<Request, Response> server =
            new ServerTrace(tracer, TIME, Duration.ofSeconds(10), ServerTrace.templates(routes))
                    .then(Problems.filter("server"))
                    .then(routes);
    private final Filter<Request, Response> client =
            new ClientTrace("peer", tracer, Meter.NONE, TIME);
    private final Filter<Request, Response> attempt =
            new AttemptTrace(
                            "peer",
                            "peer-1",
                            URI.create("http://10.0.0.7:8081"),
                            tracer,
                            Meter.NONE,
                            TIME)
                    .then(
                            (Filter<Request, Response>)
                                    (request, next) -> next.call(ContextHeaders.inject(request)));

    private Response answer(Request request) {
        var id = request.variable("id");
        if (id.equals("writes")) Context.current().work().wrote(Receipt.of("peer", 7));
        return Response.text(Context.current().deadline().remaining().toMillis() + "");
    }

    @Test
    void a_call_is_a_span_around_each_attempt_and_that_around_the_server() throws Exception {
        var response = client.then(attempt).then(server).call(Request.get("/a/1?x=y"));
        assertThat(spans)
                .extracting(Span::name)
                .containsExactly("GET /a/{id}", "GET peer", "GET peer");
        var inner = spans.get(0);
        var tried = spans.get(1);
        var outer = spans.get(2);
        assertThat(spans)
                .extracting(Span::kind)
                .containsExactly(Span.Kind.SERVER, Span.Kind.CLIENT, Span.Kind.INTERNAL);
        assertThat(inner.parentId()).isEqualTo(tried.trace().spanId());
        assertThat(tried.parentId()).isEqualTo(outer.trace().spanId());
        assertThat(tried.attributes())
                .containsEntry("http.request.method", "GET")
                .containsEntry("url.full", "http://10.0.0.7:8081/a/1")
                .containsEntry("server.address", "10.0.0.7")
                .containsEntry("server.port", 8081L)
                .containsEntry("peer.service", "peer")
                .containsEntry("weft.instance", "peer-1")
                .containsEntry("http.response.status_code", 200L)
                .doesNotContainKeys("error.type", "http.request.resend_count");
        assertThat(inner.attributes())
                .containsEntry("http.request.method", "GET")
                .containsEntry("http.route", "/a/{id}")
                .containsEntry("url.path", "/a/1")
                .containsEntry("http.response.status_code", 200L);
        assertThat(outer.attributes()).containsEntry("peer.service", "peer");
        assertThat(response.headers().get(ServerTrace.TRACE)).hasValue(inner.trace().traceId());
    }

    @Test
    void a_further_attempt_counts_how_often_it_was_sent_again() throws Exception {
        Filter<Request, Response> retrying =
                Tried.across((request, next) -> {
                    next.call(request);
                    var second = Context.current().attempt() + 1;
                    return Context.current().withAttempt(second).call(() -> next.call(request));
                });
        var call = client.then(retrying).then(attempt).then(server);
        Context.current().withAttempt(3).call(() -> call.call(Request.get("/bad")));
        var attempts = spans.stream().filter(s -> s.kind() == Span.Kind.CLIENT).toList();
        assertThat(attempts)
                .extracting(s -> s.attributes().get("http.request.resend_count"))
                .containsExactly(null, 1L);
        assertThat(attempts)
                .allSatisfy(
                        s -> assertThat(s.attributes()).containsEntry("error.type", "unavailable"));
    }

    @Test
    void what_matches_no_route_is_named_by_its_method_alone() throws Exception {
        assertThat(server.call(Request.get("/etc/passwd")).status()).isEqualTo(404);
        assertThat(spans).extracting(Span::name).containsExactly("GET");
        assertThat(spans.getFirst().error()).isEmpty();
    }

    @Test
    void errors_mark_the_spans() throws Exception {
        client.then(server).call(Request.get("/bad"));
        client.then(server).call(Request.get("/none"));
        assertThat(spans).extracting(Span::error).containsExactly("503", "503", "", "404");
    }

    @Test
    void an_answer_names_what_was_written() throws Exception {
        assertThat(server.call(Request.get("/a/writes")).headers().get(ContextHeaders.RECEIPT))
                .hasValue("peer=7");
        assertThat(server.call(Request.get("/a/reads")).headers().get(ContextHeaders.RECEIPT))
                .isEmpty();
    }

    @Test
    void a_deadline_arrives_and_is_capped() throws Exception {
        var context = Context.none().with(Deadline.after(Duration.ofSeconds(2), TIME));
        var soon = context.call(() -> client.then(attempt).then(server).call(Request.get("/a/1")));
        assertThat(Integer.parseInt(soon.body().text())).isBetween(1, 2000);
        var capped = client.then(server).call(Request.get("/a/1"));
        assertThat(Integer.parseInt(capped.body().text())).isBetween(2001, 10_000);
    }

    @Test
    void a_refusal_is_an_error_of_its_reason() throws Exception {
        server.call(Request.get("/bad"));
        Service<Request, Response> busy = request -> Response.of(429);
        new ServerTrace(tracer, TIME, Duration.ofSeconds(10), request -> "/busy")
                .then(Problems.filter("server"))
                .then(busy)
                .call(Request.get("/busy"));
        assertThat(spans)
                .extracting(span -> span.attributes().get("error.type"))
                .containsExactly("unavailable", "rate");
        assertThat(spans).extracting(Span::error).containsExactly("503", "");
    }

    @Test
    void a_request_may_name_a_later_deadline_than_the_usual_up_to_the_longest() throws Exception {
        Service<Request, Response> left = this::answer;
        var upTo =
                new ServerTrace(tracer, TIME, Duration.ofSeconds(10), request -> "")
                        .upTo(Duration.ofMinutes(1))
                        .then(
                                (Filter<Request, Response>)
                                        (request, next) ->
                                                next.call(request.with(Map.of("id", "1"))))
                        .then(left);
        for (var each : Map.of("", 10_000, "30000", 30_000, "3600000", 60_000).entrySet()) {
            var request = Request.get("/");
            if (!each.getKey().isEmpty())
                request = request.header(ContextHeaders.DEADLINE, each.getKey());
            int ms = Integer.parseInt(upTo.call(request).body().text());
            assertThat(ms).as(each.getKey()).isBetween(each.getValue() / 2, each.getValue());
        }
    }
}
