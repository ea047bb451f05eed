package dev.weft.supervisor;

import dev.weft.core.Time;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What all processes print, line by line, in one order.
 *
 * <p>The last lines of each service stay in memory, all go to {@code NAME.log} in a folder. Writing
 * a line waits when the disk does not keep up; a follower that does not keep up loses its oldest
 * lines and is told how many. The lock guards the lines in memory and is never held during I/O.
 */
public final class Logs implements AutoCloseable {

    /** The lines of one service that stay in memory, and their text in characters. */
    public static final int MAX_LINES = 10_000;

    public static final int MAX_CHARACTERS = 4 << 20;

    /** A longer line is cut into several. */
    public static final int MAX_LINE_BYTES = 16 << 10;

    /** The size at which a file is set aside, and how many of them are kept. */
    public static final long MAX_FILE_BYTES = 10 << 20;

    public static final int MAX_FILES = 3;

    /** The lines that may wait for the disk. */
    private static final int MAX_UNWRITTEN = 4_096;

    /** The lines that may wait for one follower. */
    private static final int MAX_UNREAD = 20_000;

    /** A line that a process printed. */
    public record Line(Instant at, String service, String instance, String text) {}

    private record Numbered(long number, Line line) {}

    private final Path folder;
    private final long maxFileBytes;
    private final Time time;
    private final Map<String, Ring> rings = new LinkedHashMap<>();
    private final List<Queue> followers = new CopyOnWriteArrayList<>();
    private long lastNumber;

    private final ArrayBlockingQueue<Line> unwritten = new ArrayBlockingQueue<>(MAX_UNWRITTEN);
    private final Thread writer;
    private volatile boolean closed;

    public Logs(Path folder, Time time) {
        this(folder, MAX_FILE_BYTES, time);
    }

    Logs(Path folder, long maxFileBytes, Time time) {
        this.folder = folder;
        this.maxFileBytes = maxFileBytes;
        this.time = time;
        this.writer = time.start("weft-logs", this::writeAll);
    }

    /** Adds a line. */
    public void add(String service, String instance, String text) throws InterruptedException {
        var line = new Line(time.now(), service, instance, text);
        synchronized (this) {
            rings.computeIfAbsent(service, s -> new Ring()).add(new Numbered(++lastNumber, line));
            for (var follower : followers) follower.offer(line);
        }
        if (!closed) unwritten.put(line);
    }

    /**
     * The last lines of one service, or of all, oldest first.
     *
     * @param service empty for all
     */
    public List<Line> last(String service, int lines) {
        var found = new ArrayList<Numbered>();
        synchronized (this) {
            rings.forEach((name, ring) -> {
                if (service.isEmpty() || name.equals(service)) found.addAll(ring.lines);
            });
        }
        found.sort(Comparator.comparingLong(Numbered::number));
        return found.subList(Math.max(0, found.size() - lines), found.size()).stream()
                .map(Numbered::line)
                .toList();
    }

    /**
     * The last lines, and then each new one.
     *
     * @param service empty for all
     * @param lines how many of those that are there already
     */
    public synchronized Follower follow(String service, int lines) {
        var follower = new Queue(service);
        last(service, lines).forEach(follower::offer);
        followers.add(follower);
        return follower;
    }

    /** Someone who reads along. */
    public interface Follower extends AutoCloseable {

        /** The next line; empty if none came in this time, or nothing comes any more. */
        Optional<Line> next(Duration atMost) throws InterruptedException;

        @Override
        void close();
    }

    private final class Queue implements Follower {
        private final String service;
        private final LinkedBlockingDeque<Line> lines = new LinkedBlockingDeque<>(MAX_UNREAD);
        private final AtomicLong lost = new AtomicLong();

        Queue(String service) {
            this.service = service;
        }

        void offer(Line line) {
            if (!service.isEmpty() && !line.service().equals(service)) return;
            while (!lines.offerLast(line)) if (lines.pollFirst() != null) lost.incrementAndGet();
        }

        @Override
        public Optional<Line> next(Duration atMost) throws InterruptedException {
            long left = lost.getAndSet(0);
            if (left > 0)
                return Optional.of(
                        new Line(time.now(), "weft", "", left + " lines left out: too slow"));
            return Optional.ofNullable(lines.pollFirst(atMost.toMillis(), TimeUnit.MILLISECONDS));
        }

        @Override
        public void close() {
            followers.remove(this);
        }
    }

    private static final class Ring {
        private final ArrayDeque<Numbered> lines = new ArrayDeque<>();
        private long characters;

        void add(Numbered line) {
            lines.addLast(line);
            characters += line.line().text().length();
            while (lines.size() > MAX_LINES || characters > MAX_CHARACTERS)
                characters -= lines.removeFirst().line().text().length();
        }
    }

    private void writeAll() {
        var files = new HashMap<String, LogFile>();
        try {
            Files.createDirectories(folder);
            while (true) {
                var line = unwritten.poll();
                if (line == null) {
                    for (var file : files.values()) file.flush();
                    if (closed) return;
                    line = unwritten.poll(100, TimeUnit.MILLISECONDS);
                    if (line == null) continue;
                }
                var service = line.service();
                var file = files.get(service);
                if (file == null) {
                    file = new LogFile(folder, service, maxFileBytes);
                    files.put(service, file);
                }
                file.write(line);
            }
        } catch (IOException e) {
            System.err.println("weft: logs are no longer written: " + e);
            drop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            for (var file : files.values()) file.close();
        }
    }

    /** Nobody may wait for a disk that is full. */
    private void drop() {
        closed = true;
        unwritten.clear();
    }

    /** Waits until all lines are written, at most five seconds. */
    @Override
    public void close() {
        closed = true;
        try {
            if (!writer.join(Duration.ofSeconds(5))) writer.interrupt();
        } catch (InterruptedException e) {
            writer.interrupt();
            Thread.currentThread().interrupt();
        }
    }

    /** One service's file; full ones are renamed to {@code NAME.log.1}, {@code .2} … */
    private static final class LogFile {
        private final Path path;
        private final long maxBytes;
        private @Nullable OutputStream out;
        private long bytes;

        LogFile(Path folder, String service, long maxBytes) {
            this.path = folder.resolve(service + ".log");
            this.maxBytes = maxBytes;
        }

        void write(Line line) throws IOException {
            // A line of JSON has its own time, and is read by machines.
            var shown = line.text().startsWith("{") ? line.text() : line.at() + " " + line.text();
            var text = (shown + "\n").getBytes(StandardCharsets.UTF_8);
            if (out != null && bytes + text.length > maxBytes) rotate();
            var to = out;
            if (to == null) {
                bytes = Files.exists(path) ? Files.size(path) : 0;
                to =
                        new BufferedOutputStream(
                                Files.newOutputStream(
                                        path,
                                        StandardOpenOption.CREATE,
                                        StandardOpenOption.APPEND));
                out = to;
            }
            to.write(text);
            bytes += text.length;
        }

        private void rotate() throws IOException {
            close();
            for (int n = MAX_FILES - 1; n >= 1; n--) {
                var from = path.resolveSibling(path.getFileName() + (n == 1 ? "" : "." + (n - 1)));
                var to = path.resolveSibling(path.getFileName() + "." + n);
                if (Files.exists(from)) Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
            }
        }

        void flush() throws IOException {
            if (out != null) out.flush();
        }

        void close() {
            var open = out;
            out = null;
            if (open == null) return;
            try {
                open.close();
            } catch (IOException e) {
                System.err.println("weft: " + path + " could not be written: " + e);
            }
        }
    }
}
