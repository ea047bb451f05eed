package dev.weft.cli;

import dev.weft.core.SystemTime;
import dev.weft.supervisor.Watchdog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the tests of a system. */
@Command(
        name = "test",
        mixinStandardHelpOptions = true,
        description = {
            "Compiles the services of DIR and its tests, and runs the tests.",
            "",
            "Tests are the .java files in DIR/tests, or where tests: of weft.yml says, and in the"
                    + " folder tests of each service. JUnit Jupiter, AssertJ and Weft's testkit are"
                    + " there. Exits with 1 if a test fails, or if there is none."
        })
final class Tests implements Callable<Integer> {

    static final String FOLDER = "tests";

    private static final String MAIN = "dev.weft.testkit.run.TestRun";
    private static final Duration GRACE = Duration.ofSeconds(20);

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = ".",
            paramLabel = "DIR",
            description = "The folder with weft.yml (default: the working folder).")
    Path folder = Path.of(".");

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "PATTERN",
            description = "Only tests whose CLASS.METHOD has this in it; * stands for anything.")
    @Nullable String pattern;

    @Option(
            names = "--memory",
            defaultValue = "512m",
            paramLabel = "SIZE",
            description = "The largest heap (default: ${DEFAULT-VALUE}).")
    String memory = "512m";

    @Override
    public Integer call() throws IOException, InterruptedException {
        var system = SystemFile.read(folder);
        var installation = Installation.current();
        var work = Files.createDirectories(system.folder().resolve(LocalSystem.DATA + "/build"));
        var classes = Files.createTempDirectory(work, "tests-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(classes), "weft-tests"));
        var libraries = compile(system, installation, work, classes);
        var classPath = new ArrayList<>(List.of(classes));
        classPath.addAll(libraries);
        classPath.addAll(installation.testJars());
        var command = new ArrayList<>(installation.jvm(memory, classPath, MAIN));
        command.add(classes.toString());
        if (pattern != null) command.add(pattern);
        try (var watchdog = new Watchdog(GRACE, SystemTime.INSTANCE)) {
            var process = new ProcessBuilder(command).inheritIO().start();
            watchdog.watch(process.pid());
            int code = process.waitFor();
            watchdog.release(process.pid());
            return code == 0 ? 0 : 1;
        }
    }

    /** Compiles all services with all tests, and tells what else has to be on the class path. */
    private static List<Path> compile(
            SystemFile system, Installation installation, Path work, Path classes)
            throws IOException {
        var builder = new Builder(installation, work);
        var dependencies = new Dependencies(work);
        var libraries = new LinkedHashSet<Path>();
        var sources = new LinkedHashSet<Path>();
        for (var service : system.services()) {
            if (service.foreign()) continue;
            if (service.build().isPresent()) {
                libraries.addAll(builder.build(service).classPath());
                continue;
            }
            var own = Sources.of(service);
            sources.addAll(own.java());
            copy(service.folder().resolve(Sources.RESOURCES), own.resources(), classes);
            libraries.addAll(dependencies.of(service));
        }
        sources.addAll(programs(system.folder()));
        var tests = tests(system, classes);
        if (tests.isEmpty())
            throw new CommandFailed(
                    system.folder()
                            + ": there is no test; tests are the .java files in "
                            + system.tests());
        sources.addAll(tests);
        Javac.compileTests(installation, List.copyOf(libraries), List.copyOf(sources), classes);
        return List.copyOf(libraries);
    }

    /** Those beside weft.yml, which belong to no service. */
    private static List<Path> programs(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
        }
    }

    private static Set<Path> tests(SystemFile system, Path classes) throws IOException {
        var tests = new LinkedHashSet<Path>();
        var folders =
                Stream.concat(
                        Stream.of(system.tests()),
                        system.services().stream()
                                .map(service -> service.folder().resolve(FOLDER)));
        for (var folder : folders.distinct().filter(Files::isDirectory).toList()) {
            var found = Sources.files(folder);
            var resources = folder.resolve(Sources.RESOURCES);
            tests.addAll(found.stream().filter(file -> file.toString().endsWith(".java")).toList());
            copy(
                    resources,
                    found.stream().filter(file -> file.startsWith(resources)).toList(),
                    classes);
        }
        return tests;
    }

    private static void copy(Path root, List<Path> resources, Path classes) throws IOException {
        for (var resource : resources) {
            var to = classes.resolve(root.relativize(resource).toString());
            Files.createDirectories(to.getParent());
            Files.copy(resource, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void delete(Path folder) {
        try {
            Builder.delete(folder);
        } catch (IOException e) {
            System.err.println("weft: cannot remove " + folder + ": " + e);
        }
    }
}
