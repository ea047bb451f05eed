package dev.weft.cli;

import dev.weft.core.Failure;
import dev.weft.json.Json;
import dev.weft.supervisor.Logs;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what the services of a running system print. */
@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description = "Prints the last log lines of one service, or of all.")
final class LogsOf implements Callable<Integer> {

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = "",
            paramLabel = "SERVICE",
            description = "The service (default: all, merged).")
    String service = "";

    @Mixin SystemChoice choice = new SystemChoice();

    @Option(
            names = {"-n", "--lines"},
            defaultValue = "200",
            paramLabel = "N",
            description = "How many lines (default: ${DEFAULT-VALUE}).")
    int lines = 200;

    @Option(
            names = {"-f", "--follow"},
            description = "Goes on with each new line.")
    boolean follow;

    @Option(names = "--json", description = "Prints one JSON object per line.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        var ink = Ink.ofTerminal();
        var path =
                "/admin/logs?lines="
                        + lines
                        + "&follow="
                        + follow
                        + (service.isEmpty()
                                ? ""
                                : "&service=" + URLEncoder.encode(service, StandardCharsets.UTF_8));
        try (var admin = new Admin(choice.find());
                var answer = admin.stream(path).body();
                var in =
                        new BufferedReader(
                                new InputStreamReader(answer.stream(), StandardCharsets.UTF_8))) {
            for (var text = in.readLine(); text != null; text = in.readLine()) {
                if (text.isEmpty()) continue;
                System.out.println(json ? text : format(text, ink));
            }
        } catch (Failure.Unreachable e) {
            if (!follow) throw new CommandFailed(String.valueOf(e.getMessage()), e);
        }
        return 0;
    }

    private static String format(String text, Ink ink) {
        var line = Json.read(text, Logs.Line.class);
        return LogPrinter.format(line.service(), line.text(), "gateway".length(), ink);
    }
}
