package dev.weft.cli;

import dev.weft.core.Body;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.events.Erasing;
import dev.weft.events.Subjects;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import dev.weft.json.RawJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Erases somebody's personal data. */
@Command(
        name = "erase",
        mixinStandardHelpOptions = true,
        description = {
            "Erases the personal data of a subject, for ever: in every service, and in what the bus keeps.",
            "Says who may have copies that it does not reach. Exits with 1 if a service was not reached;"
                    + " run it again then, it does no harm."
        })
final class Erase implements Callable<Integer> {

    private static final int REFUSED = 400;

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(
            paramLabel = "SUBJECT",
            description = "Whose data: the subject that the code names, such as a customer's id.")
    String subject = "";

    @Option(
            names = "--service",
            paramLabel = "NAME",
            description = "In this service only, and not on the bus.")
    String service = "";

    @Option(
            names = "--by",
            paramLabel = "WHO",
            description = "Who asks for it, which is kept (default: this user's name).")
    String by = System.getProperty("user.name", "");

    @Option(names = "--yes", description = "Does not ask.")
    boolean yes;

    @Option(names = "--json", description = "Prints the hub's answer.")
    boolean json;

    /** What one service says; a status from 400 on is a refusal, whose answer is the problem. */
    record Answered(String service, int status, RawJson answer) {}

    /** A service that does not answer. */
    record Away(String service, String error) {}

    /** What the hub says. */
    record Erased(
            Optional<Subjects.Erasure> bus,
            List<Answered> services,
            List<Away> away,
            List<String> silent) {

        /** A line for each service and the bus. */
        List<String> lines() {
            var lines = new ArrayList<String>();
            for (var each : services) lines.add(each.service + ": " + said(each));
            bus.ifPresent(it -> lines.add("bus: " + (it.repeated() ? "erased before" : "erased")));
            for (var each : away)
                lines.add(each.service + ": not erased, it does not answer: " + each.error);
            for (var each : silent)
                lines.add(
                        each
                                + ": not erased, no instance is there that knows how; run this again when it is,"
                                + " or erase what it keeps in its own way");
            return lines;
        }

        /** Whether every service has erased. */
        boolean complete() {
            return away.isEmpty()
                    && silent.isEmpty()
                    && services.stream().allMatch(it -> it.status < REFUSED);
        }
    }

    private static String said(Answered answered) {
        if (answered.status >= REFUSED)
            return "not erased: " + new String(answered.answer.utf8(), StandardCharsets.UTF_8);
        var erased = Json.read(answered.answer.utf8(), Erasing.Erased.class);
        var first = erased.repeated() ? "erased before, at " + erased.at() : "erased";
        return erased.copies().isEmpty()
                ? first
                : first + "; may have copies: " + String.join(", ", erased.copies());
    }

    @Override
    public Integer call() {
        try {
            Personal.requireSubject(subject);
        } catch (IllegalArgumentException e) {
            throw new CommandFailed(String.valueOf(e.getMessage()), e);
        }
        var system = choice.findToChange();
        if (!yes)
            Confirmation.ask(
                    "erase all personal data of "
                            + subject
                            + (service.isEmpty() ? "" : " in " + service)
                            + " for ever?",
                    "nothing was erased");
        try (var admin = new Admin(system)) {
            var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
            var what = Body.of(Json.write(Map.of("subject", subject, "by", by)));
            var answer =
                    admin.ask(system.admin(), Request.post("/admin/erase", what).with(query))
                            .body()
                            .bytes();
            var erased = Json.read(answer, Erased.class);
            if (json) System.out.println(new String(answer, StandardCharsets.UTF_8));
            else erased.lines().forEach(System.out::println);
            return erased.complete() ? 0 : 1;
        }
    }
}
