package dev.weft.testkit.run;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClasspathRoots;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * What {@code weft test} starts: runs all tests of a folder of classes and reports on standard output.
 * Exits with 0 if there are tests and none failed, else with 1.
 */
public final class TestRun {

    private TestRun() {}

    /**
     * The first argument is the folder; a second one is part of {@code CLASS.METHOD}, where {@code *}
     * stands for anything.
     */
    public static void main(String... args) {
        var request =
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(selectClasspathRoots(Set.of(Path.of(args[0]))));
        if (args.length > 1) request.filters(matching(args[1]));
        var report = new Report(System.out);
        LauncherFactory.create().execute(request.build(), report);
        System.exit(report.end() ? 0 : 1);
    }

    private static PostDiscoveryFilter matching(String wanted) {
        var pattern =
                Pattern.compile(
                        Arrays.stream(wanted.replace('#', '.').split("\\*", -1))
                                .map(Pattern::quote)
                                .collect(Collectors.joining(".*")));
        return test ->
                FilterResult.includedIf(
                        names(test).stream().anyMatch(name -> pattern.matcher(name).find()));
    }

    /** A class may hold what is wanted, so it stays; JUnit drops it if nothing in it does. */
    private static List<String> names(TestDescriptor test) {
        return switch (test.getSource().orElse(null)) {
            case MethodSource it -> List.of(it.getClassName() + "." + it.getMethodName());
            case ClassSource it when test.isTest() -> List.of(it.getClassName());
            case null, default -> List.of();
        };
    }
}
