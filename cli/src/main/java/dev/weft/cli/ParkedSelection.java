package dev.weft.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** As {@link ParkedChoice}, for commands that change something: something has to be said. */
final class ParkedSelection extends ParkedChoice {

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "EVENT",
            description = "The id of the event that fails, as product/4711/0; so its key is meant.")
    String event = "";

    @Option(names = "--all", description = "All that is parked, or all that fits the rest.")
    boolean all;

    /** What is meant, as the API takes it. */
    Map<String, Object> required() {
        var said = new LinkedHashMap<>(selection(event));
        if (said.isEmpty() && !all)
            throw new CommandFailed(
                    "say which are meant: an event, --key, --source, --cause, --listener, or --all");
        said.put("all", true);
        return said;
    }
}
