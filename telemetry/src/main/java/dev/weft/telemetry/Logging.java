package dev.weft.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * How a process logs: one line a record on standard error, with the trace of what was under way.
 *
 * <p>{@code WEFT_LOG=text} is for people, {@code json} for machines (Elastic Common Schema). What is logged by {@link
 * System.Logger}, by {@code java.util.logging} or by what is bridged to it comes here. A process whose {@code
 * java.util.logging} was configured by a file or a class of its own keeps that.
 */
public final class Logging {

    /** The variable that chooses the format. */
    public static final String VARIABLE = "WEFT_LOG";

    private static final System.Logger LOG = System.getLogger(Logging.class.getName());

    private Logging() {}

    /**
     * Logs from now on as the environment says, in text if it says nothing; an exception that ends a
     * thread is logged too.
     *
     * @param service {@code service.name}
     * @param instance {@code service.node.name}
     */
    public static void start(Map<String, String> environment, String service, String instance) {
        var lines = lines(environment.getOrDefault(VARIABLE, ""), service, instance);
        if (System.getProperty("java.util.logging.config.file") != null
                || System.getProperty("java.util.logging.config.class") != null) return;
        var root = Logger.getLogger("");
        for (var handler : root.getHandlers()) root.removeHandler(handler);
        root.addHandler(new StandardError(lines));
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) ->
                LOG.log(
                        System.Logger.Level.ERROR,
                        "the thread " + thread.getName() + " ended",
                        failure));
    }

    private static Formatter lines(String format, String service, String instance) {
        return switch (format) {
            case "", "text" -> new TextLines();
            case "json" -> new JsonLines(service, instance);
            default ->
                    throw new IllegalArgumentException(
                            "the environment variable "
                                    + VARIABLE
                                    + " is \""
                                    + format
                                    + "\"; it must be text or json");
        };
    }

    /** The level's name as most of the world has it. */
    static String level(LogRecord line) {
        int level = line.getLevel().intValue();
        if (level >= 1000) return "ERROR";
        if (level >= 900) return "WARN";
        if (level >= 800) return "INFO";
        return level >= 500 ? "DEBUG" : "TRACE";
    }

    /** Writes each record at once, so that lines of several threads never mix. */
    private static final class StandardError extends Handler {

        StandardError(Formatter lines) {
            setFormatter(lines);
        }

        @Override
        public void publish(LogRecord line) {
            if (!isLoggable(line)) return;
            var bytes = getFormatter().format(line).getBytes(StandardCharsets.UTF_8);
            System.err.write(bytes, 0, bytes.length);
            System.err.flush();
        }

        @Override
        public void flush() {
            System.err.flush();
        }

        /** Does nothing: standard error stays open. */
        @Override
        public void close() {}
    }
}
