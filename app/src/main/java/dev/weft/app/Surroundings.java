package dev.weft.app;

import dev.weft.app.hub.HubBus;
import dev.weft.core.Discovery;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Registry;
import dev.weft.core.Resolver;
import dev.weft.core.ServerOptions;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import dev.weft.core.client.CallSettings;
import dev.weft.core.policy.Mode;
import dev.weft.events.Bus;
import dev.weft.events.MasterKeys;
import dev.weft.events.MemoryBus;
import dev.weft.http.HttpTransport;
import dev.weft.telemetry.JvmMetrics;
import dev.weft.telemetry.OtlpSpans;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a service runs in.
 *
 * @param service its name
 * @param instance this instance's id
 * @param store the URL of its storage
 * @param master what the keys of personal data in it are locked with
 * @param bus opened for this service and closed with it
 * @param meter what is measured of it; it answers scrapes with that
 * @param tracesPerSecond how many traces it may begin in a second
 * @param maxTimeout the latest deadline that a request to it may name
 * @param limit whether the concurrency limit acts
 * @param token asked of those who ask about the service's progress
 * @param calls what {@code service.yml} or the environment says about its calls of others
 * @param closing what to close behind the service, in this order
 */
public record Surroundings(
        String service,
        String instance,
        Time time,
        Transport transport,
        ServerOptions server,
        Registry registry,
        Resolver resolver,
        Bus bus,
        String store,
        MasterKeys master,
        Span.Sink spans,
        MemoryMeter meter,
        int tracesPerSecond,
        Duration maxTimeout,
        Mode limit,
        Optional<String> token,
        CallSettings calls,
        List<AutoCloseable> closing) {

    /** What the environment of this process says; see {@link Settings}. */
    static Surroundings from(Map<String, String> environment, String name) {
        var time = SystemTime.INSTANCE;
        var madeUp = name + "-" + HexFormat.of().toHexDigits(time.random().nextLong(), 6);
        var settings = Settings.from(environment, name, madeUp);
        var transport = new HttpTransport(time);
        var meter = new MemoryMeter();
        JvmMetrics.observe(meter);
        transport.observe(meter);
        var closing = new ArrayList<AutoCloseable>();
        closing.add(transport);
        var bus = bus(settings, transport, time);
        closing.addFirst(bus);
        var discovery = discovery(settings, transport, time);
        closing.addFirst(discovery);
        Span.Sink spans = Span.Sink.NONE;
        if (settings.traces().isPresent()) {
            var url = settings.traces().get();
            var otlp =
                    new OtlpSpans(
                            transport.client(origin(url)),
                            url.getPath().replaceAll("/+$", "") + "/v1/traces",
                            settings.service(),
                            settings.instance(),
                            time);
            spans = otlp;
            closing.addFirst(otlp);
        }
        return new Surroundings(
                settings.service(),
                settings.instance(),
                time,
                transport,
                ServerOptions.DEFAULT
                        .host(settings.host())
                        .port(settings.port())
                        .maxBodyBytes(settings.maxBodyBytes()),
                discovery.registry(),
                discovery.resolver(),
                bus,
                settings.store(),
                settings.master(),
                spans,
                meter,
                settings.tracesPerSecond(),
                settings.maxTimeout(),
                settings.limit(),
                settings.token(),
                settings.calls(),
                closing);
    }

    private static Discovery discovery(Settings settings, Transport transport, Time time) {
        if (settings.registry().isPresent())
            return Discoveries.open(settings.registry().get(), transport, settings.token(), time);
        var alone = new MemoryRegistry();
        return new Discovery(alone, alone);
    }

    private static Bus bus(Settings settings, Transport transport, Time time) {
        if (settings.bus().isEmpty()) return new MemoryBus(time);
        return new HubBus(
                transport.client(hub(settings.bus().get())),
                settings.token(),
                settings.instance(),
                time);
    }

    /** {@code hub+http://host:port} without its first part. */
    private static URI hub(URI url) {
        return URI.create(url.toString().substring("hub+".length()));
    }

    private static URI origin(URI url) {
        return URI.create(url.getScheme() + "://" + url.getAuthority());
    }
}
