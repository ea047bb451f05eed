package dev.weft.cli;

import dev.weft.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Replaces the data of a parked event. */
@Command(
        name = "edit",
        mixinStandardHelpOptions = true,
        description = {
            "Replaces the data of a parked event by a file or by standard input.",
            "The listener has to be able to read them. The event stays parked; retry has it tried."
        })
final class ParkedEdit implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(index = "0", paramLabel = "EVENT", description = "The event's id.")
    String event = "";

    @Parameters(
            index = "1",
            arity = "0..1",
            defaultValue = "-",
            paramLabel = "FILE",
            description = "The new data, JSON; - is standard input (default: ${DEFAULT-VALUE}).")
    String file = "-";

    @Mixin ParkedChoice which = new ParkedChoice();

    @Option(names = "--json", description = "Prints the service's answer.")
    boolean json;

    @Override
    public Integer call() {
        var system = choice.findToChange();
        try (var admin = new Admin(system)) {
            var found =
                    ParkedAnswers.only(
                            ParkedAnswers.get(
                                            admin,
                                            system.admin(),
                                            "/admin/parked/event",
                                            which.query(event))
                                    .found(),
                            event);
            var answers =
                    ServiceAnswers.post(
                            admin,
                            system.admin(),
                            "/admin/parked/edit",
                            found.service(),
                            Map.of(
                                    "listener", found.event().listener(),
                                    "event", event,
                                    "data", data()));
            if (json) System.out.println(Json.text(answers.services()));
            else
                System.out.println(
                        event
                                + " of "
                                + found.service()
                                + " "
                                + found.event().listener()
                                + " has new data; weft parked retry "
                                + event
                                + " has it tried");
            return 0;
        }
    }

    private String data() {
        try {
            return file.equals("-")
                    ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                    : Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new CommandFailed("the data cannot be read: " + e.getMessage(), e);
        }
    }
}
