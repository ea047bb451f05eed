package dev.weft.cli;

import dev.weft.json.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Draws one trace. */
@Command(
        name = "trace",
        mixinStandardHelpOptions = true,
        description =
                "Draws the way of one request through the system: who called whom, when, and what"
                        + " came of it.")
final class TraceOf implements Callable<Integer> {

    private static final int ID_LENGTH = 32;
    private static final int DEFAULT_WIDTH = 120;

    /** So many of the latest traces are looked at for the beginning of an id. */
    private static final int LATEST = 1_000;

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = "",
            paramLabel = "ID",
            description = "The trace's id or its beginning (default: the latest trace).")
    String id = "";

    @Mixin SystemChoice choice = new SystemChoice();

    @Option(
            names = "--width",
            defaultValue = "0",
            paramLabel = "N",
            description = "Columns to draw in (default: the terminal's).")
    int width;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    @Override
    public Integer call() {
        try (var admin = new Admin(choice.find())) {
            var whole = admin.read("/admin/traces/" + whole(admin), WholeTrace.class);
            if (json) System.out.println(Json.text(whole));
            else
                Waterfall.draw(
                                whole,
                                Registered.at(admin).several(),
                                width > 0 ? width : terminalWidth(),
                                Ink.ofTerminal())
                        .forEach(System.out::println);
            return 0;
        }
    }

    private String whole(Admin admin) {
        var wanted = id.toLowerCase(Locale.ROOT);
        if (wanted.length() == ID_LENGTH) return wanted;
        var found =
                admin
                        .read(
                                "/admin/traces?limit=" + (wanted.isEmpty() ? 1 : LATEST),
                                TraceSummary.Latest.class)
                        .traces()
                        .stream()
                        .map(TraceSummary::traceId)
                        .filter(each -> each.startsWith(wanted))
                        .toList();
        if (found.size() == 1) return found.getFirst();
        if (found.isEmpty())
            throw new CommandFailed(
                    wanted.isEmpty()
                            ? "there is no trace yet"
                            : "none of the latest traces begins with " + id);
        throw new CommandFailed(
                found.size()
                        + " traces begin with "
                        + id
                        + ": "
                        + found.stream().limit(5).collect(Collectors.joining(", ")));
    }

    private static int terminalWidth() {
        if (!Ink.isTerminal()) return DEFAULT_WIDTH;
        try {
            var size = Shell.run(Path.of("."), "sh", "-c", "stty size </dev/tty").text().split(" ");
            return size.length == 2 ? Integer.parseInt(size[1]) : DEFAULT_WIDTH;
        } catch (IOException | NumberFormatException e) {
            return DEFAULT_WIDTH;
        }
    }
}
