package dev.weft.cli;

import dev.weft.core.Time;
import dev.weft.supervisor.Logs;
import java.io.PrintStream;
import java.time.Duration;

/** Prints the lines of all services, each behind its service's coloured name. */
final class LogPrinter implements AutoCloseable {

    /** Names are padded to the longest; longer ones stand out. */
    private static final int MAX_WIDTH = 20;

    private final Logs.Follower follower;
    private final PrintStream out;
    private final Ink ink;
    private final int width;
    private final Thread thread;
    private volatile boolean closed;

    LogPrinter(Logs logs, Iterable<String> names, PrintStream out, Ink ink, Time time) {
        this.follower = logs.follow("", 0);
        this.out = out;
        this.ink = ink;
        this.width = width(names);
        this.thread = time.start("weft-print", this::print);
    }

    static int width(Iterable<String> names) {
        int width = "gateway".length();
        for (var name : names) width = Math.max(width, Math.min(name.length(), MAX_WIDTH));
        return width;
    }

    static String format(String service, String text, int width, Ink ink) {
        return ink.named(service, service + " ".repeat(Math.max(0, width - service.length())))
                + ink.grey(" | ")
                + text;
    }

    private void print() {
        try {
            while (true) {
                var line = follower.next(Duration.ofMillis(100));
                if (line.isPresent())
                    out.println(format(line.get().service(), line.get().text(), width, ink));
                else if (closed) return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Prints what there is, for at most two seconds. */
    @Override
    public void close() {
        closed = true;
        try {
            if (!thread.join(Duration.ofSeconds(2))) thread.interrupt();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        follower.close();
    }
}
