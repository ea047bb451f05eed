package dev.weft.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * Header fields in order; names are compared without regard to case. Immutable.
 *
 * <p>A name may occur more than once. Names and values hold no line breaks: such a value is refused
 * when it is added, so that nobody can smuggle a header.
 */
public final class Headers {

    public static final Headers EMPTY = new Headers(List.of());

    private record Field(String name, String value) {}

    private final List<Field> fields;

    private Headers(List<Field> fields) {
        this.fields = fields;
    }

    public static Headers of(String name, String value) {
        return EMPTY.and(name, value);
    }

    /** The first value of that name. */
    public Optional<String> get(String name) {
        for (var field : fields)
            if (field.name.equalsIgnoreCase(name)) return Optional.of(field.value);
        return Optional.empty();
    }

    /** All values of that name, in order. */
    public List<String> all(String name) {
        if (get(name).isEmpty()) return List.of();
        var all = new ArrayList<String>();
        for (var field : fields) if (field.name.equalsIgnoreCase(name)) all.add(field.value);
        return List.copyOf(all);
    }

    /** These fields and one more. */
    public Headers and(String name, String value) {
        check(name);
        check(value);
        var more = new ArrayList<Field>(fields.size() + 1);
        more.addAll(fields);
        more.add(new Field(name, value));
        return new Headers(more);
    }

    /** What {@code Content-Type} names, without parameters and in lower case; empty if there is none. */
    public String mediaType() {
        var type = get("Content-Type").orElse("");
        int parameters = type.indexOf(';');
        return (parameters < 0 ? type : type.substring(0, parameters))
                .strip()
                .toLowerCase(Locale.ROOT);
    }

    /** These fields, with this value the only one of its name. */
    public Headers set(String name, String value) {
        return without(name).and(name, value);
    }

    public Headers without(String name) {
        if (get(name).isEmpty()) return this;
        return only(other -> !other.equalsIgnoreCase(name));
    }

    /** The fields whose name passes the test, in order. */
    public Headers only(Predicate<String> name) {
        var kept = new ArrayList<Field>(fields.size());
        for (var field : fields) if (name.test(field.name)) kept.add(field);
        return kept.size() == fields.size() ? this : new Headers(kept);
    }

    /** Hands each field's name and value over, in order. */
    public void forEach(BiConsumer<String, String> action) {
        for (var field : fields) action.accept(field.name, field.value);
    }

    public int size() {
        return fields.size();
    }

    private static void check(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\r' || c == '\n' || c == 0)
                throw new Failure.Malformed(
                        "a header may not hold line breaks: \"" + text.strip() + "\"");
        }
    }

    @Override
    public String toString() {
        return fields.toString();
    }

    /** Fields gathered one by one, for whoever reads many of them. One thread. */
    public static final class Builder {
        private final List<Field> fields = new ArrayList<>();

        public Builder() {}

        public Builder add(String name, String value) {
            check(name);
            check(value);
            fields.add(new Field(name, value));
            return this;
        }

        /** Those of the others whose name passes the test. */
        public Builder addAll(Headers others, Predicate<String> name) {
            for (var field : others.fields) if (name.test(field.name)) fields.add(field);
            return this;
        }

        public Headers build() {
            return fields.isEmpty() ? EMPTY : new Headers(List.copyOf(fields));
        }
    }
}
