package dev.weft.cli;

import dev.weft.core.Time;
import dev.weft.supervisor.ProcessState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Rebuilds and replaces just the services whose files have changed.
 *
 * <p>One rebuild of a service runs at a time; what changes meanwhile starts another behind it. The
 * lock guards which services are being rebuilt and which have to be once more.
 */
final class Rebuilding implements AutoCloseable {

    private final LocalSystem system;
    private final Consumer<String> say;
    private final Time time;
    private final Watching watching;
    private final Set<String> running = new HashSet<>();
    private final Set<String> again = new HashSet<>();

    /**
     * @param say shows a message to the person who watches
     */
    Rebuilding(LocalSystem system, Consumer<String> say, Time time) throws IOException {
        this.system = system;
        this.say = say;
        this.time = time;
        var roots = new ArrayList<Path>();
        roots.add(system.plan().files().folder().resolve(SystemFile.NAME));
        for (var service : system.plan().files().services())
            roots.addAll(system.sources(service.name()));
        this.watching = new Watching(roots, this::skipped, this::changed, time);
    }

    private boolean skipped(Path folder) {
        return folder.equals(system.plan().data()) || Sources.skipped(folder);
    }

    private void changed(Set<Path> paths) {
        if (paths.contains(system.plan().files().folder().resolve(SystemFile.NAME)))
            say.accept(SystemFile.NAME + " has changed; restart weft dev to run by it");
        var services = new HashMap<String, List<Path>>();
        for (var service : system.plan().files().services())
            for (var path : paths)
                if (concerns(service, path))
                    services.computeIfAbsent(service.name(), s -> new ArrayList<>()).add(path);
        services.forEach(this::rebuild);
    }

    private boolean concerns(ServiceFile service, Path path) {
        return concerns(service, system.sources(service.name()), path);
    }

    /**
     * Whether a change of the path may matter to the service. A folder is told of when so much has
     * changed in it that single files are not known any more, as behind a large checkout.
     *
     * @param sources what the service is made of
     */
    static boolean concerns(ServiceFile service, List<Path> sources, Path path) {
        if (Files.isDirectory(path))
            return sources.stream()
                    .anyMatch(source -> path.startsWith(source) || path.equals(source.getParent()));
        var name = String.valueOf(path.getFileName());
        if (name.startsWith(".") || name.endsWith("~")) return false;
        if (service.makes(path)) return false;
        boolean compiled = !service.foreign() && service.build().isEmpty();
        boolean matters =
                !compiled
                        || name.endsWith(".java")
                        || path.equals(service.file())
                        || path.startsWith(service.folder().resolve(Sources.RESOURCES));
        return matters
                && sources.stream()
                        .anyMatch(source ->
                                path.startsWith(source) && !Sources.skipped(source, path));
    }

    private void rebuild(String service, List<Path> because) {
        synchronized (this) {
            if (!running.add(service)) {
                again.add(service);
                return;
            }
        }
        time.start("weft-rebuild-" + service, () -> rebuildUntilDone(service, because));
    }

    private void rebuildUntilDone(String service, List<Path> because) {
        boolean ended = false;
        try {
            say.accept(service + ": " + names(because) + " changed");
            do {
                once(service);
                ended = done(service);
            } while (!ended);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            say.accept(service + ": could not be rebuilt: " + e);
        } finally {
            if (!ended) broken(service);
        }
    }

    private synchronized boolean done(String service) {
        if (again.remove(service) && !system.closing()) return false;
        running.remove(service);
        return true;
    }

    /** The next change begins anew. */
    private synchronized void broken(String service) {
        again.remove(service);
        running.remove(service);
    }

    private void once(String service) throws InterruptedException {
        long begun = time.nanos();
        var outcome = system.rebuild(service);
        // A build that was broken off by the end of it all is no news.
        if (system.closing()) return;
        long ms = Duration.ofNanos(time.nanos() - begun).toMillis();
        switch (outcome) {
            case LocalSystem.Rebuilt.Replaced() -> {
                say.accept(service + ": replaced in " + ms + " ms");
                system.warnings(service).forEach(say);
            }
            case LocalSystem.Rebuilt.Same() -> say.accept(service + ": nothing new in it");
            case LocalSystem.Rebuilt.Failed(String why) ->
                    say.accept(service + ": not replaced, " + old(service) + "\n" + why);
            case LocalSystem.Rebuilt.Unready(String why) ->
                    say.accept(
                            service
                                    + ": the new version is not ready, and the old one does not run"
                                    + " any more; save a mended one\n"
                                    + why);
        }
        for (var source : system.sources(service)) {
            try {
                watching.add(source);
            } catch (IOException e) {
                say.accept(service + ": " + source + " is not watched: " + e.getMessage());
            }
        }
    }

    /** What is true of the version that was to be replaced. */
    private String old(String service) {
        boolean runs =
                system.hosting().processes().stream()
                        .anyMatch(process ->
                                process.service().equals(service)
                                        && process.state() == ProcessState.State.READY);
        return runs ? "the old version keeps running" : "the old version is not ready either";
    }

    private static String names(List<Path> paths) {
        var names =
                paths.stream().map(path -> String.valueOf(path.getFileName())).sorted().toList();
        return names.size() <= 3
                ? String.join(", ", names)
                : String.join(", ", names.subList(0, 3)) + " and " + (names.size() - 3) + " more";
    }

    @Override
    public void close() {
        watching.close();
    }
}
