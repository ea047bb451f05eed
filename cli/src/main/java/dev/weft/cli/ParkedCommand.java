package dev.weft.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Spec;

/** What to do about events that keep failing. */
@Command(
        name = "parked",
        mixinStandardHelpOptions = true,
        subcommands = {
            ParkedList.class,
            ParkedShow.class,
            ParkedEdit.class,
            ParkedRetry.class,
            ParkedDrop.class
        },
        description =
                "Looks after events that keep failing, each with what waits behind it under the same key:"
                        + " shows, mends, tries them again, drops them.")
final class ParkedCommand implements Callable<Integer> {

    @SuppressWarnings("NullAway.Init") // Set by picocli.
    @Spec
    CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(System.out);
        return 0;
    }
}
