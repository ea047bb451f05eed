package dev.weft.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code weft} command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
@Command(
        name = "weft",
        description = "Runs and looks after systems of services.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = Train.class)
public final class Main implements Callable<Integer> {

    /** A command without arguments. */
    public Main() {}

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String... args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    public Integer call() {
        CommandLine.usage(this, System.out);
        return 0;
    }
}
