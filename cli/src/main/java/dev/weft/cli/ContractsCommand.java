package dev.weft.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Spec;

/** What services promise each other. */
@Command(
        name = "contracts",
        mixinStandardHelpOptions = true,
        subcommands = {ContractsRecord.class, ContractsCheck.class},
        description =
                "Keeps what services promise each other, their endpoints and public events, and tells"
                        + " which change would break whom.")
final class ContractsCommand implements Callable<Integer> {

    @SuppressWarnings("NullAway.Init") // Set by picocli.
    @Spec
    CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(System.out);
        return 0;
    }
}
