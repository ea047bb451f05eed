package dev.weft.cli;

import dev.weft.core.Method;
import dev.weft.core.PathTemplate;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.Setting;
import dev.weft.supervisor.ProcessSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What {@code service.yml} says: one service and how to run it. All keys may be left out. What a
 * key means to a user is in {@code docs/services.md}.
 *
 * <pre>
 * name: cart                            # the folder's name
 * main: shop.cart.CartService           # the one class with a main method
 * sources: [../contracts]               # more folders with sources, shared with others
 * dependencies: [org.example:x:1.2]     # Maven coordinates
 * build: {command: make, jar: out.jar}  # instead of compiling; a pom.xml means mvn package
 * run: {command: python3 server.py}     # any program, instead of Java
 * routes: ["GET /greetings/{name}"]     # of such a program
 * health: /health                       # of such a program: answers 2xx when it is ready
 * environment: {LEVEL: debug}
 * calls: {product: {timeout: 2s}}       # numbers of its calls, see weft explain
 * instances: 1
 * memory: 256m
 * max_body: 1m                          # the largest body of a request
 * max_timeout: 1h                       # the latest deadline that a request may name
 * ready_timeout: 30s
 * </pre>
 *
 * @param folder absolute
 * @param file the {@code service.yml}; of a single source file, that file
 * @param said what {@code calls:} says: by service, then by setting or operation
 * @param sources files or folders, absolute; the service's own folder first
 */
record ServiceFile(
        Path folder,
        Path file,
        String name,
        Optional<String> main,
        List<Path> sources,
        List<String> dependencies,
        Optional<Build> build,
        List<String> command,
        List<String> routes,
        Optional<String> health,
        Map<String, String> environment,
        int instances,
        String memory,
        Optional<Long> maxBodyBytes,
        Optional<Duration> maxTimeout,
        Duration readyTimeout,
        Map<String, Map<String, Object>> said) {

    static final String NAME = "service.yml";
    static final String MEMORY = "256m";

    /** That of a service that says nothing of it. */
    static final Duration MAX_TIMEOUT = Duration.ofHours(1);

    static final long LARGEST_BODY_BYTES = 1 << 30;
    private static final Pattern NAMES = Pattern.compile("[a-z][a-z0-9-]{0,39}");
    private static final Pattern COORDINATES = Pattern.compile("[\\w.-]+(:[\\w.-]+){2,4}");
    private static final List<String> TAKEN = List.of("hub", "gateway", "weft", Postgres.NAME);

    /**
     * How the service's jar is made by others.
     *
     * @param command for {@code sh}, run in the service's folder
     * @param jar relative to that folder; empty for the one in {@code target}
     */
    record Build(String command, String jar) {}

    ServiceFile {
        sources = List.copyOf(sources);
        dependencies = List.copyOf(dependencies);
        command = List.copyOf(command);
        routes = List.copyOf(routes);
        environment = Map.copyOf(environment);
        said = Map.copyOf(said);
    }

    /** Whether it is a program in some other way than Weft's. */
    boolean foreign() {
        return !command.isEmpty();
    }

    /** Whether the file is what the build command makes. */
    boolean makes(Path path) {
        return build.filter(b -> !b.jar().isEmpty())
                .map(b -> folder.resolve(b.jar()).normalize().equals(path))
                .orElse(false);
    }

    static ServiceFile read(Path folder) {
        var file = folder.resolve(NAME);
        var yaml =
                Yaml.read(file)
                        .only(
                                "name",
                                "main",
                                "sources",
                                "dependencies",
                                "build",
                                "run",
                                "routes",
                                "health",
                                "environment",
                                "instances",
                                "memory",
                                "max_body",
                                "max_timeout",
                                "ready_timeout",
                                "calls");
        var name = yaml.text("name").orElse(SystemFile.folderName(folder));
        if (!NAMES.matcher(name).matches())
            throw yaml.wrong(
                    "name",
                    "a service is named with up to 40 of a-z, 0-9 and \"-\", not \"" + name + "\"");
        if (TAKEN.contains(name))
            throw yaml.wrong("name", "\"" + name + "\" is a name of Weft's own parts");
        var command = command(yaml);
        if (command.isEmpty())
            for (var key : List.of("routes", "health"))
                if (yaml.has(key))
                    throw yaml.wrong(
                            key,
                            key
                                    + " is for a service with run: {command: …}; a Java service"
                                    + " says it in its code");
        return new ServiceFile(
                folder,
                file,
                name,
                yaml.text("main"),
                sources(folder, yaml),
                dependencies(yaml),
                build(folder, yaml),
                command,
                routes(yaml),
                yaml.text("health"),
                yaml.variables("environment"),
                yaml.number("instances", 1, 1, ProcessSpec.MAX_INSTANCES),
                memory(yaml),
                yaml.size("max_body", LARGEST_BODY_BYTES),
                maxTimeout(yaml),
                yaml.duration("ready_timeout", ProcessSpec.READY_TIMEOUT),
                calls(yaml));
    }

    /** A service that is one file, or a folder without a {@code service.yml}. */
    static ServiceFile single(Path path, String name) {
        var absolute = path.toAbsolutePath().normalize();
        var parent = absolute.getParent();
        return new ServiceFile(
                Files.isDirectory(absolute) || parent == null ? absolute : parent,
                absolute,
                name,
                Optional.empty(),
                List.of(absolute),
                List.of(),
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                Map.of(),
                1,
                MEMORY,
                Optional.empty(),
                Optional.empty(),
                ProcessSpec.READY_TIMEOUT,
                Map.of());
    }

    private static Optional<Duration> maxTimeout(Yaml yaml) {
        var text = yaml.text("max_timeout");
        try {
            return text.map(Setting.TIMEOUT.reader());
        } catch (IllegalArgumentException e) {
            throw yaml.wrong(
                    "max_timeout",
                    "max_timeout is "
                            + Setting.TIMEOUT.wanted()
                            + ", not \""
                            + text.orElse("")
                            + "\"");
        }
    }

    /** What it says about calls. */
    CallSettings calls() {
        return CallSettings.read(said, source());
    }

    /** How this file is named as the source of a number. */
    String source() {
        return SystemFile.folderName(folder) + "/" + NAME;
    }

    private static Map<String, Map<String, Object>> calls(Yaml yaml) {
        var said = new LinkedHashMap<String, Map<String, Object>>();
        var calls = yaml.map("calls");
        if (calls.isEmpty()) return said;
        for (var service : calls.get().keys()) {
            var of = calls.get().map(service).orElse(Yaml.NOTHING);
            for (var key : of.keys()) {
                Object value = of.isMap(key) ? of.variables(key) : of.text(key).orElse("");
                try {
                    CallSettings.read(Map.of(service, Map.of(key, value)), "");
                } catch (IllegalArgumentException e) {
                    throw of.wrong(key, String.valueOf(e.getMessage()).replaceFirst("^: ", ""));
                }
                said.computeIfAbsent(service, _ -> new LinkedHashMap<>()).put(key, value);
            }
        }
        return said;
    }

    private static List<Path> sources(Path folder, Yaml yaml) {
        var sources = new ArrayList<>(List.of(folder));
        for (var source : yaml.texts("sources")) {
            var path = folder.resolve(source).normalize();
            if (!Files.exists(path))
                throw yaml.wrong("sources", "there is no " + path + " (sources: " + source + ")");
            sources.add(path);
        }
        return sources;
    }

    private static List<String> dependencies(Yaml yaml) {
        var all = yaml.texts("dependencies");
        for (var each : all)
            if (!COORDINATES.matcher(each).matches())
                throw yaml.wrong(
                        "dependencies",
                        "a dependency is group:artifact:version, not \"" + each + "\"");
        return all;
    }

    private static Optional<Build> build(Path folder, Yaml yaml) {
        if (yaml.isMap("build")) {
            var build = yaml.map("build").orElseThrow().only("command", "jar");
            var command =
                    build.text("command")
                            .orElseThrow(
                                    () -> yaml.wrong("build", "build wants a command: and a jar:"));
            return Optional.of(new Build(command, build.text("jar").orElse("")));
        }
        if (yaml.has("build")) return Optional.of(new Build(yaml.text("build").orElseThrow(), ""));
        return Files.exists(folder.resolve("pom.xml"))
                ? Optional.of(new Build("mvn -q -B package -DskipTests", ""))
                : Optional.empty();
    }

    private static List<String> command(Yaml yaml) {
        var run = yaml.map("run");
        if (run.isEmpty()) return List.of();
        var map = run.get().only("command");
        if (map.isList("command")) return map.texts("command");
        return List.of(
                "sh",
                "-c",
                map.text("command").orElseThrow(() -> yaml.wrong("run", "run wants a command:")));
    }

    private static List<String> routes(Yaml yaml) {
        var routes = yaml.texts("routes");
        for (var route : routes) {
            var parts = route.split(" ", 2);
            try {
                Method.valueOf(parts[0]);
                new PathTemplate(parts.length < 2 ? "" : parts[1]);
            } catch (IllegalArgumentException e) {
                throw yaml.wrong(
                        "routes",
                        "a route is a method and a path such as GET /carts/{id}, not \""
                                + route
                                + "\": "
                                + e.getMessage());
            }
        }
        return routes;
    }

    private static String memory(Yaml yaml) {
        var memory = yaml.text("memory").orElse(MEMORY);
        if (!memory.matches("[1-9][0-9]{0,5}[mMgG]"))
            throw yaml.wrong(
                    "memory", "memory is a size such as 256m or 1g, not \"" + memory + "\"");
        return memory;
    }
}
