package dev.weft.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The jars that a service's Maven coordinates stand for, with all that these need.
 *
 * <p>Maven finds them, into its own repository; the list is kept beside the built jars, so that it
 * is asked once for each set of coordinates.
 */
final class Dependencies {

    private static final String LIST =
            "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:build-classpath";

    private static final Pattern COLOURS = Pattern.compile("\u001b\\[[0-9;]*m");
    private static final String ERROR = "[ERROR] ";
    private static final String HELP = " -> \\[Help 1]";

    private final Path folder;

    Dependencies(Path folder) {
        this.folder = folder;
    }

    List<Path> of(ServiceFile service) throws IOException {
        var pom = service.folder().resolve("pom.xml");
        boolean ownPom = service.build().isPresent() && Files.exists(pom);
        if (service.dependencies().isEmpty() && !ownPom) return List.of();
        var wanted = ownPom ? Files.readString(pom) : String.join("\n", service.dependencies());
        var hash =
                HexFormat.of()
                        .formatHex(
                                Builder.sha256().digest(wanted.getBytes(StandardCharsets.UTF_8)),
                                0,
                                8);
        var list = folder.resolve("dependencies-" + hash + ".txt");
        var known = read(list);
        if (!known.isEmpty() && known.stream().allMatch(Files::exists)) return known;
        resolve(service, ownPom ? pom : generated(service, hash), list);
        return read(list);
    }

    private static List<Path> read(Path list) throws IOException {
        if (!Files.exists(list)) return List.of();
        return Arrays.stream(Files.readString(list).strip().split(File.pathSeparator))
                .filter(path -> !path.isEmpty())
                .map(Path::of)
                .toList();
    }

    private Path generated(ServiceFile service, String hash) throws IOException {
        var dependencies = new StringBuilder();
        for (var each : service.dependencies()) {
            var parts = each.split(":");
            int last = parts.length - 1;
            dependencies
                    .append("<dependency><groupId>")
                    .append(parts[0])
                    .append("</groupId><artifactId>")
                    .append(parts[1])
                    .append("</artifactId>");
            if (parts.length > 3) dependencies.append("<type>").append(parts[2]).append("</type>");
            if (parts.length > 4)
                dependencies.append("<classifier>").append(parts[3]).append("</classifier>");
            dependencies
                    .append("<version>")
                    .append(parts[last])
                    .append("</version></dependency>\n");
        }
        var own = folder.resolve("dependencies-" + hash);
        var pom = own.resolve("pom.xml");
        Files.createDirectories(own);
        Files.writeString(
                pom,
                """
                <project>
                <modelVersion>4.0.0</modelVersion>
                <groupId>dev.weft.generated</groupId>
                <artifactId>%s</artifactId>
                <version>1</version>
                <dependencies>
                %s</dependencies>
                </project>
                """
                        .formatted(service.name(), dependencies));
        return pom;
    }

    private void resolve(ServiceFile service, Path pom, Path list) throws IOException {
        Shell.Output output;
        try {
            output =
                    Shell.run(
                            service.folder(),
                            "mvn",
                            "-q",
                            "-B",
                            "-f",
                            pom.toString(),
                            LIST,
                            "-DincludeScope=runtime",
                            "-Dmdep.outputFile=" + list.toAbsolutePath());
        } catch (IOException e) {
            throw new CommandFailed(
                    service.file()
                            + ": its dependencies are found by Maven, and mvn could not be run: "
                            + e.getMessage(),
                    e);
        }
        if (output.code() != 0)
            throw new CommandFailed(
                    service.file()
                            + ": Maven could not find the dependencies "
                            + String.join(", ", service.dependencies())
                            + "\n"
                            + errors(output.text()));
    }

    /** Maven's errors without its warnings, colours and advice; all of it if there are none. */
    static String errors(String output) {
        var errors =
                COLOURS.matcher(output)
                        .replaceAll("")
                        .lines()
                        .filter(line -> line.startsWith(ERROR))
                        .map(line -> line.substring(ERROR.length()).replaceFirst(HELP + "$", ""))
                        .takeWhile(line -> !line.isBlank())
                        .map(line -> "    " + line)
                        .collect(Collectors.joining("\n"));
        return errors.isEmpty() ? output : errors;
    }
}
