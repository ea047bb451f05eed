package dev.weft.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The JDK and the Weft that this command runs with, and with which it runs services.
 *
 * @param java the program
 * @param classPath of Weft itself; what a service adds comes behind it, so that the AOT cache fits
 * @param home the folder with jars and cache; empty when this runs from classes
 */
record Installation(Path java, String classPath, Optional<Path> home) {

    static Installation current() {
        return new Installation(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                Optional.ofNullable(System.getenv("WEFT_HOME")).map(Path::of));
    }

    /** Changes when Weft was built anew. */
    String version() {
        return home.map(Path::toString).orElse(classPath);
    }

    /** The jars and class folders of Weft. */
    List<Path> jars() {
        return List.of(classPath.split(File.pathSeparator)).stream().map(Path::of).toList();
    }

    /** What tests need beyond these: testkit, JUnit, AssertJ. */
    List<Path> testJars() {
        var folder = home.orElse(Path.of("")).resolve("lib-test");
        try (var files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
        } catch (IOException e) {
            throw new CommandFailed("the jars for tests are missing: " + e, e);
        }
    }

    /** The command line that runs this command once more, as the launcher does. */
    List<String> self() {
        var command = new ArrayList<String>();
        command.add(java.toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-Xms16m",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Xlog:disable",
                        "-Xlog:all=error:stderr"));
        cache().ifPresent(cache -> command.add("-XX:AOTCache=" + cache));
        command.addAll(List.of("-cp", classPath, Main.class.getName()));
        return command;
    }

    private Optional<Path> cache() {
        return home.map(folder -> folder.resolve("weft.aot")).filter(Files::exists);
    }

    /**
     * The command line of a JVM that runs a service, or a part of Weft.
     *
     * <p>The cache was trained with the serial collector and this class path. The heap begins small
     * and grows as it must: the JVM's own choice is a part of all memory that there is, which a
     * dozen services on one machine would each take. A service that has run out of memory ends and
     * is started again.
     *
     * @param memory the largest heap
     */
    List<String> jvm(String memory, List<Path> more, String main) {
        var command = new ArrayList<String>();
        command.add(java.toString());
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-Xms16m",
                        "-Xmx" + memory,
                        "-Xss512k",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-XX:-UsePerfData",
                        "-Dstdout.encoding=UTF-8",
                        "-Dstderr.encoding=UTF-8",
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Xlog:disable",
                        "-Xlog:all=error:stderr"));
        NativeSqlite.properties(home)
                .forEach((name, value) -> command.add("-D" + name + "=" + value));
        cache().ifPresent(cache -> command.add("-XX:AOTCache=" + cache));
        command.add("-cp");
        var all = new StringBuilder(classPath);
        for (var path : more) all.append(File.pathSeparatorChar).append(path);
        command.add(all.toString());
        command.add(main);
        return command;
    }
}
