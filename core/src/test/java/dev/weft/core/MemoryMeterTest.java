package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryMeterTest {

    private static final Metric SOLD =
            Metric.counter("shop.sold", "{cup}", "Cups sold.", "colour", "size");
    private static final Metric TOOK =
            Metric.histogram("shop.took", "s", "Time to sell.", List.of(0.1, 1.0), "colour");
    private static final Metric OPEN = Metric.upDownCounter("shop.open", "{door}", "Open doors.");

    private final MemoryMeter meter = new MemoryMeter();

    @Test
    void adds_up_what_has_the_same_values() {
        var sold = meter.counter(SOLD);
        sold.add(2, "red", "big");
        sold.add(3, "red", "big");
        sold.add(1, "red", "");
        assertThat(points(SOLD))
                .containsExactly(
                        new Metric.Value(List.of("red", ""), 1),
                        new Metric.Value(List.of("red", "big"), 5));
    }

    @Test
    void a_counter_never_falls_and_an_up_down_counter_does() {
        meter.counter(SOLD).add(1, "red", "big");
        meter.counter(SOLD).add(-1, "red", "big");
        meter.counter(OPEN).add(3);
        meter.counter(OPEN).add(-2);
        assertThat(points(SOLD)).containsExactly(new Metric.Value(List.of("red", "big"), 1));
        assertThat(points(OPEN)).containsExactly(new Metric.Value(List.of(), 1));
    }

    @Test
    void a_value_on_a_bound_belongs_to_the_bucket_below_it() {
        var took = meter.histogram(TOOK);
        for (double value : new double[] {0, 0.1, 0.11, 1, 1.5, 40}) took.record(value, "red");
        took.record(Double.NaN, "red");
        assertThat(points(TOOK))
                .containsExactly(
                        new Metric.Distribution(List.of("red"), List.of(2L, 2L, 2L), 42.71));
    }

    @Test
    void what_is_too_much_is_one_series_so_that_sums_stay_right() {
        var small = new MemoryMeter(3);
        var sold = small.counter(SOLD);
        for (int i = 0; i < 10; i++) sold.add(1, "colour " + i, "big");
        sold.add(1, "colour 0", "big");
        var points = small.read().getFirst().points();
        assertThat(points)
                .containsExactly(
                        new Metric.Value(List.of("colour 0", "big"), 2),
                        new Metric.Value(List.of("colour 1", "big"), 1),
                        new Metric.Value(Metric.Point.OVERFLOW, 8));
    }

    @Test
    void reads_observed_values_each_time_and_leaves_out_what_fails() {
        var doors = new ArrayList<>(List.of("front"));
        meter.observe(OPEN, it -> it.value(doors.size()));
        var rooms = Metric.gauge("shop.rooms", "{room}", "Rooms.", "floor");
        meter.observe(
                rooms,
                it -> {
                    it.value(1, "first");
                    throw new IllegalStateException("the house is closed");
                });
        meter.observe(rooms, it -> it.value(2, "second"));
        doors.add("back");
        assertThat(points(OPEN)).containsExactly(new Metric.Value(List.of(), 2));
        assertThat(points(rooms)).containsExactly(new Metric.Value(List.of("second"), 2));
    }

    @Test
    void the_same_metric_is_the_same_instrument_and_another_of_its_name_is_refused() {
        assertThat(meter.counter(SOLD)).isSameAs(meter.counter(SOLD));
        var other = Metric.counter("shop.sold", "{cup}", "Cups sold.", "colour");
        assertThatThrownBy(() -> meter.counter(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shop.sold is measured in another way already");
        assertThatThrownBy(() -> meter.counter(TOOK)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_wrong_number_of_values_is_refused() {
        var sold = meter.counter(SOLD);
        assertThatThrownBy(() -> sold.add(1, "red"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[colour, size]");
    }

    @Test
    void loses_nothing_among_many_threads() throws InterruptedException {
        var sold = meter.counter(SOLD);
        var took = meter.histogram(TOOK);
        var threads = new ArrayList<Thread>();
        for (int t = 0; t < 8; t++)
            threads.add(
                    SystemTime.INSTANCE.start(
                            "seller",
                            () -> {
                                for (int i = 0; i < 5_000; i++) {
                                    sold.add(1, "colour " + i % 7, "big");
                                    took.record(0.5, "colour " + i % 7);
                                }
                            }));
        for (var thread : threads) thread.join();
        assertThat(points(SOLD).stream().mapToDouble(p -> ((Metric.Value) p).value()).sum())
                .isEqualTo(40_000);
        assertThat(points(TOOK).stream().mapToLong(p -> ((Metric.Distribution) p).count()).sum())
                .isEqualTo(40_000);
    }

    private List<Metric.Point> points(Metric metric) {
        return meter.read().stream()
                .filter(reading -> reading.metric().equals(metric))
                .findFirst()
                .orElseThrow()
                .points();
    }
}
