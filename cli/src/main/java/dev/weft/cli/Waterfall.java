package dev.weft.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A trace as text: who called whom as a tree, and when as bars to one scale.
 *
 * <p>A step hangs below the one that it was done for. One whose parent is not there stands at the
 * root, so nothing that was recorded is hidden. What went wrong stands whole below its step, unless a step
 * below says the same. Of a service that has several instances, the instance is named.
 */
final class Waterfall {

    private static final int LEAST_WIDTH = 60;
    private static final int LEAST_BAR = 12;
    private static final int LEAST_ERROR = 30;

    /**
     * One step.
     *
     * @param tree what stands before its name
     * @param rest what stands before what is said about it on lines of their own
     * @param why what went wrong and no step below says
     */
    private record Row(String tree, String rest, WholeTrace.Step step, List<String> why) {}

    private final WholeTrace trace;
    private final Set<String> several;
    private final Ink ink;
    private final List<Row> rows = new ArrayList<>();

    private Waterfall(WholeTrace trace, Set<String> several, Ink ink) {
        this.trace = trace;
        this.several = several;
        this.ink = ink;
    }

    /**
     * The lines, none longer than the width if that is at least {@value #LEAST_WIDTH}.
     *
     * @param several the services that have more than one instance now
     */
    static List<String> draw(WholeTrace trace, Set<String> several, int width, Ink ink) {
        var all = new HashSet<>(several);
        var first = new HashMap<String, String>();
        for (var step : trace.spans())
            if (!first.computeIfAbsent(step.service(), _ -> step.instance())
                    .equals(step.instance())) all.add(step.service());
        var waterfall = new Waterfall(trace, all, ink);
        waterfall.arrange();
        return waterfall.lines(Math.max(width, LEAST_WIDTH));
    }

    private void arrange() {
        var ids = trace.spans().stream().map(WholeTrace.Step::spanId).collect(Collectors.toSet());
        var below = new HashMap<String, List<WholeTrace.Step>>();
        var roots = new ArrayList<WholeTrace.Step>();
        var ordered = new ArrayList<>(trace.spans());
        ordered.sort(Comparator.comparingDouble(WholeTrace.Step::offsetMs));
        for (var step : ordered) {
            var parent =
                    step.parentId().filter(ids::contains).filter(p -> !p.equals(step.spanId()));
            if (parent.isEmpty()) roots.add(step);
            else below.computeIfAbsent(parent.get(), p -> new ArrayList<>()).add(step);
        }
        var seen = new HashSet<String>();
        for (var root : roots) arrange(root, "", "", below, seen);
        for (var step : ordered) arrange(step, "", "", below, seen);
    }

    /** Each step once, even if wrong parents make a circle. */
    private void arrange(
            WholeTrace.Step step,
            String lead,
            String restLead,
            Map<String, List<WholeTrace.Step>> below,
            Set<String> seen) {
        if (!seen.add(step.spanId())) return;
        var children = below.getOrDefault(step.spanId(), List.of());
        boolean said = children.stream().anyMatch(child -> child.why().equals(step.why()));
        rows.add(
                new Row(
                        lead,
                        restLead + (children.isEmpty() ? "   " : "│  "),
                        step,
                        said
                                ? List.of()
                                : step.why()
                                        .map(String::lines)
                                        .map(Stream::toList)
                                        .orElse(List.of())));
        for (int i = 0; i < children.size(); i++) {
            boolean last = i == children.size() - 1;
            arrange(
                    children.get(i),
                    restLead + (last ? "└─ " : "├─ "),
                    restLead + (last ? "   " : "│  "),
                    below,
                    seen);
        }
    }

    private List<String> lines(int width) {
        int services = widest(0, row -> who(row.step()));
        int times = widest(8, row -> ms(row.step().durationMs()));
        int outcomes = widest(2, row -> row.step().outcome());
        int names = widest(4, row -> row.tree() + row.step().name());
        int left = width - services - times - outcomes - 8;
        names = Math.max(10, Math.min(names, left - LEAST_BAR));
        int bar = Math.max(LEAST_BAR, left - names);
        var lines = new ArrayList<String>();
        lines.add(title());
        for (var row : rows) {
            lines.add(
                    (fit(row.tree() + row.step().name(), names)
                                    + "  "
                                    + ink.named(
                                            row.step().service(), fit(who(row.step()), services))
                                    + "  "
                                    + " ".repeat(times - ms(row.step().durationMs()).length())
                                    + ms(row.step().durationMs())
                                    + "  "
                                    + bar(row.step(), bar)
                                    + "  "
                                    + outcome(row.step()))
                            .stripTrailing());
            for (var error : row.why()) wrapped(row.rest(), error, width, lines);
        }
        return lines;
    }

    /** A line of an error, on as many lines as it needs. */
    private void wrapped(String rest, String error, int width, List<String> lines) {
        // Deep in the tree there would be no room; there the tree is left out.
        var lead = rest.length() + LEAST_ERROR > width ? "  " : rest;
        int room = width - lead.length();
        for (int from = 0; from < error.length(); from += room)
            lines.add(lead + ink.red(error.substring(from, Math.min(error.length(), from + room))));
    }

    /** The service, or which instance of it. */
    private String who(WholeTrace.Step step) {
        if (!several.contains(step.service()) || step.instance().isEmpty()) return step.service();
        return step.instance().startsWith(step.service() + "-")
                ? step.instance()
                : step.service() + "/" + step.instance();
    }

    private String title() {
        long services = trace.spans().stream().map(WholeTrace.Step::service).distinct().count();
        long errors = trace.spans().stream().filter(s -> s.error().isPresent()).count();
        return "trace "
                + trace.traceId()
                + "  "
                + ms(trace.durationMs())
                + "  "
                + count(trace.spans().size(), "step")
                + " in "
                + count(services, "service")
                + (errors > 0 ? "  " + count(errors, "error") : "")
                + (trace.leftOut() > 0 ? "  " + trace.leftOut() + " not kept" : "");
    }

    private static String count(long number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    private String bar(WholeTrace.Step step, int width) {
        double scale = width / Math.max(trace.durationMs(), 0.001);
        int from = Math.clamp((long) Math.floor(step.offsetMs() * scale), 0, width - 1);
        int to =
                Math.clamp(
                        Math.round((step.offsetMs() + step.durationMs()) * scale), from + 1, width);
        var bar = "█".repeat(to - from);
        return " ".repeat(from)
                + (step.error().isPresent() ? ink.red(bar) : ink.named(step.service(), bar))
                + " ".repeat(width - to);
    }

    private String outcome(WholeTrace.Step step) {
        return step.error().isPresent() ? ink.red(step.outcome()) : step.outcome();
    }

    private int widest(int least, java.util.function.Function<Row, String> column) {
        return Math.max(
                least, rows.stream().mapToInt(r -> column.apply(r).length()).max().orElse(0));
    }

    private static String fit(String text, int width) {
        return text.length() > width
                ? text.substring(0, width - 1) + "…"
                : text + " ".repeat(width - text.length());
    }

    static String ms(double ms) {
        return String.format(Locale.ROOT, ms < 100 ? "%.1f ms" : "%.0f ms", ms);
    }
}
