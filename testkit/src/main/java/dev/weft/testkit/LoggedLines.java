package dev.weft.testkit;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;

/** What is logged under some names while this is open. */
public final class LoggedLines extends Handler implements AutoCloseable {

    private final ConcurrentLinkedQueue<LogRecord> records = new ConcurrentLinkedQueue<>();
    private final List<Logger> loggers;

    /**
     * @param names of loggers, and so of what is below them
     */
    public LoggedLines(String... names) {
        loggers = Stream.of(names).map(Logger::getLogger).toList();
        loggers.forEach(it -> it.addHandler(this));
    }

    /** The messages, in the order in which they came. */
    public List<String> lines() {
        return records.stream().map(LogRecord::getMessage).toList();
    }

    /** Those of this level and above. */
    public List<String> lines(Level atLeast) {
        return records.stream()
                .filter(it -> it.getLevel().intValue() >= atLeast.intValue())
                .map(LogRecord::getMessage)
                .toList();
    }

    /** Those with a stack trace. */
    public List<LogRecord> traces() {
        return records.stream().filter(it -> it.getThrown() != null).toList();
    }

    @Override
    public void publish(LogRecord line) {
        records.add(line);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        loggers.forEach(it -> it.removeHandler(this));
    }
}
