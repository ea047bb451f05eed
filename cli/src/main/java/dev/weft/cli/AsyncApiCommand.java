package dev.weft.cli;

import picocli.CommandLine.Command;

/** Prints the public events as AsyncAPI 3. */
@Command(
        name = "asyncapi",
        mixinStandardHelpOptions = true,
        description =
                "Prints the public events of the running services as a document of AsyncAPI 3, in JSON.")
final class AsyncApiCommand extends ApiDocument {

    AsyncApiCommand() {
        super("/admin/asyncapi");
    }
}
