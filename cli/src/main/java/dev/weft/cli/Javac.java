package dev.weft.cli;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/** The JDK's compiler, in this process. */
final class Javac {

    /** More of the compiler's messages are cut off. */
    private static final int MAX_MESSAGE_CHARACTERS = 20_000;

    private Javac() {}

    /**
     * Compiles for the class path, on which services run. Weft itself is also there as modules, so
     * that {@code import module dev.weft.app;} works.
     *
     * @throws CommandFailed with the compiler's messages: file, line, a caret under the place
     */
    static void compile(Installation weft, List<Path> libraries, List<Path> sources, Path classes)
            throws IOException {
        compile(weft, weft.classPath(), "dev.weft.app", libraries, sources, classes);
    }

    /** The same for sources with tests: testkit, JUnit and AssertJ are modules, too. */
    static void compileTests(
            Installation weft, List<Path> libraries, List<Path> sources, Path classes)
            throws IOException {
        var modules = new StringBuilder(weft.classPath());
        for (var jar : weft.testJars()) modules.append(File.pathSeparatorChar).append(jar);
        compile(
                weft,
                modules.toString(),
                "dev.weft.app,dev.weft.testkit,org.junit.jupiter.params",
                libraries,
                sources,
                classes);
    }

    private static void compile(
            Installation weft,
            String modulePath,
            String modules,
            List<Path> libraries,
            List<Path> sources,
            Path classes)
            throws IOException {
        var javac = ToolProvider.getSystemJavaCompiler();
        if (javac == null)
            throw new CommandFailed(
                    "this Java has no compiler; services are built with a JDK, and "
                            + weft.java()
                            + " is none");
        var options = new ArrayList<String>();
        options.addAll(List.of("-d", classes.toString(), "-g", "-parameters", "-proc:none"));
        options.addAll(List.of("-encoding", "UTF-8", "-Xlint:none", "-Xdiags:compact"));
        options.addAll(List.of("--module-path", modulePath));
        options.addAll(List.of("--add-modules", modules));
        if (!libraries.isEmpty())
            options.addAll(
                    List.of(
                            "-cp",
                            libraries.stream()
                                    .map(Path::toString)
                                    .collect(Collectors.joining(File.pathSeparator))));
        else options.addAll(List.of("-cp", classes.toString()));
        var messages = new StringWriter();
        try (var files = javac.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
            var task =
                    javac.getTask(
                            messages,
                            files,
                            null,
                            options,
                            null,
                            files.getJavaFileObjectsFromPaths(sources));
            task.setLocale(Locale.ROOT);
            if (task.call()) return;
        }
        var text = messages.toString().strip().replace(here(), "");
        throw new CommandFailed(
                text.length() <= MAX_MESSAGE_CHARACTERS
                        ? text
                        : text.substring(0, MAX_MESSAGE_CHARACTERS) + "\n…");
    }

    /** Paths below the working folder are shown relative to it. */
    private static String here() {
        return Path.of("").toAbsolutePath() + File.separator;
    }
}
