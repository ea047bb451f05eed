package dev.weft.telemetry;

import dev.weft.core.Metric;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Metrics in Prometheus' text format 0.0.4, or in OpenMetrics 1.0.
 *
 * <p>Names as OpenTelemetry's "Prometheus and OpenMetrics Compatibility" has them: what is neither letter nor digit becomes
 * one {@code _}; then comes the unit, unless it is a count of something in braces, then {@code _total} for a counter. The
 * process itself is {@code target_info}.
 */
final class PrometheusText {

    static final String TEXT = "text/plain; version=0.0.4; charset=utf-8";
    static final String OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private static final Map<String, String> UNITS =
            Map.of("s", "seconds", "ms", "milliseconds", "By", "bytes");

    private final boolean openMetrics;
    private final StringBuilder out = new StringBuilder(16 << 10);

    private PrometheusText(boolean openMetrics) {
        this.openMetrics = openMetrics;
    }

    /**
     * Writes all readings.
     *
     * @param resource what tells this process from others, by OpenTelemetry's names
     */
    static String write(
            List<Metric.Reading> readings, Map<String, String> resource, boolean openMetrics) {
        var text = new PrometheusText(openMetrics);
        text.target(resource);
        readings.forEach(text::metric);
        if (openMetrics) text.out.append("# EOF\n");
        return text.out.toString();
    }

    private void target(Map<String, String> resource) {
        if (openMetrics) head("target", "info", "", "What is measured here.");
        else head("target_info", "gauge", "", "What is measured here.");
        sample("target_info", List.copyOf(resource.keySet()), List.copyOf(resource.values()), "");
        out.append("1\n");
    }

    private void metric(Metric.Reading reading) {
        var metric = reading.metric();
        var unit = unit(metric);
        var family = family(metric.name(), unit);
        var type =
                switch (metric.kind()) {
                    case COUNTER -> "counter";
                    case GAUGE, UP_DOWN_COUNTER -> "gauge";
                    case HISTOGRAM -> "histogram";
                };
        var name = metric.kind() == Metric.Kind.COUNTER ? family + "_total" : family;
        head(openMetrics ? family : name, type, unit, metric.description());
        for (var point : reading.points()) {
            switch (point) {
                case Metric.Value it -> value(name, metric, it, it.value());
                case Metric.Distribution it -> distribution(family, metric, it);
            }
        }
    }

    private void distribution(String family, Metric metric, Metric.Distribution it) {
        long count = 0;
        for (int i = 0; i < it.counts().size(); i++) {
            count += it.counts().get(i);
            boolean last = i == it.counts().size() - 1;
            var bound = last ? "+Inf" : Double.toString(metric.bounds().get(i));
            sample(family + "_bucket", metric, it, "le=\"" + bound + "\"");
            out.append(count).append('\n');
        }
        value(family + "_sum", metric, it, it.sum());
        value(family + "_count", metric, it, (double) count);
    }

    private void value(String name, Metric metric, Metric.Point point, double value) {
        sample(name, metric, point, "");
        out.append(number(value)).append('\n');
    }

    private void sample(String name, Metric metric, Metric.Point point, String more) {
        boolean overflow = point.values().isEmpty() && !metric.attributes().isEmpty();
        if (overflow) sample(name, List.of("otel.metric.overflow"), List.of("true"), more);
        else sample(name, metric.attributes(), point.values(), more);
    }

    private void sample(String name, List<String> labels, List<String> values, String more) {
        out.append(name);
        char before = '{';
        for (int i = 0; i < labels.size(); i++) {
            if (values.get(i).isEmpty()) continue;
            out.append(before).append(identifier(labels.get(i))).append("=\"");
            escaped(values.get(i), true);
            out.append('"');
            before = ',';
        }
        if (!more.isEmpty()) {
            out.append(before).append(more);
            before = ',';
        }
        if (before == ',') out.append('}');
        out.append(' ');
    }

    private void head(String family, String type, String unit, String help) {
        out.append("# HELP ").append(family).append(' ');
        escaped(help, openMetrics);
        out.append("\n# TYPE ").append(family).append(' ').append(type).append('\n');
        if (openMetrics && !unit.isEmpty())
            out.append("# UNIT ").append(family).append(' ').append(unit).append('\n');
    }

    private void escaped(String text, boolean quotes) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '"' -> out.append(quotes ? "\\\"" : "\"");
                default -> out.append(c);
            }
        }
    }

    /** The name of a metric, as a query has it. */
    static String name(Metric metric) {
        var family = family(metric.name(), unit(metric));
        return metric.kind() == Metric.Kind.COUNTER ? family + "_total" : family;
    }

    private static String family(String name, String unit) {
        var plain = identifier(name);
        return unit.isEmpty() || plain.endsWith("_" + unit) ? plain : plain + "_" + unit;
    }

    private static String unit(Metric metric) {
        if (metric.unit().equals("1")) return metric.kind() == Metric.Kind.GAUGE ? "ratio" : "";
        return metric.unit().startsWith("{")
                ? ""
                : UNITS.getOrDefault(metric.unit(), identifier(metric.unit()));
    }

    static String identifier(String name) {
        var text = new StringBuilder(name.length());
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean fits = c < 128 && (Character.isLetterOrDigit(c) || c == ':');
            if (fits) text.append(c);
            else if (text.isEmpty() || text.charAt(text.length() - 1) != '_') text.append('_');
        }
        return text.toString().toLowerCase(Locale.ROOT);
    }

    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1L << 53)
            return Long.toString((long) value);
        if (Double.isInfinite(value)) return value > 0 ? "+Inf" : "-Inf";
        return Double.toString(value);
    }
}
