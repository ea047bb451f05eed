package dev.weft.contracts;

import dev.weft.contracts.Contract.Heard;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The public events of services as one AsyncAPI 3 document: a channel for each type, an operation for each service that publishes
 * it and each listener that takes it.
 *
 * <p>A channel's message is what is published; if nobody of these services publishes it, what the first listener reads. On the
 * bus it is a CloudEvent, whose attributes are the message's headers.
 */
public final class AsyncApi {

    private static final String SCHEMAS = "#/components/schemas/";

    private final References schemas;
    private final Map<String, Object> channels = new TreeMap<>();
    private final Map<String, Object> messages = new TreeMap<>();
    private final Map<String, Object> operations = new TreeMap<>();

    private AsyncApi(References schemas) {
        this.schemas = schemas;
    }

    /**
     * The document, as JSON that can be written.
     *
     * @param title of the system, or of the one service
     */
    public static Map<String, Object> of(String title, List<Contract> contracts) {
        var schemas = new References(contracts, SCHEMAS);
        var api = new AsyncApi(schemas);
        for (var contract : contracts)
            for (var told : contract.publishes()) {
                var name = told.publicName();
                api.channel(contract, name, told.schema());
                api.operation(contract.service() + ".publishes." + name, "send", name)
                        .put("summary", contract.service() + " publishes " + name);
            }
        for (var contract : contracts)
            for (var heard : contract.listens()) {
                for (var name : api.told(heard)) {
                    api.channel(contract, name, heard.schema());
                    var operation = contract.service() + "." + heard.listener() + "." + name;
                    api.operation(operation, "receive", name)
                            .put("summary", needs(contract, heard));
                }
            }
        var components = Parts.object();
        components.put("messages", api.messages);
        components.put("schemas", schemas.definitions());
        var document = Parts.object();
        document.put("asyncapi", "3.0.0");
        document.put("info", Parts.info(title));
        document.put("defaultContentType", "application/json");
        document.put("channels", api.channels);
        document.put("operations", api.operations);
        document.put("components", components);
        return document;
    }

    /** The versions that somebody publishes; if nobody does, its own. */
    private List<String> told(Heard heard) {
        var names = heard.publicNames();
        var told = names.stream().filter(channels::containsKey).toList();
        return told.isEmpty() ? List.of(names.getLast()) : told;
    }

    /** {@code cart.copies reads id, title, price}. */
    private static String needs(Contract contract, Heard heard) {
        var members = new Node(heard.schema(), contract.schemas()).resolved().members().keySet();
        return contract.service()
                + "."
                + heard.listener()
                + " reads "
                + (members.isEmpty() ? heard.type() : String.join(", ", members));
    }

    private void channel(Contract contract, String type, Map<String, Object> schema) {
        if (channels.containsKey(type)) return;
        var channel = Parts.object();
        channel.put("address", type);
        channel.put("messages", Map.of(type, reference("#/components/messages/" + type)));
        channels.put(type, channel);
        var message = Parts.object();
        message.put("name", type);
        message.put("contentType", "application/json");
        message.put("headers", attributes(type));
        message.put("payload", schemas.of(contract, schema));
        messages.put(type, message);
    }

    private Map<String, Object> operation(String name, String action, String type) {
        var operation = Parts.object();
        operation.put("action", action);
        operation.put("channel", reference("#/channels/" + type));
        operation.put("messages", List.of(reference("#/channels/" + type + "/messages/" + type)));
        operations.put(name, operation);
        return operation;
    }

    private static Map<String, Object> reference(String to) {
        return Map.of("$ref", to);
    }

    private static Map<String, Object> attributes(String type) {
        var properties = Parts.object();
        properties.put("ce-specversion", Map.of("const", "1.0"));
        properties.put("ce-type", Map.of("const", type));
        for (var name : List.of("ce-id", "ce-source", "ce-partitionkey"))
            properties.put(name, Map.of("type", "string"));
        var attributes = Parts.object();
        attributes.put("type", "object");
        attributes.put("properties", properties);
        attributes.put("required", List.of("ce-specversion", "ce-type", "ce-id", "ce-source"));
        return attributes;
    }
}
