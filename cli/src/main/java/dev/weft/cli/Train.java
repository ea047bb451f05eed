package dev.weft.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * The run that the launcher's AOT cache is trained with: touches what a usual start touches, then
 * ends. Whatever a command loads at start belongs here.
 */
@Command(name = "train", hidden = true, description = "Trains the AOT cache.")
final class Train implements Callable<Integer> {

    @Override
    public Integer call() {
        new CommandLine(new Main()).getUsageMessage();
        return 0;
    }
}
