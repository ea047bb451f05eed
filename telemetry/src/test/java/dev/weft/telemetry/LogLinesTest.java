package dev.weft.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Context;
import dev.weft.core.LogFields;
import dev.weft.core.SystemTime;
import dev.weft.core.Trace;
import dev.weft.json.Json;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LogLinesTest {

    private static final Trace TRACE =
            new Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true, "");

    private final Formatter json = new JsonLines("cart", "cart-1");
    private final Formatter text = new TextLines();

    @Test
    void a_record_is_a_line_of_ecs_with_the_trace_of_what_is_under_way() throws Exception {
        var record = record(Level.WARNING, "no \"price\" for {0}");
        record.setParameters(new Object[] {"cup"});
        var line = Context.none().with(TRACE).call(() -> json.format(record));
        assertThat(line).endsWith("}\n");
        assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
        assertThat(fields(line))
                .containsEntry("@timestamp", "2026-01-02T03:04:05.678Z")
                .containsEntry("log.level", "WARN")
                .containsEntry("message", "no \"price\" for cup")
                .containsEntry("service.name", "cart")
                .containsEntry("service.node.name", "cart-1")
                .containsEntry("log.logger", "shop.Cart")
                .containsEntry("trace.id", TRACE.traceId())
                .containsEntry("span.id", TRACE.spanId())
                .containsKeys("ecs.version", "process.thread.name")
                .doesNotContainKey("error.type");
    }

    @Test
    void what_has_fields_has_them_in_json_and_its_text_in_both() {
        LogFields sold =
                new LogFields() {
                    @Override
                    public Map<String, Object> fields() {
                        return Map.of("order.total", 12L, "message", "not over the line's own");
                    }

                    @Override
                    public String toString() {
                        return "sold {0} for 12";
                    }
                };
        var record = record(Level.INFO, "{0}");
        record.setParameters(new Object[] {sold});
        assertThat(fields(json.format(record)))
                .containsEntry("order.total", 12L)
                .containsEntry("message", "sold {0} for 12");
        assertThat(text.format(record)).endsWith(": sold {0} for 12\n");
    }

    @Test
    void the_trace_is_known_on_threads_that_were_started_within_it() throws Exception {
        var line = new String[1];
        var record = record(Level.INFO, "sold");
        Context.none()
                .with(TRACE)
                .call(() -> {
                    SystemTime.INSTANCE.start("beside", () -> line[0] = json.format(record)).join();
                    return true;
                });
        assertThat(fields(line[0])).containsEntry("trace.id", TRACE.traceId());
    }

    @Test
    void without_a_trace_there_is_none() {
        assertThat(fields(json.format(record(Level.INFO, "ready"))))
                .doesNotContainKeys("trace.id", "span.id");
        assertThat(text.format(record(Level.INFO, "ready"))).endsWith("INFO  Cart: ready\n");
    }

    @Test
    void a_failure_has_type_message_and_stack() {
        var record = record(Level.SEVERE, "checkout failed");
        record.setThrown(new IllegalStateException("no stock"));
        assertThat(fields(json.format(record)))
                .containsEntry("log.level", "ERROR")
                .containsEntry("error.type", "java.lang.IllegalStateException")
                .containsEntry("error.message", "no stock")
                .extractingByKey("error.stack_trace")
                .asString()
                .contains("LogLinesTest.a_failure_has_type_message_and_stack");
        assertThat(text.format(record)).contains("no stock\n\tat ");
    }

    @Test
    void a_line_that_is_too_long_is_cut_and_stays_one() {
        var record = record(Level.INFO, "\t\"".repeat(50_000));
        record.setThrown(new IllegalStateException("\u20ac".repeat(50_000)));
        var line = json.format(record);
        assertThat(line.getBytes(StandardCharsets.UTF_8).length)
                .isBetween(2_000, JsonLines.MAX_BYTES + 1);
        assertThat(fields(line)).containsKeys("message", "error.stack_trace");
    }

    @Test
    void people_see_time_level_logger_and_the_beginning_of_the_trace() throws Exception {
        var line =
                Context.none()
                        .with(TRACE)
                        .call(() -> text.format(record(Level.WARNING, "no price")));
        assertThat(line)
                .matches("\\d\\d:\\d\\d:05\\.678 WARN  Cart: no price \\(trace 4bf92f35\\)\n");
    }

    @Test
    void another_format_is_refused_by_name() {
        assertThatThrownBy(() -> Logging.start(Map.of("WEFT_LOG", "xml"), "cart", "cart-1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("WEFT_LOG is \"xml\"; it must be text or json");
    }

    private static Map<String, Object> fields(String line) {
        return Json.readMap(line.getBytes(StandardCharsets.UTF_8));
    }

    private static LogRecord record(Level level, String message) {
        var record = new LogRecord(level, message);
        record.setLoggerName("shop.Cart");
        record.setInstant(Instant.parse("2026-01-02T03:04:05.678912Z"));
        return record;
    }
}
