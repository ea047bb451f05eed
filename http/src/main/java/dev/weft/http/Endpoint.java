package dev.weft.http;

import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Operation;
import dev.weft.core.PathTemplate;
import dev.weft.core.Problem;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Service;
import dev.weft.json.Json;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;

/**
 * One operation over HTTP, as a value that server and client share.
 *
 * <p>The input is a record whose components come from the path, the query and the JSON body; a name
 * that is in two of them has to have the same value. A query value that occurs more than once is
 * joined by commas. A {@code String} as input is the path's one variable, {@link Void} none at all,
 * which is null. The output is answered as JSON. {@link Request} as input and {@link Response} as
 * output are passed as they are; {@link Void} as output answers 204 and is null.
 *
 * @param takes the input's type
 * @param answers the output's type
 * @param status of a success
 * @param location the path of what was made, for the header {@code Location}
 */
public record Endpoint<I, O>(
        Method method,
        PathTemplate path,
        Class<I> takes,
        Class<O> answers,
        int status,
        Optional<Function<O, String>> location)
        implements Operation<I, O> {

    public Endpoint {
        if (takes == String.class && path.variables().size() != 1)
            throw new IllegalArgumentException(
                    path + " has to have one variable, because its input is a String");
    }

    /** The most bytes of an answer that a client reads. */
    public static final long MAX_ANSWER_BYTES = 64 << 20;

    private static final String JSON = "application/json";
    private static final Headers IS_JSON = Headers.of("Content-Type", JSON);

    /** Without input. */
    public static <O> Endpoint<Void, O> get(String path, Class<O> answers) {
        return get(path, Void.class, answers);
    }

    public static <I, O> Endpoint<I, O> get(String path, Class<I> takes, Class<O> answers) {
        return of(Method.GET, path, takes, answers);
    }

    public static <I, O> Endpoint<I, O> post(String path, Class<I> takes, Class<O> answers) {
        return of(Method.POST, path, takes, answers);
    }

    public static <I, O> Endpoint<I, O> put(String path, Class<I> takes, Class<O> answers) {
        return of(Method.PUT, path, takes, answers);
    }

    public static <I, O> Endpoint<I, O> delete(String path, Class<I> takes, Class<O> answers) {
        return of(Method.DELETE, path, takes, answers);
    }

    public static <I, O> Endpoint<I, O> of(
            Method method, String path, Class<I> takes, Class<O> answers) {
        return new Endpoint<>(
                method,
                new PathTemplate(path),
                takes,
                answers,
                answers == Void.class ? 204 : 200,
                Optional.empty());
    }

    /** With this status for a success. */
    public Endpoint<I, O> status(int status) {
        return new Endpoint<>(method, path, takes, answers, status, location);
    }

    /** With the path of what was made in the header {@code Location}. */
    public Endpoint<I, O> location(Function<O, String> location) {
        return new Endpoint<>(method, path, takes, answers, status, Optional.of(location));
    }

    /**
     * Server side: the route that answers with the service. An input or output that cannot be JSON is
     * an {@link IllegalArgumentException} here, not at the first call.
     */
    public Route to(Service<I, O> service) {
        requireJson("input", takes, Request.class);
        requireJson("output", answers, Response.class);
        return new Route(
                method, path, request -> answer(service.call(input(request))), Optional.of(form()));
    }

    /** What it takes and answers. */
    public Route.Form form() {
        return new Route.Form(takes, answers, status, location.isPresent());
    }

    /** Server side, for an operation without input. */
    public Route to(Callable<O> service) {
        if (takes != Void.class)
            throw new IllegalArgumentException(
                    this + " has an input, " + takes.getName() + "; take it: input -> …");
        return to(_ -> service.call());
    }

    private void requireJson(String what, Class<?> type, Class<?> asItIs) {
        if (type == Void.class || type == asItIs) return;
        try {
            Json.require(type);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the " + what + " of " + this + ": " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("NullAway") // a Void is null, it has no other value
    private I input(Request request) {
        if (takes == Void.class) return null;
        if (takes == Request.class) return takes.cast(request);
        if (takes == String.class) return takes.cast(request.variable(path.variables().getFirst()));
        var texts = new HashMap<String, String>();
        request.query().all().forEach((name, values) -> texts.put(name, String.join(",", values)));
        request.variables()
                .forEach((name, value) -> {
                    var other = texts.put(name, value);
                    if (other != null && !other.equals(value))
                        throw new Failure.Malformed(
                                name
                                        + " is "
                                        + value
                                        + " in the path and "
                                        + other
                                        + " in the query; they have to agree");
                });
        var body = hasBody() ? json(request) : new byte[0];
        return Json.read(body, texts, takes);
    }

    private boolean hasBody() {
        return method != Method.GET && method != Method.HEAD;
    }

    /** What {@code curl -d} says of any body, so that nobody has to name a type by hand. */
    private static final String CURL_DEFAULT = "application/x-www-form-urlencoded";

    /** A body that says it is something else is not guessed at. */
    private static byte[] json(Request request) {
        var essence = request.headers().mediaType();
        boolean json =
                essence.isEmpty()
                        || essence.equals(JSON)
                        || essence.endsWith("+json")
                        || essence.equals(CURL_DEFAULT);
        if (request.body() != Body.EMPTY && !json)
            throw Problem.of(
                            415,
                            "unsupported-media-type",
                            "the body is " + essence + ", wanted " + JSON)
                    .failure();
        return request.body().bytes();
    }

    private Response answer(O output) {
        if (output instanceof Response response) return response;
        if (answers == Void.class) return Response.of(status);
        var response = new Response(status, IS_JSON, Body.of(Json.write(output, answers)));
        return location.isEmpty()
                ? response
                : response.header("Location", location.get().apply(output));
    }

    /**
     * Client side: the typed operation of whatever serves at the other end.
     *
     * <p>It sends the current context along, adds the answer's receipt to the current work, and tells
     * the work if the service says that another try would only add load. A
     * problem is thrown as {@link Failure.Answered}, a refusal as {@link Failure.Refused}; an answer
     * that cannot be read is a problem of status 502.
     */
    public Service<I, O> on(Service<Request, Response> client) {
        return input -> {
            var response = client.call(ContextHeaders.inject(request(input)));
            try {
                return output(response);
            } finally {
                response.body().close();
            }
        };
    }

    @Override
    public Request request(I input) {
        if (takes == Void.class) return Request.of(method, path.fill(Map.of()));
        if (input instanceof Request request)
            return request.with(method).path(path.fill(request.variables()));
        var variables = path.variables();
        if (input instanceof String value)
            return Request.of(method, path.fill(Map.of(variables.getFirst(), value)));
        if (variables.isEmpty() && hasBody())
            return Request.of(method, path.text())
                    .header("Content-Type", JSON)
                    .with(Body.of(Json.write(input, takes)));
        var members = new LinkedHashMap<>(Json.readMap(Json.write(input, takes)));
        var values = new HashMap<String, String>();
        for (var variable : variables) {
            var value = members.remove(variable);
            if (value != null) values.put(variable, text(variable, value));
        }
        var request = Request.of(method, path.fill(values));
        if (method == Method.GET || method == Method.HEAD || method == Method.DELETE)
            return inQuery(request, members);
        return members.isEmpty()
                ? request
                : request.header("Content-Type", JSON).with(Body.of(Json.write(members)));
    }

    private static Request inQuery(Request request, Map<String, Object> members) {
        var query = request.query();
        for (var member : members.entrySet())
            query = query.and(member.getKey(), text(member.getKey(), member.getValue()));
        return request.with(query);
    }

    private static String text(String name, Object value) {
        if (value instanceof List<?> list)
            return String.join(",", list.stream().map(each -> text(name, each)).toList());
        if (value instanceof Map)
            throw new IllegalArgumentException(
                    name + " is an object; a path or query holds single values and lists only");
        return value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString();
    }

    private static void noteReceipt(Response response) {
        var receipt = response.headers().get(ContextHeaders.RECEIPT);
        if (receipt.isEmpty()) return;
        try {
            Context.current().work().wrote(Receipt.parse(receipt.get()));
        } catch (Failure.Malformed e) {
            throw unreadable(e);
        }
    }

    /** It adds the answer's receipt to the current work, and notes if trying again would only add load. */
    @Override
    @SuppressWarnings("NullAway") // a Void is null, it has no other value
    public O output(Response response) {
        noteReceipt(response);
        Problems.noteGaveUp(response);
        if (answers == Response.class && response.successful())
            return answers.cast(response.with(Body.of(response.body().bytes(MAX_ANSWER_BYTES))));
        if (response.status() < 200 || response.status() > 299) throw Problems.failure(response);
        if (answers == Void.class) return null;
        try {
            return Json.read(response.body().bytes(MAX_ANSWER_BYTES), answers);
        } catch (Failure.Malformed e) {
            throw unreadable(e);
        }
    }

    /** The fault is the answering service's, not that of whoever called us. */
    private static Failure unreadable(Failure.Malformed e) {
        return Problem.of(502, "unreadable-answer", "a called service answered: " + e.getMessage())
                .failure();
    }

    /** {@code GET /products/{id}}. */
    @Override
    public String toString() {
        return method + " " + path;
    }
}
