package dev.weft.cli;

import picocli.CommandLine.Command;

/** Drops the tables beside the live ones. */
@Command(
        name = "drop",
        mixinStandardHelpOptions = true,
        description =
                "Drops the tables beside the live ones: rebuilt ones that are not wanted, or those that were live before.")
final class ProjectionDrop extends ProjectionChange {

    ProjectionDrop() {
        super("drop");
    }
}
