package dev.weft.hub;

import dev.weft.core.Instance;
import dev.weft.core.Meter;
import dev.weft.core.Metric;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What is measured of the hub's registry, bus and traces. */
public final class HubMetrics {

    private static final String SUBSCRIPTION = "subscription";

    public static final Metric INSTANCES =
            Metric.gauge(
                    "weft.registry.instances",
                    "{instance}",
                    "Instances whose lease holds.",
                    "service",
                    "state");

    public static final Metric BUS_EVENTS =
            Metric.gauge("weft.bus.events", "{event}", "The end of the bus's log.");

    public static final Metric BUS_OUTSTANDING =
            Metric.gauge(
                    "weft.bus.outstanding",
                    "{event}",
                    "Events of a subscription that are read and not acknowledged.",
                    SUBSCRIPTION);

    public static final Metric BUS_UNREAD =
            Metric.gauge(
                    "weft.bus.unread",
                    "{event}",
                    "Events of the log, of any type, that the subscription has not read yet.",
                    SUBSCRIPTION);

    public static final Metric BUS_PARKED =
            Metric.gauge(
                    "weft.bus.parked",
                    "{event}",
                    "Events of a subscription that the bus has put aside.",
                    SUBSCRIPTION);

    public static final Metric BUS_DROPPED =
            Metric.counter(
                    "weft.bus.dropped",
                    "{event}",
                    "Events that had to make room before a subscription had acknowledged them.");

    public static final Metric TRACE_SPANS =
            Metric.gauge("weft.traces.spans", "{span}", "Spans that are kept.");

    public static final Metric TRACE_DROPPED =
            Metric.counter("weft.traces.dropped", "{span}", "Spans that had to make room.");

    /** All of these. */
    public static final List<Metric> ALL =
            List.of(
                    INSTANCES,
                    BUS_EVENTS,
                    BUS_OUTSTANDING,
                    BUS_UNREAD,
                    BUS_PARKED,
                    BUS_DROPPED,
                    TRACE_SPANS,
                    TRACE_DROPPED);

    private HubMetrics() {}

    static void observe(Meter meter, InstanceTable table, BusLog bus, TraceStore traces) {
        meter.observe(INSTANCES, it -> instances(table, it));
        meter.observe(BUS_EVENTS, it -> it.value((double) bus.end()));
        meter.observe(
                BUS_OUTSTANDING,
                it -> bus.lags().forEach((name, lag) -> it.value(lag.outstanding(), name)));
        meter.observe(
                BUS_UNREAD,
                it -> bus.lags().forEach((name, lag) -> it.value((double) lag.unread(), name)));
        meter.observe(
                BUS_PARKED, it -> bus.lags().forEach((name, lag) -> it.value(lag.parked(), name)));
        meter.observe(BUS_DROPPED, it -> it.value((double) bus.dropped()));
        meter.observe(TRACE_SPANS, it -> it.value(traces.size().spans()));
        meter.observe(TRACE_DROPPED, it -> it.value((double) traces.size().dropped()));
    }

    private static void instances(InstanceTable table, Meter.Observer to) {
        var numbers = new TreeMap<String, Map<Instance.State, Integer>>();
        for (var instance : table.instances())
            numbers.computeIfAbsent(instance.service(), s -> new EnumMap<>(Instance.State.class))
                    .merge(instance.state(), 1, Integer::sum);
        numbers.forEach((service, number) -> {
            for (var state : Instance.State.values())
                to.value(
                        number.getOrDefault(state, 0),
                        service,
                        state.name().toLowerCase(Locale.ROOT));
        });
    }
}
