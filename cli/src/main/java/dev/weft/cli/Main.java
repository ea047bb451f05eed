package dev.weft.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code weft} command. Exit codes: 0 done, 1 failed, 2 wrong usage. */
@Command(
        name = "weft",
        description = "Runs and looks after systems of services.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
public final class Main implements Callable<Integer> {

    private static final Map<String, Supplier<Callable<Integer>>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("dev", Dev::new);
        COMMANDS.put("run", Run::new);
        COMMANDS.put("test", Tests::new);
        COMMANDS.put("up", Up::new);
        COMMANDS.put("down", Down::new);
        COMMANDS.put("ps", Ps::new);
        COMMANDS.put("logs", LogsOf::new);
        COMMANDS.put("call", Call::new);
        COMMANDS.put("traces", Traces::new);
        COMMANDS.put("trace", TraceOf::new);
        COMMANDS.put("settle", Settle::new);
        COMMANDS.put("await", Await::new);
        COMMANDS.put("subscriptions", Subscriptions::new);
        COMMANDS.put("parked", ParkedCommand::new);
        COMMANDS.put("projections", ProjectionsCommand::new);
        COMMANDS.put("erase", Erase::new);
        COMMANDS.put("sagas", SagaList::new);
        COMMANDS.put("explain", Explain::new);
        COMMANDS.put("contracts", ContractsCommand::new);
        COMMANDS.put("openapi", OpenApiCommand::new);
        COMMANDS.put("asyncapi", AsyncApiCommand::new);
        COMMANDS.put("train", Train::new);
    }

    /** A command without arguments. */
    public Main() {}

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String... args) {
        System.setOut(utf8(FileDescriptor.out, System.out));
        System.setErr(utf8(FileDescriptor.err, System.err));
        System.exit(commandLine(args).execute(args));
    }

    /** What services print is UTF-8, whatever this terminal's settings say. */
    private static PrintStream utf8(FileDescriptor descriptor, PrintStream given) {
        return given.charset().equals(StandardCharsets.UTF_8)
                ? given
                : new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }

    /**
     * The command line that understands these arguments. Each subcommand costs time, for picocli
     * looks at it by reflection; when the first argument names one, the others are left out.
     */
    static CommandLine commandLine(String... args) {
        var line = new CommandLine(new Main());
        var only = args.length == 0 ? null : COMMANDS.get(args[0]);
        if (only != null) line.addSubcommand(args[0], only.get());
        else COMMANDS.forEach((name, command) -> line.addSubcommand(name, command.get()));
        var run = line.getSubcommands().get("run");
        if (run != null) run.setStopAtPositional(true);
        var err = System.err; // dev --together puts another in its place
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (!(failure instanceof CommandFailed failed)) throw failure;
            err.println("weft: " + failed.text());
            return 1;
        });
        return line;
    }

    @Override
    public Integer call() {
        CommandLine.usage(this, System.out);
        return 0;
    }
}
