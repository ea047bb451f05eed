package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Metric;
import dev.weft.core.policy.CountedDecisions;
import dev.weft.events.EventMetrics;
import dev.weft.gateway.Gateway;
import dev.weft.http.HttpMetrics;
import dev.weft.hub.HubMetrics;
import dev.weft.telemetry.JvmMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/telemetry.md} lists every metric with its kind, its unit and its attributes. */
final class TelemetryPageTest {

    private static final Path PAGE = Path.of("..", "docs", "telemetry.md");

    private static final Pattern ROW =
            Pattern.compile("\\| `([^`]+)` \\| ([a-z-]+(?: counter)?), (\\S+) \\|([^|]*)\\|.*");

    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    @Test
    void the_page_lists_every_metric_and_no_other() throws IOException {
        var listed = new TreeMap<String, String>();
        for (var line : Files.readAllLines(PAGE)) {
            var row = ROW.matcher(line);
            if (row.matches())
                listed.put(row.group(1), told(row.group(2), row.group(3), row.group(4)));
        }
        assertThat(listed).isEqualTo(measured());
    }

    private static String told(String kind, String unit, String attributes) {
        var names =
                CODE.matcher(attributes.replaceAll("\\([^)]*\\)", ""))
                        .results()
                        .map(name -> name.group(1))
                        .toList();
        return kind + ", " + unit + " " + names;
    }

    private static Map<String, String> measured() {
        return Stream.of(
                        HttpMetrics.ALL,
                        EventMetrics.ALL,
                        JvmMetrics.ALL,
                        HubMetrics.ALL,
                        List.of(Gateway.WAITING, Gateway.STREAMS, CountedDecisions.DECISIONS))
                .flatMap(List::stream)
                .collect(
                        Collectors.toMap(
                                Metric::name,
                                TelemetryPageTest::text,
                                (one, _) -> one,
                                TreeMap::new));
    }

    private static String text(Metric metric) {
        var kind =
                metric.kind() == Metric.Kind.UP_DOWN_COUNTER
                        ? "up-down counter"
                        : metric.kind().name().toLowerCase(Locale.ROOT);
        return kind + ", " + metric.unit() + " " + metric.attributes();
    }
}
