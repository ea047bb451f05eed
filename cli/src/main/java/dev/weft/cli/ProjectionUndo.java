package dev.weft.cli;

import picocli.CommandLine.Command;

/** Takes a swap back. */
@Command(
        name = "undo",
        mixinStandardHelpOptions = true,
        description = {
            "Has the tables that were live before take their place again, at once.",
            "Code of their version brings them up to date if they are behind."
        })
final class ProjectionUndo extends ProjectionChange {

    ProjectionUndo() {
        super("undo");
    }
}
