package dev.weft.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What a service is made of on disk.
 *
 * @param java all {@code .java} files, in order
 * @param resources everything in the service's {@code resources} folder, in order
 * @param others further files on which a build with a tool of its own may depend
 */
record Sources(List<Path> java, List<Path> resources, List<Path> others) {

    /** The most files of one service. */
    static final int MAX_FILES = 20_000;

    /** Folders that hold no sources of the service: outputs and tests. */
    private static final Set<String> SKIPPED =
            Set.of("build", "target", "out", "node_modules", "__pycache__", "test", "tests");

    static final String RESOURCES = "resources";

    /** Whether files in this folder belong to no service. */
    static boolean skipped(Path folder) {
        var name = folder.getFileName();
        return name != null
                && (name.toString().startsWith(".") || SKIPPED.contains(name.toString()));
    }

    /** Whether the file, if it lies below the source folder, is in one that is no source. */
    static boolean skipped(Path source, Path file) {
        if (!file.startsWith(source)) return false;
        var below = source.relativize(file);
        for (int i = 0; i < below.getNameCount(); i++) if (skipped(below.getName(i))) return true;
        return false;
    }

    static Sources of(ServiceFile service) {
        var java = new ArrayList<Path>();
        var resources = new ArrayList<Path>();
        var others = new ArrayList<Path>();
        var resourceFolder = service.folder().resolve(RESOURCES);
        for (var source : service.sources()) {
            for (var file : files(source)) {
                if (file.startsWith(resourceFolder)) resources.add(file);
                else if (file.toString().endsWith(".java")) java.add(file);
                else if (!service.makes(file)) others.add(file);
            }
        }
        return new Sources(
                java.stream().distinct().sorted().toList(),
                resources.stream().sorted().toList(),
                others.stream().distinct().sorted().toList());
    }

    /** All files in a folder but those that belong to no service; a file is itself. */
    static List<Path> files(Path root) {
        if (!Files.isDirectory(root)) return List.of(root);
        var found = new ArrayList<Path>();
        try {
            Files.walkFileTree(
                    root,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path folder, BasicFileAttributes attributes) {
                            return !folder.equals(root) && skipped(folder)
                                    ? FileVisitResult.SKIP_SUBTREE
                                    : FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFile(
                                Path file, BasicFileAttributes attributes) {
                            if (attributes.isRegularFile()) found.add(file);
                            if (found.size() > MAX_FILES)
                                throw new CommandFailed(
                                        root + ": holds more than " + MAX_FILES + " files");
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(root + ": cannot be read", e);
        }
        return found;
    }
}
