package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.events.Projections;
import dev.weft.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares the live tables of a projection with those beside them. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = {
            "Compares the live tables of a projection with those beside them, with the same events applied.",
            "Exits with 1 if they differ."
        })
final class ProjectionCompare implements Callable<Integer> {

    private static final int LONGEST = 100;

    @Mixin ProjectionChoice which = new ProjectionChoice();

    @Option(
            names = "--rows",
            defaultValue = "10",
            paramLabel = "N",
            description =
                    "How many rows that differ are shown of each table (default: ${DEFAULT-VALUE}, at most 1000).")
    int rows = 10;

    @Option(names = "--json", description = "Prints the service's answer.")
    boolean json;

    @Override
    public Integer call() {
        var system = which.system.find();
        try (var admin = new Admin(system)) {
            var compared =
                    which.ask(
                            admin,
                            system,
                            "compare",
                            Query.NONE.and("rows", Integer.toString(rows)),
                            Projections.Comparison.class);
            if (json) System.out.println(Json.text(compared));
            else lines(compared).forEach(System.out::println);
            return compared.same() ? 0 : 1;
        }
    }

    static List<String> lines(Projections.Comparison compared) {
        var lines = new ArrayList<String>();
        for (var table : compared.tables()) {
            lines.add(
                    table.table()
                            + ": "
                            + ParkedAnswers.count((int) table.liveRows(), "row")
                            + " live, "
                            + table.rebuiltRows()
                            + " rebuilt, "
                            + (table.differing() == 0
                                    ? "none differ"
                                    : table.differing() + " differ"));
            if (!table.onlyLive().isEmpty())
                lines.add("  only the live one has " + String.join(", ", table.onlyLive()));
            if (!table.onlyRebuilt().isEmpty())
                lines.add("  only the rebuilt one has " + String.join(", ", table.onlyRebuilt()));
            for (var row : table.rows()) lines.add("  " + line(row));
            if (table.rows().size() < table.differing())
                lines.add("  and " + (table.differing() - table.rows().size()) + " more");
        }
        lines.add(
                compared.same()
                        ? "the same, with all applied up to " + compared.position()
                        : "not the same, with all applied up to " + compared.position());
        return lines;
    }

    /** {@code id=1: data 2 → 3}. */
    private static String line(Projections.Difference row) {
        var key =
                row.key().entrySet().stream()
                        .map(it -> it.getKey() + "=" + cut(it.getValue()))
                        .collect(Collectors.joining(", "));
        if (row.live().isEmpty()) return key + ": only rebuilt" + values(row, row.rebuilt());
        if (row.rebuilt().isEmpty()) return key + ": only live" + values(row, row.live());
        var columns = new TreeSet<>(row.live().keySet());
        columns.addAll(row.rebuilt().keySet());
        return key
                + ": "
                + columns.stream()
                        .filter(it -> !of(row.live(), it).equals(of(row.rebuilt(), it)))
                        .map(it ->
                                it
                                        + " "
                                        + cut(of(row.live(), it))
                                        + " → "
                                        + cut(of(row.rebuilt(), it)))
                        .collect(Collectors.joining(", "));
    }

    private static String values(Projections.Difference row, Map<String, String> values) {
        var others =
                values.entrySet().stream()
                        .filter(it -> !row.key().containsKey(it.getKey()))
                        .map(it -> it.getKey() + "=" + cut(it.getValue()))
                        .collect(Collectors.joining(", "));
        return others.isEmpty() ? "" : ", " + others;
    }

    private static String of(Map<String, String> row, String column) {
        return row.getOrDefault(column, "null");
    }

    private static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 1) + "…";
    }
}
