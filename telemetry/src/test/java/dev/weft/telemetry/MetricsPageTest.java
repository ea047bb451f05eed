package dev.weft.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.MemoryMeter;
import dev.weft.core.Method;
import dev.weft.core.Metric;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MetricsPageTest {

    /** A sample of either format; values of labels may hold anything escaped. */
    private static final Pattern SAMPLE =
            Pattern.compile(
                    "([a-z_:][a-z0-9_:]*(?:\\{(?:[a-z_][a-z0-9_]*=\"(?:[^\"\\\\\n]|\\\\[\\\\n\"])*\",?)+})?)"
                            + " (\\S+)");

    private final MemoryMeter meter = new MemoryMeter(3);
    private final Service<Request, Response> page =
            new MetricsPage(meter, "cart", "cart-1", Set.of("/metrics"))
                    .then(request -> Response.text("own"));

    @Test
    void names_and_units_are_those_of_prometheus() throws Exception {
        meter.counter(Metric.counter("weft.sold", "{cup}", "Cups.", "cup.colour")).add(2, "red");
        meter.counter(Metric.counter("jvm.cpu.time", "s", "CPU.")).add(7);
        meter.counter(Metric.upDownCounter("jvm.memory.used", "By", "Used.")).add(9);
        meter.observe(Metric.gauge("cpu.recent_utilization", "1", "Load."), it -> it.value(0.25));
        assertThat(samples("/metrics"))
                .containsEntry("weft_sold_total{cup_colour=\"red\"}", "2")
                .containsEntry("jvm_cpu_time_seconds_total", "7")
                .containsEntry("jvm_memory_used_bytes", "9")
                .containsEntry("cpu_recent_utilization_ratio", "0.25")
                .containsEntry(
                        "target_info{service_name=\"cart\",service_instance_id=\"cart-1\"}", "1");
    }

    @Test
    void buckets_add_up_from_the_lowest() throws Exception {
        var took =
                meter.histogram(
                        Metric.histogram(
                                "http.server.request.duration",
                                "s",
                                "Duration.",
                                List.of(0.1, 1.0),
                                "http.route"));
        for (double value : new double[] {0.05, 0.5, 0.5, 5}) took.record(value, "/a/{id}");
        var route = "{http_route=\"/a/{id}\"";
        assertThat(samples("/metrics"))
                .containsEntry(
                        "http_server_request_duration_seconds_bucket" + route + ",le=\"0.1\"}", "1")
                .containsEntry(
                        "http_server_request_duration_seconds_bucket" + route + ",le=\"1.0\"}", "3")
                .containsEntry(
                        "http_server_request_duration_seconds_bucket" + route + ",le=\"+Inf\"}",
                        "4")
                .containsEntry("http_server_request_duration_seconds_count" + route + "}", "4")
                .containsEntry("http_server_request_duration_seconds_sum" + route + "}", "6.05");
    }

    @Test
    void text_is_escaped_and_what_is_not_set_is_left_out() throws Exception {
        var odd = meter.counter(Metric.counter("odd", "{one}", "A \"b\\c\nd.", "a", "b"));
        odd.add(1, "say \"hi\"\\\n", "");
        assertThat(text("/metrics", ""))
                .contains("# HELP odd_total A \"b\\\\c\\nd.\n")
                .contains("odd_total{a=\"say \\\"hi\\\"\\\\\\n\"} 1\n");
    }

    @Test
    void what_was_too_much_is_marked() throws Exception {
        var sold = meter.counter(Metric.counter("sold", "{cup}", "Cups.", "colour"));
        for (int i = 0; i < 5; i++) sold.add(1, "colour " + i);
        assertThat(samples("/metrics"))
                .containsEntry("sold_total{otel_metric_overflow=\"true\"}", "3");
    }

    @Test
    void open_metrics_is_written_to_those_who_name_it() throws Exception {
        meter.counter(Metric.counter("jvm.cpu.time", "s", "CPU.")).add(7);
        var accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3";
        var response = page.call(Request.get("/metrics").header("Accept", accept));
        assertThat(response.headers().get("Content-Type"))
                .hasValue("application/openmetrics-text; version=1.0.0; charset=utf-8");
        assertThat(response.body().text())
                .contains("# TYPE target info\n")
                .contains("# TYPE jvm_cpu_time_seconds counter\n")
                .contains("# UNIT jvm_cpu_time_seconds seconds\n")
                .contains("\njvm_cpu_time_seconds_total 7\n")
                .endsWith("# EOF\n");
        assertThat(page.call(Request.get("/metrics")).headers().get("Content-Type"))
                .hasValue("text/plain; version=0.0.4; charset=utf-8");
    }

    @Test
    void it_is_not_for_callers_from_outside() throws Exception {
        assertThat(page.call(Request.get("/metrics/more")).body().text()).isEqualTo("own");
        var through = Request.get("/metrics").header("Forwarded", "for=10.0.0.1;proto=http");
        assertThat(page.call(through).body().text()).isEqualTo("own");
        assertThat(page.call(Request.of(Method.POST, "/metrics")).status()).isEqualTo(405);
    }

    @Test
    void the_process_is_measured() throws Exception {
        var samples = new HashMap<String, Double>();
        var all = new MemoryMeter();
        JvmMetrics.observe(all);
        var page =
                new MetricsPage(all, "cart", "cart-1", Set.of("/metrics"))
                        .then(request -> Response.of(404));
        parse(page.call(Request.get("/metrics")).body().text())
                .forEach((name, value) -> samples.put(name, Double.parseDouble(value)));
        assertThat(samples).containsKeys("jvm_cpu_time_seconds_total", "jvm_class_count");
        assertThat(samples.get("jvm_cpu_time_seconds_total")).isPositive();
        assertThat(samples.get("jvm_thread_count{jvm_thread_daemon=\"false\"}")).isPositive();
        assertThat(sum(samples, "jvm_memory_used_bytes")).isGreaterThan(1 << 20);
        assertThat(samples.keySet()).anyMatch(name -> name.startsWith("jvm_gc_duration_seconds_c"));
    }

    private static double sum(Map<String, Double> samples, String name) {
        return samples.entrySet().stream()
                .filter(sample -> sample.getKey().startsWith(name))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    private Map<String, String> samples(String path) throws Exception {
        return parse(text(path, ""));
    }

    private String text(String path, String accept) throws Exception {
        return page.call(Request.get(path).header("Accept", accept)).body().text();
    }

    /** Fails on any line that is no sample, and on one that comes twice. */
    private static Map<String, String> parse(String text) {
        var samples = new HashMap<String, String>();
        for (var line : text.split("\n")) {
            if (line.startsWith("# ")) continue;
            var sample = SAMPLE.matcher(line);
            assertThat(sample.matches()).as(line).isTrue();
            assertThat(samples.put(sample.group(1), sample.group(2))).as(line).isNull();
        }
        return samples;
    }
}
