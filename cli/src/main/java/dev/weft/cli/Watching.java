package dev.weft.cli;

import dev.weft.core.Time;
import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Notices changed files below some folders, new folders included.
 *
 * <p>Editors write a file in several steps, and a person saves several files at once. So changes
 * are gathered until nothing has changed for {@link #QUIET}, then told as one set of paths. The
 * lock guards that set.
 */
final class Watching implements AutoCloseable {

    static final Duration QUIET = Duration.ofMillis(100);

    /** More folders are not watched. */
    static final int MAX_FOLDERS = 5_000;

    private static final WatchEvent.Kind<?>[] KINDS = {
        StandardWatchEventKinds.ENTRY_CREATE,
        StandardWatchEventKinds.ENTRY_MODIFY,
        StandardWatchEventKinds.ENTRY_DELETE
    };

    private final WatchService service;
    private final Predicate<Path> skipped;
    private final Consumer<Set<Path>> changed;
    private final Time time;
    private final Map<WatchKey, Path> folders = new ConcurrentHashMap<>();
    private final Thread thread;

    private Set<Path> gathered = new HashSet<>();
    private Time.Cancel timer = () -> {};

    /**
     * @param roots folders, watched with all below, and single files
     * @param skipped folders that are not looked into
     * @param changed called with what has changed, on a thread of its own, once at a time
     */
    Watching(Iterable<Path> roots, Predicate<Path> skipped, Consumer<Set<Path>> changed, Time time)
            throws IOException {
        this.skipped = skipped;
        this.changed = changed;
        this.time = time;
        this.service = Path.of("").getFileSystem().newWatchService();
        for (var root : roots) add(root);
        this.thread = time.startNative("weft-watch", this::watch);
    }

    /** Watches one more folder with all below, or one more file. */
    void add(Path root) throws IOException {
        var parent = root.getParent();
        if (Files.isRegularFile(root) && parent != null) register(parent);
        else if (Files.isDirectory(root)) addFolders(root, false);
    }

    private void addFolders(Path root, boolean tell) throws IOException {
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path folder, BasicFileAttributes attributes) throws IOException {
                        if (!folder.equals(root) && skipped.test(folder))
                            return FileVisitResult.SKIP_SUBTREE;
                        register(folder);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        if (tell) note(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path file, IOException why) {
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    private void register(Path folder) throws IOException {
        if (folders.containsValue(folder)) return;
        if (folders.size() >= MAX_FOLDERS)
            throw new IOException("more than " + MAX_FOLDERS + " folders to watch");
        folders.put(folder.register(service, KINDS), folder);
    }

    private void watch() {
        try {
            while (true) {
                var key = service.take();
                var folder = folders.get(key);
                for (var event : key.pollEvents()) if (folder != null) take(folder, event);
                if (!key.reset()) folders.remove(key);
            }
        } catch (ClosedWatchServiceException e) {
            // The end.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void take(Path folder, WatchEvent<?> event) {
        if (!(event.context() instanceof Path name)) {
            note(folder);
            return;
        }
        var path = folder.resolve(name);
        if (Files.isDirectory(path)) {
            if (event.kind().equals(StandardWatchEventKinds.ENTRY_CREATE) && !skipped.test(path)) {
                try {
                    addFolders(path, true);
                } catch (IOException e) {
                    System.err.println("weft: " + path + " is not watched: " + e.getMessage());
                }
            }
            return;
        }
        note(path);
    }

    private synchronized void note(Path path) {
        gathered.add(path);
        timer.cancel();
        timer = time.schedule(QUIET, () -> time.start("weft-changed", this::tell));
    }

    private void tell() {
        Set<Path> all;
        synchronized (this) {
            all = gathered;
            gathered = new HashSet<>();
        }
        if (!all.isEmpty()) changed.accept(all);
    }

    @Override
    public void close() {
        try {
            service.close();
            thread.join(Duration.ofSeconds(2));
        } catch (IOException e) {
            System.err.println("weft: watching could not be ended: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
