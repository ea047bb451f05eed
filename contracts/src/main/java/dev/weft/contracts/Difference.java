package dev.weft.contracts;

import dev.weft.contracts.Node.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Walks through two schemas of one thing, the older and the newer, and says where they differ and whether that breaks.
 *
 * <p>What breaks hangs on who reads what. Readers are those of {@link dev.weft.json.Json}: they want what is not optional,
 * ignore what they do not know, and refuse a constant or a case that they do not know.
 */
final class Difference {

    /** What the two schemas are. */
    enum Of {
        /** Input, before and now: what was sent is still to be taken. */
        INPUT(false, true),

        /** An answer, before and now: who could read it still has to. */
        ANSWER(true, false),

        /** An event, before and now: as events stay, each is to be read by those who know the other. */
        EVENT(true, true),

        /** What a consumer reads, and what there is to be read. */
        NEED(true, false),

        /** What a consumer sends, and what is taken. */
        SENT(false, true);

        /** Whether who knows the older schema has to read what is written by the newer one, and the other way round. */
        private final boolean olderReads;

        private final boolean newerReads;

        Of(boolean olderReads, boolean newerReads) {
            this.olderReads = olderReads;
            this.newerReads = newerReads;
        }

        /** Whether the same thing is compared at two times, and not two sides of it. */
        boolean isOverTime() {
            return this != NEED && this != SENT;
        }

        private String gone() {
            return switch (this) {
                case INPUT, SENT -> "is not taken any more";
                case ANSWER -> "is not answered any more";
                case EVENT -> "is not told any more";
                case NEED -> "is needed and not there";
            };
        }

        private String goneConstant() {
            return switch (this) {
                case INPUT -> " is not taken any more";
                case ANSWER, NEED -> " is never answered any more";
                case EVENT -> " is gone; events that were told before may have it";
                case SENT -> " may be sent and is not taken";
            };
        }

        private String added() {
            return switch (this) {
                case INPUT -> "is required, which it was not";
                case SENT -> "is required and is not sent";
                case ANSWER, NEED -> "is new";
                case EVENT -> "is new and required; events that were told before do not have it";
            };
        }
    }

    /** One difference. */
    record Found(List<String> path, String what, boolean breaking) {

        /** {@code lines[].product_id}. */
        String field() {
            var field = new StringBuilder();
            for (var step : path) {
                boolean member =
                        !step.equals(Node.ELEMENT)
                                && !step.equals(Node.VALUE)
                                && !step.startsWith("(");
                if (member && !field.isEmpty()) field.append('.');
                field.append(step);
            }
            return field.toString();
        }
    }

    private record Pair(String older, String newer) {}

    private static final List<String> WHOLE = List.of("int8", "int16", "int32", "int64", "");
    private static final List<String> NUMBERS = List.of("float", "double", "decimal", "");

    private final Of of;
    private final List<Found> found = new ArrayList<>();

    /** What is being compared already, further out. */
    private final Set<Pair> within;

    private Difference(Of of, Set<Pair> within) {
        this.of = of;
        this.within = within;
    }

    static List<Found> between(Node older, Node newer, Of of) {
        return between(older, newer, of, new HashSet<>());
    }

    private static List<Found> between(Node older, Node newer, Of of, Set<Pair> within) {
        var difference = new Difference(of, within);
        difference.compare(List.of(), older, newer);
        return difference.found;
    }

    private void add(List<String> path, String what, boolean breaking) {
        if (breaking || of.isOverTime()) found.add(new Found(path, what, breaking));
    }

    private static List<String> below(List<String> path, String step) {
        var below = new ArrayList<>(path);
        below.add(step);
        return List.copyOf(below);
    }

    private void compare(List<String> path, Node older, Node newer) {
        // A record that holds itself is compared once.
        var pair = new Pair(older.reference(), newer.reference());
        boolean named = !pair.older.isEmpty() && !pair.newer.isEmpty();
        if (named && !within.add(pair)) return;
        values(path, older.resolved(), newer.resolved());
        if (named) within.remove(pair);
    }

    private void values(List<String> path, Node older, Node newer) {
        var was = older.kind();
        var is = newer.kind();
        // Two sides of one thing, of which one says nothing: nothing is known.
        if (!of.isOverTime() && (was == Kind.ANYTHING || is == Kind.ANYTHING)) return;
        if (was != is) {
            boolean wider = is == Kind.ANYTHING || (was == Kind.WHOLE && is == Kind.NUMBER);
            boolean narrower = was == Kind.ANYTHING || (was == Kind.NUMBER && is == Kind.WHOLE);
            retyped(path, older, newer, wider, narrower);
            return;
        }
        switch (was) {
            case ANYTHING, BOOLEAN -> {}
            case TEXT -> texts(path, older, newer);
            case WHOLE -> ranked(path, older, newer, WHOLE);
            case NUMBER -> ranked(path, older, newer, NUMBERS);
            case LIST -> compare(below(path, Node.ELEMENT), older.elements(), newer.elements());
            case MAP -> compare(below(path, Node.VALUE), older.values(), newer.values());
            case OBJECT -> members(path, older, newer);
            case CHOICE -> cases(path, older, newer);
        }
    }

    private void retyped(
            List<String> path, Node older, Node newer, boolean wider, boolean narrower) {
        boolean breaking =
                wider ? of.olderReads : narrower ? of.newerReads : of.olderReads || of.newerReads;
        add(
                path,
                of.isOverTime()
                        ? "was " + older.words() + ", is " + newer.words()
                        : of == Of.NEED
                                ? "is read as " + older.words() + ", and is " + newer.words()
                                : "is sent as " + older.words() + ", and is " + newer.words(),
                breaking);
    }

    private void ranked(List<String> path, Node older, Node newer, List<String> formats) {
        int was = formats.indexOf(older.format());
        int is = formats.indexOf(newer.format());
        if (was != is) retyped(path, older, newer, was < is, was > is);
    }

    private void texts(List<String> path, Node older, Node newer) {
        var was = older.constants();
        var is = newer.constants();
        if (!was.isEmpty() && !is.isEmpty()) {
            constants(path, was, is);
            return;
        }
        // A text of no format, and no enum, is any text.
        boolean wasPlain = was.isEmpty() && older.format().isEmpty();
        boolean isPlain = is.isEmpty() && newer.format().isEmpty();
        boolean same = was.isEmpty() && is.isEmpty() && older.format().equals(newer.format());
        if (!same) retyped(path, older, newer, isPlain, wasPlain);
    }

    private void constants(List<String> path, Set<String> was, Set<String> is) {
        for (var constant : without(was, is))
            add(path, constant + of.goneConstant(), of.newerReads);
        for (var constant : without(is, was))
            add(path, constant + " may come, which was not known", of.olderReads);
    }

    private static Set<String> without(Set<String> all, Set<String> some) {
        var left = new LinkedHashSet<>(all);
        left.removeAll(some);
        return left;
    }

    private void cases(List<String> path, Node older, Node newer) {
        var was = older.cases();
        var is = newer.cases();
        for (var gone : without(was.keySet(), is.keySet()))
            add(below(path, Node.oneCase(gone)), of.goneConstant().strip(), of.newerReads);
        for (var more : without(is.keySet(), was.keySet()))
            add(below(path, Node.oneCase(more)), "may come, which was not known", of.olderReads);
        was.forEach((name, before) -> {
            var now = is.get(name);
            if (now != null) members(below(path, Node.oneCase(name)), before, now);
        });
    }

    private void members(List<String> path, Node older, Node newer) {
        var was = older.members();
        var is = newer.members();
        var before = older.required();
        var now = newer.required();
        var gone = without(was.keySet(), is.keySet());
        var more = without(is.keySet(), was.keySet());
        for (var name : gone) {
            if (of == Of.SENT || (of == Of.NEED && !before.contains(name))) continue;
            add(below(path, name), of.gone() + renamed(was.get(name), more, newer), true);
        }
        for (var name : more) {
            boolean required = now.contains(name);
            add(
                    below(path, name),
                    required ? of.added() : "is new, optional",
                    required && of.newerReads);
        }
        was.forEach((name, value) -> {
            var other = is.get(name);
            if (other == null) return;
            var at = below(path, name);
            if (before.contains(name) && !now.contains(name))
                add(
                        at,
                        of == Of.NEED
                                ? "is needed and may be absent"
                                : "was always there, is optional",
                        of.olderReads);
            if (!before.contains(name) && now.contains(name))
                add(
                        at,
                        of == Of.SENT
                                ? "is required and may not be sent"
                                : "was optional, is required",
                        of.newerReads);
            compare(at, value, other);
        });
    }

    /** Whether one that came has the form of one that went. */
    private String renamed(@Nullable Node gone, Set<String> more, Node newer) {
        if (gone == null || !of.isOverTime()) return "";
        var alike =
                more.stream()
                        .filter(name -> {
                            var other = newer.members().get(name);
                            return other != null && between(gone, other, of, within).isEmpty();
                        })
                        .toList();
        return alike.size() == 1 ? "; " + alike.getFirst() + " is new and of its form" : "";
    }
}
