package dev.weft.telemetry;

import dev.weft.core.Context;
import dev.weft.core.LogFields;
import dev.weft.json.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/**
 * Records as lines of JSON in the fields of the Elastic Common Schema. A line has at most {@link #MAX_BYTES}: a longer stack
 * trace, then a longer message, is cut.
 */
final class JsonLines extends Formatter {

    /** Less than what a supervisor takes for one line. */
    static final int MAX_BYTES = 15 << 10;

    private static final String ECS = "8.11.0";

    private final String service;
    private final String instance;

    JsonLines(String service, String instance) {
        this.service = service;
        this.instance = instance;
    }

    @Override
    public String format(LogRecord line) {
        for (int longest = MAX_BYTES; ; longest /= 2) {
            var json = Json.write(fields(line, longest));
            if (json.length <= MAX_BYTES || longest < 100)
                return new String(json, StandardCharsets.UTF_8) + "\n";
        }
    }

    private Map<String, Object> fields(LogRecord line, int longest) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("@timestamp", line.getInstant().truncatedTo(ChronoUnit.MILLIS).toString());
        fields.put("log.level", Logging.level(line));
        fields.put("message", cut(formatMessage(line), longest));
        fields.put("ecs.version", ECS);
        fields.put("service.name", service);
        fields.put("service.node.name", instance);
        if (line.getLoggerName() != null) fields.put("log.logger", line.getLoggerName());
        var thread = Thread.currentThread().getName();
        if (!thread.isEmpty()) fields.put("process.thread.name", thread);
        var trace = Context.current().trace();
        if (trace.exists()) fields.put("trace.id", trace.traceId());
        if (trace.hasSpan()) fields.put("span.id", trace.spanId());
        var parameters = line.getParameters();
        if (parameters != null)
            for (var parameter : parameters)
                if (parameter instanceof LogFields more) more.fields().forEach(fields::putIfAbsent);
        var thrown = line.getThrown();
        if (thrown != null) error(fields, thrown, longest);
        return fields;
    }

    private static void error(Map<String, Object> fields, Throwable thrown, int longest) {
        fields.put("error.type", thrown.getClass().getName());
        var message = thrown.getMessage();
        if (message != null) fields.put("error.message", cut(message, longest));
        var stack = new StringWriter();
        thrown.printStackTrace(new PrintWriter(stack));
        fields.put("error.stack_trace", cut(stack.toString(), longest));
    }

    private static String cut(String text, int longest) {
        return text.length() <= longest ? text : text.substring(0, longest) + "…";
    }
}
