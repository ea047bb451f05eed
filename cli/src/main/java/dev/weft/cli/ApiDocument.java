package dev.weft.cli;

import dev.weft.core.Query;
import dev.weft.core.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints a document that the hub makes of the running services. */
abstract class ApiDocument implements Callable<Integer> {

    @Mixin SystemChoice choice = new SystemChoice();

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "SERVICE",
            description = "Of this service; else of the whole system.")
    String service = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Writes it to this file instead.")
    @Nullable Path output;

    private final String path;

    /**
     * @param path where the hub answers it
     */
    ApiDocument(String path) {
        this.path = path;
    }

    @Override
    public Integer call() throws IOException {
        var system = choice.find();
        try (var admin = new Admin(system)) {
            var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
            if (service.isEmpty() && !system.name().isEmpty())
                query = query.and("title", system.name());
            var answer = admin.ask(system.admin(), Request.get(path).with(query));
            var text = new String(answer.body().bytes(), StandardCharsets.UTF_8);
            var document = PrettyJson.of(text);
            if (output == null) System.out.println(document);
            else Files.writeString(output, document + "\n");
            return 0;
        }
    }
}
