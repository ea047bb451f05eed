package dev.weft.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;

/** Finds the class that a service starts with: the one that has a main method. */
final class MainClass {

    private MainClass() {}

    static String inJar(Path jar, ServiceFile service) {
        try (var file = new JarFile(jar.toFile())) {
            var manifest = file.getManifest();
            var main =
                    manifest == null
                            ? null
                            : manifest.getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
            if (main != null) return main;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (var inside = FileSystems.newFileSystem(jar)) {
            return in(inside.getPath("/"), service);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Looks at all class files below the folder. */
    static String in(Path classes, ServiceFile service) {
        List<String> found;
        try (var files = Files.walk(classes)) {
            found =
                    files.filter(file -> file.toString().endsWith(".class"))
                            .map(MainClass::parse)
                            .filter(MainClass::starts)
                            .map(model -> model.thisClass().asInternalName().replace('/', '.'))
                            .sorted()
                            .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (found.size() == 1) return found.getFirst();
        throw new CommandFailed(
                service.file()
                        + ": "
                        + (found.isEmpty()
                                ? "no class in "
                                        + service.folder()
                                        + " has a main method, so there is nothing to start"
                                : "several classes have a main method: "
                                        + String.join(", ", found)
                                        + "; say which one with main: "
                                        + found.getFirst()));
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As the java command sees it: static or not, with arguments or without, not private. */
    private static boolean starts(ClassModel type) {
        return type.methods().stream()
                .anyMatch(method ->
                        method.methodName().equalsString("main")
                                && !method.flags().has(AccessFlag.PRIVATE)
                                && !method.flags().has(AccessFlag.ABSTRACT)
                                && takesArguments(method)
                                && (method.flags().has(AccessFlag.STATIC) || canBeMade(type)));
    }

    private static boolean takesArguments(MethodModel method) {
        return method.methodType().equalsString("()V")
                || method.methodType().equalsString("([Ljava/lang/String;)V");
    }

    private static boolean canBeMade(ClassModel type) {
        return !type.flags().has(AccessFlag.ABSTRACT)
                && type.methods().stream()
                        .anyMatch(method ->
                                method.methodName().equalsString("<init>")
                                        && method.methodType().equalsString("()V")
                                        && !method.flags().has(AccessFlag.PRIVATE));
    }
}
