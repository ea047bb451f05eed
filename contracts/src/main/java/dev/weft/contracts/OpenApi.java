package dev.weft.contracts;

import dev.weft.contracts.Contract.Operation;
import dev.weft.core.ContextHeaders;
import dev.weft.core.PathTemplate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of services as one OpenAPI 3.1 document.
 *
 * <p>Of several services it is what the gateway answers; their schemas are named after them then, {@code cart.OrderPlaced}.
 */
public final class OpenApi {

    private static final String JSON = "application/json";
    private static final String SCHEMAS = "#/components/schemas/";
    private static final Set<String> WITH_QUERY = Set.of("GET", "HEAD", "DELETE");
    private static final Set<String> READING = Set.of("GET", "HEAD");

    private final Map<String, Object> paths = new TreeMap<>();
    private final Map<String, String> templates = new HashMap<>();
    private final Map<String, Integer> ids = new HashMap<>();

    private OpenApi() {}

    /**
     * The document, as JSON that can be written.
     *
     * @param title of the system, or of the one service
     */
    public static Map<String, Object> of(String title, List<Contract> contracts) {
        var api = new OpenApi();
        var schemas = new References(contracts, SCHEMAS);
        for (var contract : contracts)
            for (var operation : contract.endpoints()) api.add(contract, operation, schemas);
        var components = Parts.object();
        var all = schemas.definitions();
        all.put("Problem", problem());
        components.put("schemas", all);
        components.put("parameters", parameters());
        components.put("headers", headers());
        components.put("responses", Map.of("Problem", problemResponse()));
        var document = Parts.object();
        document.put("openapi", "3.1.1");
        document.put("jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema");
        document.put("info", Parts.info(title));
        document.put("paths", api.paths);
        document.put("components", components);
        return document;
    }

    private void add(Contract contract, Operation operation, References schemas) {
        int space = operation.operation().indexOf(' ');
        var method = operation.operation().substring(0, space);
        var path = new PathTemplate(operation.operation().substring(space + 1));
        // Two templates that differ in the names of variables only are one path, of the first one's
        // names.
        var text = path.text().replace("...}", "}");
        var chosen = templates.computeIfAbsent(text.replaceAll("\\{[^}]*", "{"), _ -> text);
        var names = new PathTemplate(chosen).variables();
        var item = Parts.object(paths.get(chosen));
        item.put(
                method.toLowerCase(Locale.ROOT),
                operation(contract, operation, method, path, names, schemas));
        paths.put(chosen, item);
    }

    private Map<String, Object> operation(
            Contract contract,
            Operation operation,
            String method,
            PathTemplate path,
            List<String> names,
            References schemas) {
        var takes =
                operation
                        .takes()
                        .map(schema -> new Node(schema, contract.schemas()))
                        .map(node -> node.resolved().renamed(path.variables(), names));
        boolean inQuery = WITH_QUERY.contains(method);
        var parameters = new ArrayList<Object>();
        for (var name : names)
            parameters.add(
                    parameter(
                            "path",
                            name,
                            true,
                            schemas.of(contract, member(takes, name)),
                            path.text().endsWith("{" + lastOf(path) + "...}")
                                            && name.equals(names.getLast())
                                    ? "The rest of the path, with its slashes."
                                    : ""));
        if (inQuery && takes.isPresent())
            takes.get()
                    .members()
                    .forEach((name, member) -> {
                        if (!names.contains(name))
                            parameters.add(
                                    parameter(
                                            "query",
                                            name,
                                            takes.get().required().contains(name),
                                            schemas.of(contract, member.schema()),
                                            ""));
                    });
        if (!READING.contains(method)) parameters.add(reference("parameters", "IdempotencyKey"));
        parameters.add(reference("parameters", "WeftAfter"));
        var document = Parts.object();
        document.put("operationId", id(method, path));
        document.put("tags", List.of(contract.service()));
        document.put("parameters", parameters);
        if (!inQuery)
            body(contract, operation, takes, names, schemas)
                    .ifPresent(body -> document.put("requestBody", body));
        document.put("responses", responses(contract, operation, schemas));
        return document;
    }

    private static String lastOf(PathTemplate path) {
        return path.variables().isEmpty() ? "" : path.variables().getLast();
    }

    private String id(String method, PathTemplate path) {
        var id =
                (method.toLowerCase(Locale.ROOT) + path.text().replaceAll("[^A-Za-z0-9]+", "_"))
                        .replaceAll("_$", "");
        int number = ids.merge(id, 1, Integer::sum);
        return number == 1 ? id : id + "_" + number;
    }

    /** A variable of which nothing is known is a text. */
    private static Map<String, Object> member(Optional<Node> takes, String name) {
        return takes.flatMap(node -> Optional.ofNullable(node.members().get(name)))
                .map(Node::schema)
                .orElse(Map.of("type", "string"));
    }

    private static Map<String, Object> parameter(
            String in, String name, boolean required, Map<String, Object> schema, String about) {
        var parameter = Parts.object();
        parameter.put("name", name);
        parameter.put("in", in);
        if (!about.isEmpty()) parameter.put("description", about);
        parameter.put("required", required);
        // A list is one text with commas between.
        if ("array".equals(schema.get("type")) && in.equals("query"))
            parameter.put("explode", false);
        parameter.put("schema", schema);
        return parameter;
    }

    private static Optional<Map<String, Object>> body(
            Contract contract,
            Operation operation,
            Optional<Node> takes,
            List<String> names,
            References schemas) {
        if (operation.status().isEmpty()) return Optional.of(anyBody());
        if (takes.isEmpty()) return Optional.empty();
        var node = takes.get();
        if (node.kind() == Node.Kind.ANYTHING) return Optional.of(anyBody());
        var schema = operation.takes().orElse(Map.of());
        boolean required = true;
        if (node.kind() == Node.Kind.OBJECT) {
            var members = node.members();
            if (members.keySet().stream().anyMatch(names::contains)) {
                members.keySet().removeAll(names);
                if (members.isEmpty()) return Optional.empty();
                schema = node.without(names);
            }
            required = node.required().stream().anyMatch(name -> !names.contains(name));
        }
        var body = Parts.object();
        body.put("required", required);
        body.put("content", content(schemas.of(contract, schema)));
        return Optional.of(body);
    }

    private static Map<String, Object> anyBody() {
        return Map.of("content", Map.of("*/*", Map.of()));
    }

    private static Map<String, Object> content(Map<String, Object> schema) {
        return Map.of(JSON, Map.of("schema", schema));
    }

    private static Map<String, Object> responses(
            Contract contract, Operation operation, References schemas) {
        var responses = Parts.object();
        if (operation.status().isEmpty()) {
            responses.put("default", Map.of("description", "What the service answers."));
            return responses;
        }
        var success = Parts.object();
        success.put("description", "Done.");
        var headers = Parts.object();
        if (operation.located()) headers.put("Location", reference("headers", "Location"));
        headers.put(ContextHeaders.RECEIPT, reference("headers", "WeftReceipt"));
        success.put("headers", headers);
        if (operation.answers().isPresent()) {
            var answers = operation.answers().get();
            success.put(
                    "content",
                    answers.isEmpty()
                            ? Map.of("*/*", Map.of())
                            : content(schemas.of(contract, answers)));
        }
        responses.put(Integer.toString(operation.status().get()), success);
        responses.put("default", reference("responses", "Problem"));
        return responses;
    }

    private static Map<String, Object> reference(String kind, String name) {
        return Map.of("$ref", "#/components/" + kind + "/" + name);
    }

    private static Map<String, Object> parameters() {
        var parameters = Parts.object();
        parameters.put(
                "IdempotencyKey",
                parameter(
                        "header",
                        ContextHeaders.IDEMPOTENCY_KEY,
                        false,
                        Map.of("type", "string"),
                        "Makes it happen once, however often it is sent."));
        parameters.put(
                "WeftAfter",
                parameter(
                        "header",
                        ContextHeaders.AFTER,
                        false,
                        Map.of("type", "string"),
                        "Receipts of earlier answers; waits until what they wrote is known here."));
        return parameters;
    }

    private static Map<String, Object> headers() {
        var headers = Parts.object();
        headers.put("Location", header("The path of what was made."));
        headers.put("WeftReceipt", header("What was written; for " + ContextHeaders.AFTER + "."));
        return headers;
    }

    private static Map<String, Object> header(String about) {
        var header = Parts.object();
        header.put("description", about);
        header.put("schema", Map.of("type", "string"));
        return header;
    }

    private static Map<String, Object> problem() {
        var properties = Parts.object();
        properties.put("type", text("uri-reference"));
        properties.put("title", text(null));
        properties.put("status", Map.of("type", "integer"));
        properties.put("detail", text(null));
        var problem = Parts.object();
        problem.put("type", "object");
        problem.put("properties", properties);
        return problem;
    }

    private static Map<String, Object> text(@Nullable String format) {
        var text = Parts.object();
        text.put("type", "string");
        if (format != null) text.put("format", format);
        return text;
    }

    private static Map<String, Object> problemResponse() {
        var response = new LinkedHashMap<String, Object>();
        response.put("description", "A problem or refusal (RFC 9457).");
        response.put(
                "content",
                Map.of(
                        "application/problem+json",
                        Map.of("schema", Map.of("$ref", SCHEMAS + "Problem"))));
        return response;
    }
}
