package dev.weft.http;

import dev.weft.core.Problem;
import dev.weft.core.Refusal;
import dev.weft.core.ServerOptions;
import io.helidon.http.DirectHandler;
import io.helidon.http.DirectHandler.EventType;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;
import org.jspecify.annotations.Nullable;

/** The answers to requests that Helidon's parser does not let through, as problems. */
final class ServerRefusals {

    private ServerRefusals() {}

    static DirectHandlers handlers(ServerOptions options) {
        var handlers = DirectHandlers.builder();
        DirectHandler handler =
                (request, type, status, headers, message) ->
                        answer(options, request.method().equals("HEAD"), status, headers, message);
        for (var type : EventType.values()) handlers.addHandler(type, handler);
        return handlers.build();
    }

    private static DirectHandler.TransportResponse answer(
            ServerOptions options,
            boolean toHead,
            Status status,
            ServerResponseHeaders headers,
            @Nullable String message) {
        var problem = problem(options, status.code(), message == null ? "" : message);
        var response = Problems.response(problem);
        response.headers().forEach((name, value) -> headers.set(HeaderNames.create(name), value));
        return DirectHandler.TransportResponse.builder()
                .status(Status.create(problem.status()))
                .headers(headers)
                .keepAlive(false)
                .entity(toHead ? new byte[0] : response.body().bytes())
                .build();
    }

    private static Problem problem(ServerOptions options, int status, String message) {
        return switch (status) {
            case 413 ->
                    Problem.of(
                            413,
                            "too-large",
                            "the body is larger than the limit of "
                                    + options.maxBodyBytes()
                                    + " bytes");
            case 414 -> Problem.of(414, "uri-too-long", "the request line is too long");
            case 431 ->
                    Problem.of(
                            431,
                            "headers-too-large",
                            "the headers are larger than the limit of "
                                    + options.maxHeaderBytes()
                                    + " bytes");
            case 503 ->
                    Problems.of(Refusal.notBegun(options.host(), Refusal.Reason.LIMIT, message));
            case 500 -> Problem.of(500, "internal-error", "the server failed");
            default -> Problem.of(status, status == 400 ? "malformed" : "refused", message);
        };
    }
}
