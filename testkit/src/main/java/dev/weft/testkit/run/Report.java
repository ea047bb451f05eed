package dev.weft.testkit.run;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.UniqueId;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** One line per class of tests, and for each failure what it says and where. */
final class Report implements TestExecutionListener {

    private static final int MAX_MESSAGE_LINES = 30;
    private static final int MAX_FRAMES = 5;

    /** Whose frames tell a writer of tests nothing. */
    private static final List<String> TOOLS =
            List.of(
                    "java.",
                    "jdk.",
                    "org.junit.",
                    "org.assertj.",
                    "org.opentest4j.",
                    "dev.weft.testkit.");

    private final Time time = SystemTime.INSTANCE;
    private final PrintStream out;
    private final long begunNanos = time.nanos();
    private final Set<UniqueId> engines = new HashSet<>();
    private final List<String> failures = new ArrayList<>();
    private final Count all = new Count();
    private Count count = new Count();
    private long classNanos;

    private static final class Count {
        private int passed;
        private int failed;
        private int skipped;

        private void add(Count more) {
            passed += more.passed;
            failed += more.failed;
            skipped += more.skipped;
        }

        @Override
        public String toString() {
            return passed
                    + " passed"
                    + (failed == 0 ? "" : ", " + failed + " FAILED")
                    + (skipped == 0 ? "" : ", " + skipped + " skipped");
        }
    }

    Report(PrintStream out) {
        this.out = out;
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        if (test.getParentIdObject().isEmpty()) engines.add(test.getUniqueIdObject());
        else if (isClass(test)) classNanos = time.nanos();
    }

    private boolean isClass(TestIdentifier test) {
        return test.getParentIdObject().filter(engines::contains).isPresent();
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        count.skipped++;
        if (isClass(test)) end(test);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
            if (test.isTest()) count.passed++;
        } else {
            count.failed++;
            failures.add("  " + test.getDisplayName().replace("()", ""));
            result.getThrowable().ifPresent(failure -> failures.addAll(told(failure)));
        }
        if (isClass(test)) end(test);
    }

    private void end(TestIdentifier test) {
        out.println(test.getDisplayName() + "  " + count + "  " + since(classNanos) + " ms");
        failures.forEach(out::println);
        failures.clear();
        all.add(count);
        count = new Count();
    }

    private long since(long nanos) {
        return Duration.ofNanos(time.nanos() - nanos).toMillis();
    }

    private static List<String> told(Throwable failure) {
        var lines = new ArrayList<String>();
        var message = failure.getMessage();
        var text =
                failure instanceof AssertionError && message != null && !message.isBlank()
                        ? message
                        : failure.toString();
        var said = text.strip().lines().toList();
        said.stream().limit(MAX_MESSAGE_LINES).forEach(line -> lines.add("    " + line));
        if (said.size() > MAX_MESSAGE_LINES) lines.add("    …");
        Stream.of(failure.getStackTrace())
                .filter(frame -> TOOLS.stream().noneMatch(frame.getClassName()::startsWith))
                .limit(MAX_FRAMES)
                .forEach(frame -> lines.add("    at " + frame));
        for (var cause = failure.getCause(); cause != null; cause = cause.getCause())
            lines.add("    because of " + cause);
        return lines;
    }

    /** Prints the last line; whether there were tests and none failed. */
    boolean end() {
        failures.forEach(out::println);
        all.add(count);
        boolean none = all.passed + all.failed + all.skipped == 0;
        out.println(none ? "no test was found" : all + " in " + since(begunNanos) + " ms");
        out.flush();
        return !none && all.failed == 0;
    }
}
