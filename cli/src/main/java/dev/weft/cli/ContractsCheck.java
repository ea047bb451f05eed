package dev.weft.cli;

import dev.weft.contracts.Change;
import dev.weft.contracts.Comparison;
import dev.weft.json.Json;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Compares what services promise with what was recorded. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Compares what the services promise now with what was recorded, and what each needs with what there is.",
            "Names what would break, and whose listener or call relies on it. Exits with 1 if something breaks, or if"
                    + " nothing was recorded.",
            "Asks the system of DIR if it runs, else starts its services for a moment, without ports and data."
        })
final class ContractsCheck implements Callable<Integer> {

    @Mixin SystemArgument choice = new SystemArgument();

    @Option(names = "--json", description = "Prints the changes as JSON.")
    boolean json;

    /** What is printed as JSON. */
    record Checked(boolean compatible, List<Change> changes) {}

    @Override
    public Integer call() {
        var definitions = Definitions.of(choice);
        var recorded = new RecordedContracts(definitions.folder());
        var before = recorded.read();
        if (before.isEmpty())
            throw new CommandFailed(
                    "nothing was recorded in "
                            + recorded.folder()
                            + "; record it with weft contracts record");
        var changes = Comparison.changes(before, definitions.services());
        long breaking = changes.stream().filter(Change::breaking).count();
        if (json) {
            System.out.println(Json.text(new Checked(breaking == 0, changes)));
        } else {
            for (var change : changes)
                System.out.println((change.breaking() ? "breaks  " : "fits    ") + change);
            System.out.println(summary(changes.size(), breaking));
        }
        return breaking == 0 ? 0 : 1;
    }

    private static String summary(int all, long breaking) {
        if (all == 0) return "all as it was recorded";
        if (breaking == 0) return "nothing breaks; weft contracts record takes it over";
        return breaking
                + " of "
                + ParkedAnswers.count(all, "change")
                + (breaking == 1 ? " breaks" : " break")
                + "; if that is meant, replace the consumers first, then weft contracts record";
    }
}
