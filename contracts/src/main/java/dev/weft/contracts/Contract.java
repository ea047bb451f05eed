package dev.weft.contracts;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What one service promises, and what it needs of others.
 *
 * <p>Schemas are those of {@link dev.weft.json.Schemas}, and refer to {@code schemas} by {@value #PREFIX}{@code NAME}. An empty
 * schema fits anything.
 *
 * @param endpoints what it answers over HTTP
 * @param publishes the types of its public events
 * @param listens what its listeners read of which public events
 * @param calls what it calls of other services, as far as it is known
 * @param schemas by name
 */
public record Contract(
        String service,
        List<Operation> endpoints,
        List<Told> publishes,
        List<Heard> listens,
        List<Call> calls,
        Map<String, Object> schemas) {

    /** Where references to {@link #schemas} begin. */
    public static final String PREFIX = "#/schemas/";

    /**
     * An operation over HTTP.
     *
     * @param operation {@code GET /products/{id}}
     * @param takes path, query and body as one object; absent if it takes nothing
     * @param answers the body of a success; absent if it has none
     * @param status of a success; absent if it is a plain route, of whose input and answer nothing is known
     * @param located whether a success has the header {@code Location}
     */
    public record Operation(
            String operation,
            Optional<Map<String, Object>> takes,
            Optional<Map<String, Object>> answers,
            Optional<Integer> status,
            boolean located) {}

    /**
     * A type of public event that the service publishes.
     *
     * @param schema of the data
     */
    public record Told(String type, int version, Map<String, Object> schema) {

        /** What it is called on the bus: {@code order-placed}, {@code order-placed.v2}. */
        public String publicName() {
            return Contract.publicName(type, version);
        }
    }

    /**
     * A type of public event that a listener takes.
     *
     * @param version that it reads; it reads all before it too
     * @param schema of the data that it reads, which may be less than is told
     */
    public record Heard(String listener, String type, int version, Map<String, Object> schema) {

        /** What its versions are called on the bus, the oldest first. */
        public List<String> publicNames() {
            return IntStream.rangeClosed(1, version)
                    .mapToObj(each -> Contract.publicName(type, each))
                    .toList();
        }
    }

    /**
     * An operation of another service.
     *
     * @param takes what is sent
     * @param answers what is read of the answer, which may be less than is answered
     */
    public record Call(
            String service,
            String operation,
            Optional<Map<String, Object>> takes,
            Optional<Map<String, Object>> answers) {}

    private static String publicName(String type, int version) {
        return version == 1 ? type : type + ".v" + version;
    }

    public Contract {
        endpoints = List.copyOf(endpoints);
        publishes = List.copyOf(publishes);
        listens = List.copyOf(listens);
        calls = List.copyOf(calls);
    }
}
