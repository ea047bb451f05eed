package dev.weft.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who may see whom: the module diagram as data. A new module is a new line in {@link #NEEDS}; a new
 * foreign client is a new line in {@link #OWNERS}, and has one owner.
 */
final class House {

    static final String ROOT = "dev.weft";

    /** A module's needs; it also sees what these need. */
    static final Map<String, Set<String>> NEEDS =
            Map.ofEntries(
                    Map.entry("core", Set.of()),
                    Map.entry("json", Set.of("core")),
                    Map.entry("contracts", Set.of("core", "json")),
                    Map.entry("http", Set.of("core", "json")),
                    Map.entry("events", Set.of("core", "json")),
                    Map.entry("testkit", Set.of("core", "json", "http", "events")),
                    Map.entry("telemetry", Set.of("core", "json")),
                    Map.entry(
                            "app",
                            Set.of("core", "json", "http", "events", "telemetry", "contracts")),
                    Map.entry("dns", Set.of("core")),
                    Map.entry("jdbc", Set.of("core", "events")),
                    Map.entry("postgres", Set.of("jdbc")),
                    Map.entry("sqlite", Set.of("jdbc")),
                    Map.entry("gateway", Set.of("core", "http")),
                    Map.entry("supervisor", Set.of("core", "json")),
                    Map.entry(
                            "hub",
                            Set.of("core", "json", "http", "events", "telemetry", "contracts")),
                    Map.entry("cli", Set.of("app", "gateway", "hub", "postgres", "supervisor")));

    /** The one module that may name the packages of a foreign client; the longest prefix counts. */
    static final Map<String, String> OWNERS =
            Map.ofEntries(
                    Map.entry("tools.jackson", "json"),
                    Map.entry("com.fasterxml.jackson", "json"),
                    Map.entry("io.helidon", "http"),
                    Map.entry("io.opentelemetry", "telemetry"),
                    Map.entry("io.opentelemetry.proto", "hub"),
                    Map.entry("com.google.protobuf", "hub"),
                    Map.entry("org.xbill.DNS", "dns"),
                    Map.entry("org.postgresql", "postgres"),
                    Map.entry("org.sqlite", "sqlite"),
                    Map.entry("picocli", "cli"),
                    Map.entry("org.snakeyaml", "cli"),
                    Map.entry("org.junit", "testkit"),
                    Map.entry("org.opentest4j", "testkit"),
                    Map.entry("org.assertj", "testkit"));

    /** What is no client: the JDK, and annotations that leave no trace at run time. */
    private static final List<String> EVERYONES =
            List.of("java", "javax", "jdk", "com.sun.management", "org.jspecify");

    private House() {}

    /** The module of one of our classes: {@code http} for {@code dev.weft.http.problem.Problem}. */
    static Optional<String> moduleOf(JavaClass type) {
        String name = type.getPackageName();
        if (!isIn(ROOT, name)) {
            return Optional.empty();
        }
        return Optional.of(name.substring(ROOT.length()).split("\\.", 3)[1]);
    }

    static boolean isForeign(JavaClass type) {
        String name = type.getPackageName();
        return !name.isEmpty()
                && !isIn(ROOT, name)
                && EVERYONES.stream().noneMatch(prefix -> isIn(prefix, name));
    }

    static Optional<String> ownerOf(JavaClass foreign) {
        return OWNERS.keySet().stream()
                .filter(prefix -> isIn(prefix, foreign.getPackageName()))
                .reduce((one, other) -> one.length() > other.length() ? one : other)
                .map(OWNERS::get);
    }

    /** All modules that a module sees, itself among them. */
    static Set<String> seenBy(String module) {
        Set<String> seen = new HashSet<>();
        collect(module, seen);
        return seen;
    }

    private static void collect(String module, Set<String> seen) {
        if (seen.add(module)) {
            NEEDS.getOrDefault(module, Set.of()).forEach(need -> collect(need, seen));
        }
    }

    private static boolean isIn(String prefix, String packageName) {
        return packageName.equals(prefix) || packageName.startsWith(prefix + ".");
    }
}
