package dev.weft.hub;

import static dev.weft.core.Route.get;
import static dev.weft.core.Route.post;

import dev.weft.core.Body;
import dev.weft.core.BoundedInput;
import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.zip.GZIPInputStream;

/** Spans in, by OTLP over HTTP, and traces out. */
final class TraceRoutes {

    /** The most bytes that a compressed message may unfold to. */
    static final long MAX_UNFOLDED_BYTES = 64 << 20;

    private static final String PROTOBUF = "application/x-protobuf";
    private static final String JSON = "application/json";

    record Traces(List<TraceStore.Summary> traces, TraceStore.Size kept) {}

    private final TraceStore store;
    private final OtlpIntake intake;

    TraceRoutes(TraceStore store) {
        this.store = store;
        this.intake = new OtlpIntake(store);
    }

    Routes routes() {
        return Routes.of(
                post("/v1/traces", this::take),
                get("/admin/traces", this::list),
                get("/admin/traces/{id}", this::show));
    }

    private Response take(Request request) {
        var type = request.headers().mediaType();
        var message = unfolded(request);
        return switch (type) {
            case PROTOBUF -> {
                int refused = intake.protobuf(message);
                yield Response.of(200)
                        .header("Content-Type", PROTOBUF)
                        .with(Body.of(partialSuccess(refused)));
            }
            case JSON -> {
                int refused = intake.json(Json.readMap(message));
                yield Answers.json(
                        refused == 0
                                ? Map.of()
                                : Map.of(
                                        "partialSuccess",
                                        Map.of("rejectedSpans", Integer.toString(refused))));
            }
            default ->
                    throw Problem.of(
                                    415,
                                    "unsupported-media-type",
                                    "OTLP comes as "
                                            + PROTOBUF
                                            + " or "
                                            + JSON
                                            + ", not as \""
                                            + type
                                            + "\"")
                            .failure();
        };
    }

    private static byte[] unfolded(Request request) {
        var encoding = request.headers().get("Content-Encoding").orElse("identity");
        if (encoding.equalsIgnoreCase("identity")) return request.body().bytes();
        if (!encoding.equalsIgnoreCase("gzip"))
            throw Problem.of(
                            415,
                            "unsupported-encoding",
                            "OTLP comes plain or with gzip, not with \"" + encoding + "\"")
                    .failure();
        try (var stream =
                new BoundedInput(
                        new GZIPInputStream(request.body().stream()),
                        MAX_UNFOLDED_BYTES,
                        OptionalLong.empty())) {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new Failure.Malformed("the body is no valid gzip: " + e.getMessage(), e);
        }
    }

    /** An {@code ExportTraceServiceResponse}: empty, or with the number of refused spans. */
    private static byte[] partialSuccess(int refused) {
        if (refused == 0) return new byte[0];
        var count = new ByteArrayOutputStream();
        count.write(1 << 3);
        int rest = refused;
        for (; rest >= 0x80; rest >>>= 7) count.write((rest & 0x7f) | 0x80);
        count.write(rest);
        var message = new ByteArrayOutputStream();
        message.write((1 << 3) | 2);
        message.write(count.size());
        message.writeBytes(count.toByteArray());
        return message.toByteArray();
    }

    private Response list(Request request) {
        var wanted =
                new TraceStore.Wanted(
                        (int) Answers.number(request, "limit", 50, 1, 1_000),
                        request.query().get("service").filter(service -> !service.isEmpty()),
                        Answers.number(request, "min_ms", 0, 0, Integer.MAX_VALUE),
                        request.query().get("error").filter(e -> !e.equals("false")).isPresent());
        return Answers.json(new Traces(store.list(wanted), store.size()));
    }

    private Response show(Request request) {
        var text = request.variable("id");
        var id =
                TraceId.parse(text)
                        .orElseThrow(() ->
                                new Failure.Malformed(
                                        "a trace's id has 32 hexadecimal digits, not \""
                                                + text
                                                + "\""));
        var trace =
                store.whole(id)
                        .orElseThrow(() ->
                                Problem.of(
                                                404,
                                                "no-such-trace",
                                                "no span of trace " + id + " is here (any more)")
                                        .failure());
        return Answers.json(trace);
    }
}
