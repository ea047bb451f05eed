package dev.weft.core;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * Header fields in order; names are compared without regard to case. Immutable.
 *
 * <p>A name may occur more than once. Names and values hold no line breaks: such a value is refused
 * when it is added, so that nobody can smuggle a header.
 */
public final class Headers {

    public static final Headers EMPTY = new Headers(new String[0]);

    /** Names and values in turns. */
    private final String[] fields;

    private Headers(String[] fields) {
        this.fields = fields;
    }

    public static Headers of(String name, String value) {
        return EMPTY.and(name, value);
    }

    /** The first value of that name. */
    public Optional<String> get(String name) {
        for (int i = 0; i < fields.length; i += 2)
            if (fields[i].equalsIgnoreCase(name)) return Optional.of(fields[i + 1]);
        return Optional.empty();
    }

    /** All values of that name, in order. */
    public List<String> all(String name) {
        int count = count(name);
        if (count == 0) return List.of();
        var all = new String[count];
        for (int i = fields.length - 2; i >= 0; i -= 2)
            if (fields[i].equalsIgnoreCase(name)) all[--count] = fields[i + 1];
        return List.of(all);
    }

    private int count(String name) {
        int count = 0;
        for (int i = 0; i < fields.length; i += 2) if (fields[i].equalsIgnoreCase(name)) count++;
        return count;
    }

    /** These fields and one more. */
    public Headers and(String name, String value) {
        check(name);
        check(value);
        var more = Arrays.copyOf(fields, fields.length + 2);
        more[fields.length] = name;
        more[fields.length + 1] = value;
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
        return count(name) == 0 ? this : only(other -> !other.equalsIgnoreCase(name));
    }

    /** The fields whose name passes the test, in order. */
    public Headers only(Predicate<String> name) {
        var kept = new Builder().addAll(this, name).build();
        return kept.size() == size() ? this : kept;
    }

    /** Hands each field's name and value over, in order. */
    public void forEach(BiConsumer<String, String> action) {
        for (int i = 0; i < fields.length; i += 2) action.accept(fields[i], fields[i + 1]);
    }

    public int size() {
        return fields.length / 2;
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
        var text = new StringJoiner(", ", "[", "]");
        forEach((name, value) -> text.add(name + ": " + value));
        return text.toString();
    }

    /** Fields gathered one by one, for whoever reads or says many of them. One thread. */
    public static final class Builder {

        /** Room for what most messages have. */
        private static final int USUAL = 8;

        private String[] fields = new String[2 * USUAL];
        private int length;

        public Builder() {}

        public Builder add(String name, String value) {
            check(name);
            check(value);
            put(name, value);
            return this;
        }

        /** Those of the others whose name passes the test. */
        public Builder addAll(Headers others, Predicate<String> name) {
            for (int i = 0; i < others.fields.length; i += 2)
                if (name.test(others.fields[i])) put(others.fields[i], others.fields[i + 1]);
            return this;
        }

        private void put(String name, String value) {
            if (length == fields.length) fields = Arrays.copyOf(fields, 2 * length);
            fields[length++] = name;
            fields[length++] = value;
        }

        public Headers build() {
            return length == 0 ? EMPTY : new Headers(Arrays.copyOf(fields, length));
        }
    }
}
