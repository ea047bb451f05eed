package dev.weft.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which system is to run, and where, as the command line says it. */
final class Place {

    Place() {}

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = ".",
            paramLabel = "DIR",
            description = "The folder with weft.yml (default: the working folder).")
    Path folder = Path.of(".");

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "The gateway's port (default: weft.yml's, else 8080).")
    @Nullable Integer port;

    @Option(
            names = "--admin-port",
            paramLabel = "N",
            description = "The hub's port (default: weft.yml's, else 8090).")
    @Nullable Integer adminPort;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where databases, logs and built services go (default: DIR/.weft).")
    @Nullable Path data;

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            defaultValue = "sqlite",
            description =
                    "The way of running it: postgres keeps all data in PostgreSQL, of the server that"
                            + " WEFT_POSTGRES names or one of its own; more in weft.yml (default:"
                            + " ${DEFAULT-VALUE}).")
    String profile = Profile.DEFAULT.name();

    /** The way of running it; {@link CommandFailed} if there is none of that name. */
    Profile profile(SystemFile files) {
        return files.profile(profile);
    }

    /** The data folder of the system, absolute. */
    Path data(SystemFile files) {
        return (data == null ? files.folder().resolve(LocalSystem.DATA) : data)
                .toAbsolutePath()
                .normalize();
    }
}
