package dev.weft.contracts;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A place in a schema, as comparing sees it. What is no schema of ours is anything.
 *
 * @param definitions what references lead to
 */
record Node(Map<String, Object> schema, Map<String, Object> definitions) {

    /** The step of a path into the elements of a list. */
    static final String ELEMENT = "[]";

    /** The step of a path into the values of a map. */
    static final String VALUE = ".*";

    enum Kind {
        ANYTHING,
        TEXT,
        BOOLEAN,
        WHOLE,
        NUMBER,
        LIST,
        MAP,
        OBJECT,
        CHOICE
    }

    /** The step of a path into one record of several. */
    static String oneCase(String name) {
        return "(" + name + ")";
    }

    /** What it refers to, if it does; empty otherwise. */
    String reference() {
        return schema.get("$ref") instanceof String text ? text : "";
    }

    /** This, or what it refers to. A definition refers to no other one. */
    Node resolved() {
        var reference = reference();
        if (!reference.startsWith(Contract.PREFIX)) return this;
        var name = reference.substring(Contract.PREFIX.length());
        return new Node(object(definitions.get(name)), definitions);
    }

    /** An object whose members of these names have others, in the same order. */
    Node renamed(List<String> names, List<String> others) {
        if (names.equals(others)) return this;
        var here = resolved();
        UnaryOperator<String> rename =
                name -> {
                    int at = names.indexOf(name);
                    return at < 0 || at >= others.size() ? name : others.get(at);
                };
        var properties = new LinkedHashMap<String, Object>();
        object(here.schema.get("properties"))
                .forEach((name, member) -> properties.put(rename.apply(name), member));
        var renamed = new LinkedHashMap<>(here.schema);
        renamed.put("properties", properties);
        renamed.put("required", here.required().stream().map(rename).toList());
        return new Node(renamed, definitions);
    }

    /** The schema of this object without these members. */
    Map<String, Object> without(List<String> names) {
        var here = resolved();
        var properties = object(here.schema.get("properties"));
        properties.keySet().removeAll(names);
        var required = here.required().stream().filter(name -> !names.contains(name)).toList();
        var without = new LinkedHashMap<>(here.schema);
        without.put("properties", properties);
        without.remove("required");
        if (!required.isEmpty()) without.put("required", required);
        return without;
    }

    Kind kind() {
        if (schema.containsKey("oneOf")) return Kind.CHOICE;
        return switch (text("type")) {
            case "string" -> Kind.TEXT;
            case "boolean" -> Kind.BOOLEAN;
            case "integer" -> Kind.WHOLE;
            case "number" -> Kind.NUMBER;
            case "array" -> Kind.LIST;
            case "object" -> schema.containsKey("properties") ? Kind.OBJECT : Kind.MAP;
            default -> Kind.ANYTHING;
        };
    }

    /** {@code date-time}, {@code int64}, {@code base64}; empty if it says no more than its kind. */
    String format() {
        var format = text("format");
        return format.isEmpty() ? text("contentEncoding") : format;
    }

    /** Of an enum; empty if it is none. */
    Set<String> constants() {
        return texts("enum");
    }

    Set<String> required() {
        return texts("required");
    }

    /** The members of a record, without the one that says which of several it is. */
    Map<String, Node> members() {
        var members = new LinkedHashMap<String, Node>();
        object(schema.get("properties"))
                .forEach((name, member) -> {
                    var of = node(member);
                    if (!of.schema.containsKey("const")) members.put(name, of);
                });
        return members;
    }

    /** The records of a sealed interface. */
    Map<String, Node> cases() {
        var cases = new LinkedHashMap<String, Node>();
        if (schema.get("oneOf") instanceof List<?> all)
            for (var each : all) {
                var of = node(each);
                var type = object(object(of.schema.get("properties")).get("type")).get("const");
                if (type instanceof String name) cases.put(name, of);
            }
        return cases;
    }

    Node elements() {
        return node(schema.get("items"));
    }

    Node values() {
        return node(schema.get("additionalProperties"));
    }

    /** Whether who reads this reads what lies there. */
    boolean reads(List<String> path) {
        var here = resolved();
        if (path.isEmpty() || here.kind() == Kind.ANYTHING) return true;
        var rest = path.subList(1, path.size());
        return switch (path.getFirst()) {
            case ELEMENT -> here.kind() == Kind.LIST && here.elements().reads(rest);
            case VALUE -> here.kind() == Kind.MAP && here.values().reads(rest);
            case String step when step.startsWith("(") -> {
                // Who knows of the choice has to do with each of its cases.
                var one = here.cases().get(step.substring(1, step.length() - 1));
                yield here.kind() == Kind.CHOICE && (one == null || one.reads(rest));
            }
            case String step -> {
                var member = here.members().get(step);
                yield member != null && member.reads(rest);
            }
        };
    }

    /** For people: {@code a text}, {@code a number (int64)}, {@code one of small, large}. */
    String words() {
        var what =
                switch (kind()) {
                    case ANYTHING -> "anything";
                    case TEXT ->
                            constants().isEmpty()
                                    ? "a text"
                                    : "one of " + String.join(", ", constants());
                    case BOOLEAN -> "true or false";
                    case WHOLE -> "a whole number";
                    case NUMBER -> "a number";
                    case LIST -> "a list";
                    case MAP -> "a map";
                    case OBJECT -> "an object";
                    case CHOICE -> "one of " + String.join(", ", cases().keySet());
                };
        return format().isEmpty() ? what : what + " (" + format() + ")";
    }

    private Node node(@Nullable Object value) {
        return new Node(object(value), definitions);
    }

    private String text(String keyword) {
        return schema.get(keyword) instanceof String text ? text : "";
    }

    private Set<String> texts(String keyword) {
        var texts = new LinkedHashSet<String>();
        if (schema.get(keyword) instanceof List<?> list)
            for (var each : list) texts.add(String.valueOf(each));
        return texts;
    }

    static Map<String, Object> object(@Nullable Object value) {
        var object = new LinkedHashMap<String, Object>();
        if (value instanceof Map<?, ?> map)
            map.forEach((name, member) -> {
                if (member != null) object.put(String.valueOf(name), member);
            });
        return object;
    }
}
