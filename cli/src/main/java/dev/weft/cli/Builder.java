package dev.weft.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * Makes a jar of a service's sources, unless it has done so before: {@code NAME-HASH.jar}, with a
 * hash over the sources, the settings that matter and Weft itself.
 *
 * <p>Many services may be built at the same time, one service by one thread at a time. A jar is
 * never changed once it is there, so a running service keeps its own.
 */
final class Builder {

    /** So many jars of one service are kept. */
    private static final int KEPT = 4;

    private static final FileTime EPOCH = FileTime.fromMillis(0);

    private final Installation installation;
    private final Path folder;
    private final Dependencies dependencies;

    /**
     * @param folder where jars go
     */
    Builder(Installation installation, Path folder) {
        this.installation = installation;
        this.folder = folder;
        this.dependencies = new Dependencies(folder);
    }

    /** Throws {@link CommandFailed} with the compiler's messages if it cannot be built. */
    Built build(ServiceFile service) {
        try {
            Files.createDirectories(folder);
            return service.build().isPresent() ? byTool(service) : compiled(service);
        } catch (IOException e) {
            throw unbuildable(service, e);
        } catch (UncheckedIOException e) {
            throw unbuildable(service, e);
        }
    }

    private Built compiled(ServiceFile service) throws IOException {
        var sources = Sources.of(service);
        if (sources.java().isEmpty())
            throw new CommandFailed(
                    service.file()
                            + ": there is no .java file in "
                            + service.folder()
                            + " and no run: {command: …}");
        var libraries = dependencies.of(service);
        var jar = folder.resolve(service.name() + "-" + hash(service, sources) + ".jar");
        boolean changed = !Files.exists(jar);
        if (changed) {
            var classes = Files.createTempDirectory(folder, service.name() + "-");
            try {
                Javac.compile(installation, libraries, sources.java(), classes);
                var main = service.main().orElseGet(() -> MainClass.in(classes, service));
                for (var resource : sources.resources()) {
                    var inside = service.folder().resolve(Sources.RESOURCES).relativize(resource);
                    var to = classes.resolve(inside.toString());
                    Files.createDirectories(to.getParent());
                    Files.copy(resource, to, StandardCopyOption.REPLACE_EXISTING);
                }
                pack(classes, main, jar);
            } finally {
                delete(classes);
            }
            deleteOld(service.name(), jar);
        }
        var classPath = new ArrayList<>(List.of(jar));
        classPath.addAll(libraries);
        return new Built(classPath, mainOf(jar), changed);
    }

    private Built byTool(ServiceFile service) throws IOException {
        var build = service.build().orElseThrow();
        var jar =
                folder.resolve(service.name() + "-" + hash(service, Sources.of(service)) + ".jar");
        boolean changed = !Files.exists(jar);
        if (changed) {
            run(service, build);
            // Kept under our own name: the tool writes its next one over it while this one runs.
            var unfinished = jar.resolveSibling(jar.getFileName() + ".new");
            Files.copy(builtJar(service, build), unfinished, StandardCopyOption.REPLACE_EXISTING);
            Files.move(unfinished, jar, StandardCopyOption.ATOMIC_MOVE);
            deleteOld(service.name(), jar);
        }
        var main = service.main().orElseGet(() -> MainClass.inJar(jar, service));
        var classPath = new ArrayList<>(List.of(jar));
        classPath.addAll(dependencies.of(service));
        return new Built(classPath, main, changed);
    }

    /**
     * Runs the build command of a program of another kind, unless its sources are those of the
     * last time. What it makes stays where it makes it.
     */
    void prepare(ServiceFile service) {
        if (service.build().isEmpty()) return;
        var note = folder.resolve(service.name() + ".built");
        try {
            Files.createDirectories(folder);
            var hash = hash(service, Sources.of(service));
            if (Files.exists(note) && Files.readString(note).equals(hash)) return;
            run(service, service.build().get());
            Files.writeString(note, hash);
        } catch (IOException e) {
            throw unbuildable(service, e);
        } catch (UncheckedIOException e) {
            throw unbuildable(service, e);
        }
    }

    private static CommandFailed unbuildable(ServiceFile service, Exception why) {
        return new CommandFailed(service.name() + ": cannot be built: " + why, why);
    }

    private static void run(ServiceFile service, ServiceFile.Build build) throws IOException {
        var output = Shell.run(service.folder(), "sh", "-c", build.command());
        if (output.code() != 0)
            throw new CommandFailed(
                    service.file()
                            + ": the build command \""
                            + build.command()
                            + "\" failed with exit code "
                            + output.code()
                            + "\n"
                            + output.text());
    }

    private static Path builtJar(ServiceFile service, ServiceFile.Build build) throws IOException {
        if (!build.jar().isEmpty()) {
            var jar = service.folder().resolve(build.jar());
            if (!Files.exists(jar))
                throw new CommandFailed(service.file() + ": the build command has not made " + jar);
            return jar;
        }
        var target = service.folder().resolve("target");
        try (var files = Files.exists(target) ? Files.list(target) : Stream.<Path>of()) {
            var jars =
                    files.filter(file -> file.toString().endsWith(".jar"))
                            .filter(file ->
                                    Stream.of("-sources.jar", "-javadoc.jar", "-tests.jar")
                                            .noneMatch(file.toString()::endsWith))
                            .filter(file -> !file.getFileName().toString().startsWith("original-"))
                            .toList();
            if (jars.size() == 1) return jars.getFirst();
            throw new CommandFailed(
                    service.file()
                            + ": wanted one jar in "
                            + target
                            + ", found "
                            + jars.size()
                            + "; say build: {command: …, jar: FILE}");
        }
    }

    private String hash(ServiceFile service, Sources sources) throws IOException {
        var digest = sha256();
        add(digest, installation.version());
        add(digest, service.main().orElse(""));
        add(digest, service.dependencies().toString());
        add(digest, service.build().toString());
        for (var file : sources.java()) add(digest, file);
        for (var file : sources.resources()) add(digest, file);
        if (service.build().isPresent()) for (var file : sources.others()) add(digest, file);
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static void add(MessageDigest digest, String text) {
        digest.update(text.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
    }

    private static void add(MessageDigest digest, Path file) throws IOException {
        add(digest, file.toString());
        digest.update(Files.readAllBytes(file));
        digest.update((byte) 0);
    }

    private static void pack(Path classes, String main, Path jar) throws IOException {
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, main);
        var unfinished = jar.resolveSibling(jar.getFileName() + ".new");
        try (var out = new JarOutputStream(Files.newOutputStream(unfinished));
                var files = Files.walk(classes)) {
            out.setLevel(1);
            out.putNextEntry(entry(JarFile.MANIFEST_NAME));
            manifest.write(out);
            for (var file : files.filter(Files::isRegularFile).sorted().toList()) {
                out.putNextEntry(entry(classes.relativize(file).toString().replace('\\', '/')));
                Files.copy(file, out);
            }
        }
        Files.move(unfinished, jar, StandardCopyOption.ATOMIC_MOVE);
    }

    private static JarEntry entry(String name) {
        var entry = new JarEntry(name);
        entry.setLastModifiedTime(EPOCH);
        return entry;
    }

    private static String mainOf(Path jar) throws IOException {
        try (var file = new JarFile(jar.toFile())) {
            return file.getManifest().getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
        }
    }

    static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    private void deleteOld(String service, Path current) throws IOException {
        try (var files = Files.list(folder)) {
            var old =
                    files.filter(file -> isJarOf(service, file) && !file.equals(current))
                            .sorted(Comparator.comparing(Builder::modified).reversed())
                            .skip(KEPT - 1)
                            .toList();
            for (var file : old) Files.deleteIfExists(file);
        }
    }

    private static boolean isJarOf(String service, Path file) {
        var name = file.getFileName().toString();
        return name.startsWith(service + "-")
                && name.substring(service.length() + 1).matches("[0-9a-f]{16}\\.jar");
    }

    private static FileTime modified(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            return EPOCH;
        }
    }
}
