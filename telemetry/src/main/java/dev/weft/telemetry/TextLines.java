package dev.weft.telemetry;

import dev.weft.core.Context;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** Records as lines for people; the trace by its first eight digits, which {@code weft trace} takes. */
final class TextLines extends Formatter {

    private static final ZoneId HERE = ZoneId.systemDefault();

    @Override
    public String format(LogRecord line) {
        var text = new StringBuilder(160);
        clock(LocalTime.ofInstant(line.getInstant(), HERE), text);
        var level = Logging.level(line);
        text.append(' ').append(level).append(" ".repeat(6 - level.length()));
        text.append(shortName(line.getLoggerName())).append(": ").append(formatMessage(line));
        var trace = Context.current().trace();
        if (trace.exists()) text.append(" (trace ").append(trace.traceId(), 0, 8).append(')');
        text.append('\n');
        var thrown = line.getThrown();
        if (thrown != null) {
            var stack = new StringWriter();
            thrown.printStackTrace(new PrintWriter(stack));
            text.append(stack);
        }
        return text.toString();
    }

    /** By hand: a formatter costs a start more than all else here. */
    private static void clock(LocalTime now, StringBuilder to) {
        digits(now.getHour(), 10, to);
        digits(now.getMinute(), 10, to.append(':'));
        digits(now.getSecond(), 10, to.append(':'));
        digits(now.getNano() / 1_000_000, 100, to.append('.'));
    }

    private static void digits(int number, int highest, StringBuilder to) {
        for (int digit = highest; digit > 0; digit /= 10) to.append(number / digit % 10);
    }

    private static String shortName(String logger) {
        return logger == null ? "" : logger.substring(logger.lastIndexOf('.') + 1);
    }
}
