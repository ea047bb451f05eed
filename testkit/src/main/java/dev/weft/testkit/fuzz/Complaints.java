package dev.weft.testkit.fuzz;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What this process logs as an error, or with a stack trace, while this is open: bytes that a stranger sends are no reason for either.
 *
 * <p>At most {@value #MOST} are kept. Safe for many threads.
 */
public final class Complaints extends Handler implements AutoCloseable {

    private static final int MOST = 20;

    private final Logger root = Logger.getLogger("");
    private final ConcurrentLinkedQueue<String> records = new ConcurrentLinkedQueue<>();

    public Complaints() {
        root.addHandler(this);
    }

    /** One text for each, with its stack trace. */
    public List<String> all() {
        return List.copyOf(records);
    }

    @Override
    public void publish(LogRecord line) {
        boolean error = line.getLevel().intValue() >= Level.SEVERE.intValue();
        if ((!error && line.getThrown() == null) || records.size() >= MOST) return;
        var text = new StringWriter();
        text.append(line.getLoggerName()).append(": ").append(line.getMessage()).append('\n');
        if (line.getThrown() != null) line.getThrown().printStackTrace(new PrintWriter(text));
        records.add(text.toString());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        root.removeHandler(this);
    }
}
