package dev.weft.cli;

import picocli.CommandLine.Command;

/** Prints the endpoints as OpenAPI 3.1. */
@Command(
        name = "openapi",
        mixinStandardHelpOptions = true,
        description =
                "Prints the endpoints of the running services as a document of OpenAPI 3.1, in JSON.")
final class OpenApiCommand extends ApiDocument {

    OpenApiCommand() {
        super("/admin/openapi");
    }
}
