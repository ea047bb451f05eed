package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.events.MemoryBus;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A node that is a process of its own, and hangs amid the transaction of one event, having said so. */
public final class HouseProcess {

    private static final String URL = "HOUSE_URL";

    private HouseProcess() {}

    static Process start(String url, int hangsAt) throws IOException {
        var builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx64m",
                        "-cp",
                        classPath(),
                        HouseProcess.class.getName(),
                        String.valueOf(hangsAt));
        builder.environment().put(URL, url);
        return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** Reads what it prints up to this line. */
    static void await(Process process, String line) throws IOException {
        BufferedReader out = process.inputReader();
        for (var said = out.readLine(); !line.equals(said); said = out.readLine())
            if (said == null) throw new IOException("it ended without saying " + line);
    }

    private static String classPath() {
        var name = HouseProcess.class.getName().replace('.', '/') + ".class";
        var here =
                HouseProcess.class.getResource("HouseProcess.class").getPath().replace("%20", " ");
        var parts = new ArrayList<String>();
        parts.add(here.substring(0, here.length() - name.length()));
        for (var property : List.of("jdk.module.path", "java.class.path"))
            if (System.getProperty(property) != null) parts.add(System.getProperty(property));
        return String.join(File.pathSeparator, parts);
    }

    /** Ends when it is killed, or when its standard input ends. */
    public static void main(String[] args) throws Exception {
        int hangsAt = Integer.parseInt(args[0]);
        var never = new CountDownLatch(1);
        try (var _ =
                House.start(
                        System.getenv(URL),
                        new MemoryBus(SystemTime.INSTANCE),
                        (what, number) -> {
                            if (number != hangsAt || !what.equals("doors")) return;
                            System.out.println("hangs");
                            try {
                                never.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        })) {
            System.in.readAllBytes();
        }
    }
}
