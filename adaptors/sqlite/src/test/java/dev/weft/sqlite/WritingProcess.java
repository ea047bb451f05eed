package dev.weft.sqlite;

import dev.weft.core.SystemTime;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.testkit.Race;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A program that appends from several threads and prints what was acknowledged. */
public final class WritingProcess implements AutoCloseable {

    private final Process process;
    private final BufferedReader out;

    private WritingProcess(Process process) {
        this.process = process;
        this.out = process.inputReader();
    }

    /** Appends so many events from each of so many threads. */
    static WritingProcess start(Path file, String name, int threads, int appends)
            throws IOException {
        var command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-Xmx128m",
                        "-cp",
                        classPath(),
                        WritingProcess.class.getName(),
                        file.toString(),
                        name,
                        String.valueOf(threads),
                        String.valueOf(appends));
        return new WritingProcess(
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /** All that this test runs with, and the folder of its own classes. */
    private static String classPath() {
        var name = WritingProcess.class.getName().replace('.', '/') + ".class";
        var here =
                WritingProcess.class
                        .getResource("WritingProcess.class")
                        .getPath()
                        .replace("%20", " ");
        var parts = new ArrayList<String>();
        parts.add(here.substring(0, here.length() - name.length()));
        for (var property : List.of("jdk.module.path", "java.class.path"))
            if (System.getProperty(property) != null) parts.add(System.getProperty(property));
        return String.join(File.pathSeparator, parts);
    }

    /** The next acknowledged append: stream, version, position; empty at the end. */
    String line() throws IOException {
        var line = out.readLine();
        return line == null ? "" : line;
    }

    List<String> lines() throws IOException {
        var lines = new ArrayList<String>();
        for (var line = line(); !line.isEmpty(); line = line()) lines.add(line);
        return lines;
    }

    /** Ends it at once, as {@code kill -9}; what it has printed can still be read. */
    void kill() {
        process.toHandle().destroyForcibly();
    }

    int exitCode() throws InterruptedException {
        return process.waitFor();
    }

    @Override
    public void close() throws IOException {
        kill();
        out.close();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Arguments: file, name, threads, appends of each. */
    public static void main(String[] args) throws Exception {
        try (var storage = Sqlite.open(Path.of(args[0]), SystemTime.INSTANCE)) {
            storage.database()
                    .write(sql ->
                            sql.update("create table if not exists told (stream text not null)"));
            var writers = new ArrayList<Race<Boolean>>();
            for (int i = 0; i < Integer.parseInt(args[2]); i++) {
                var stream = args[1] + "-" + i + (i % 2 == 0 ? "-tx" : "");
                int appends = Integer.parseInt(args[3]);
                writers.add(Race.begin(() -> write(storage, stream, appends)));
            }
            for (var writer : writers) writer.task().get();
        }
    }

    /** A stream that ends in {@code -tx} is written to together with a row for each event. */
    private static boolean write(Storage storage, String stream, int appends)
            throws InterruptedException {
        for (int i = 0; i < appends; i++) {
            var event =
                    new NewEvent(
                            "a",
                            1,
                            ("{\"of\":\"" + stream + "\"}").getBytes(StandardCharsets.UTF_8),
                            Set.of("of:" + stream));
            var append = List.of(new Append(stream, EventStore.ANY_VERSION, List.of(event)));
            var appended =
                    stream.endsWith("-tx")
                            ? storage.write(it -> {
                                it.sql().update("insert into told (stream) values (?)", stream);
                                return it.append(append, Origin.NONE);
                            })
                            : storage.events().append(append, Origin.NONE);
            synchronized (System.out) {
                System.out.println(stream + " " + appended.version() + " " + appended.position());
                System.out.flush();
            }
        }
        return true;
    }
}
