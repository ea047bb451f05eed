package dev.weft.cli;

import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Parameters;

/** As {@link SystemChoice}; for commands without other arguments, which take the folder as one. */
final class SystemArgument extends SystemChoice {

    SystemArgument() {}

    SystemArgument(Systems systems, Path here, Map<String, String> environment) {
        super(systems, here, environment);
    }

    @Parameters(index = "0", arity = "0..1", paramLabel = "DIR", description = "The same as -C.")
    void dir(Path dir) {
        folder = dir;
    }
}
