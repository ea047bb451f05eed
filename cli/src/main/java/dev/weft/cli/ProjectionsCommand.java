package dev.weft.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** What to do about the tables of projections. */
@Command(
        name = "projections",
        mixinStandardHelpOptions = true,
        subcommands = {
            ProjectionsList.class,
            ProjectionRebuild.class,
            ProjectionCompare.class,
            ProjectionSwap.class,
            ProjectionUndo.class,
            ProjectionDrop.class
        },
        description = {
            "Looks after the tables of projections: lists them, has them rebuilt beside the live ones,"
                    + " compares, swaps, takes that back."
        })
final class ProjectionsCommand implements Callable<Integer> {

    @Override
    public Integer call() {
        return new ProjectionsList().call();
    }
}
