package dev.weft.contracts;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The schemas of some contracts in one document: moved to where that keeps them, and told apart by service if there are several. */
final class References {

    private final List<Contract> contracts;
    private final String to;

    /**
     * @param to where references begin in the document
     */
    References(List<Contract> contracts, String to) {
        this.contracts = contracts;
        this.to = to;
    }

    private String prefix(Contract contract) {
        return contracts.size() == 1 ? "" : contract.service() + ".";
    }

    /** The contract's schema, as it stands in the document. */
    Map<String, Object> of(Contract contract, Map<String, Object> schema) {
        return Node.object(moved(schema, Contract.PREFIX, to + prefix(contract)));
    }

    /** All schemas, by the names that they have in the document. */
    Map<String, Object> definitions() {
        var all = new TreeMap<String, Object>();
        for (var contract : contracts)
            contract.schemas()
                    .forEach((name, schema) ->
                            all.put(prefix(contract) + name, of(contract, Node.object(schema))));
        return all;
    }

    private static Object moved(Object value, String from, String to) {
        return switch (value) {
            case Map<?, ?> map -> {
                var moved = Parts.object();
                Node.object(map)
                        .forEach((name, member) -> {
                            boolean reference =
                                    name.equals("$ref")
                                            && member instanceof String text
                                            && text.startsWith(from);
                            moved.put(
                                    name,
                                    reference
                                            ? to + member.toString().substring(from.length())
                                            : moved(member, from, to));
                        });
                yield moved;
            }
            case List<?> list -> list.stream().map(each -> moved(each, from, to)).toList();
            default -> value;
        };
    }
}
