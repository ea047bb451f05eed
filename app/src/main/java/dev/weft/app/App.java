package dev.weft.app;

import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Refusal;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Routes;
import dev.weft.core.Service;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.core.client.CallSettings;
import dev.weft.core.client.ClientOptions;
import dev.weft.core.policy.RateLimit;
import dev.weft.events.Commands;
import dev.weft.events.Decider;
import dev.weft.events.Event;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.Projection;
import dev.weft.events.PublicEvent;
import dev.weft.events.Publication;
import dev.weft.events.Recurring;
import dev.weft.events.Saga;
import dev.weft.events.Sagas;
import dev.weft.events.Storage;
import dev.weft.events.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a service is made of, as one value.
 *
 * <p>{@link Weft#run} runs it. Each method answers a new value with one part more.
 *
 * @param name the service's name: in addresses, traces, receipts, subscriptions
 * @param tables statements that make the service's tables where they are missing
 * @param calls what the code says about its calls of other services
 * @param rates how often it may be asked
 */
public record App(
        String name,
        List<String> tables,
        List<Projection<?>> projections,
        List<Publication<?>> publications,
        List<Function<Weft, Listener>> listeners,
        List<Recurring> recurring,
        List<Saga<?>> sagas,
        List<Function<Weft, Routes>> routes,
        CallSettings calls,
        List<Rate> rates) {

    /**
     * How often the service may be asked by each of those who ask.
     *
     * @param key who asks
     */
    public record Rate(RateLimit.Options options, Function<Request, String> key) {}

    public App {
        if (!name.matches("[a-z][a-z0-9-]{0,39}"))
            throw new IllegalArgumentException(
                    "a service is named with up to 40 of a-z, 0-9 and \"-\", not \"" + name + "\"");
        tables = List.copyOf(tables);
        projections = List.copyOf(projections);
        publications = List.copyOf(publications);
        listeners = List.copyOf(listeners);
        recurring = List.copyOf(recurring);
        sagas = List.copyOf(sagas);
        routes = List.copyOf(routes);
        rates = List.copyOf(rates);
    }

    /** A service without any part yet. */
    public static App named(String name) {
        return new App(
                name,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                CallSettings.NONE,
                List.of());
    }

    /** Runs these statements at each start, in order: {@code create table if not exists …}. */
    public App tables(String... statements) {
        return new App(
                name,
                and(tables, List.of(statements)),
                projections,
                publications,
                listeners,
                recurring,
                sagas,
                routes,
                calls,
                rates);
    }

    /** Keeps these tables of records. */
    public App tables(Table<?>... tables) {
        return tables(Stream.of(tables).map(Table::definition).toArray(String[]::new));
    }

    /** Keeps a view of the service's own log in its tables. */
    public App project(Projection<?> projection) {
        return new App(
                name,
                tables,
                and(projections, List.of(projection)),
                publications,
                listeners,
                recurring,
                sagas,
                routes,
                calls,
                rates);
    }

    /**
     * Tells other services what happened; see {@link Publication}.
     *
     * @param types all that it tells
     */
    public <E> App publish(
            Decider<?, ?, E> decider,
            List<EventType<?>> types,
            Function<Event<E>, List<PublicEvent<?>>> translate) {
        return publish(new Publication<>(decider, types, translate));
    }

    private App publish(Publication<?> publication) {
        return new App(
                name,
                tables,
                projections,
                and(publications, List.of(publication)),
                listeners,
                recurring,
                sagas,
                routes,
                calls,
                rates);
    }

    /** Tells other services all that happened, as it is; the key is the instance's id. */
    public <E> App publish(Decider<?, ?, E> decider) {
        return publish(Publication.of(decider));
    }

    /** Takes what services tell. */
    public App listen(Listener listener) {
        return listen(weft -> listener);
    }

    /** Takes what services tell, and does something with the running service. */
    public App listen(Function<Weft, Listener> listener) {
        return new App(
                name,
                tables,
                projections,
                publications,
                and(listeners, List.of(listener)),
                recurring,
                sagas,
                routes,
                calls,
                rates);
    }

    /**
     * Tells all services again and again: {@code every("nightly", Duration.ofDays(1), REPORT_DUE.of("all", new ReportDue()))};
     * see {@link Recurring}.
     *
     * @param name stays
     */
    public App every(String name, Duration every, PublicEvent<?> event) {
        return new App(
                name(),
                tables,
                projections,
                publications,
                listeners,
                and(recurring, List.of(new Recurring(name, every, event))),
                sagas,
                routes,
                calls,
                rates);
    }

    /** Runs a process over several services; see {@link Saga}. */
    public App saga(Saga<?> saga) {
        return new App(
                name,
                tables,
                projections,
                publications,
                listeners,
                recurring,
                and(sagas, List.of(saga)),
                routes,
                calls,
                rates);
    }

    /**
     * The listeners as they are in a service with this storage and nothing around it, for tests of them: {@code
     * Hostile.of(app::listening)}. Others that it calls are refused.
     */
    public List<Listener> listening(Storage storage) {
        var time = SystemTime.INSTANCE;
        var commands =
                new Commands(name, storage.events(), time, Tracer.NONE).telling(publications);
        var weft =
                new Weft(
                        commands,
                        new Sagas(
                                sagas, commands, App::nobody, storage.database(), Meter.NONE, time),
                        storage.database(),
                        App::nobody,
                        new MemoryBus(time),
                        new Eraser(),
                        time);
        return listeners.stream().map(make -> make.apply(weft)).toList();
    }

    private static Service<Request, Response> nobody(String service) {
        return request -> {
            throw new Failure.Refused(
                    Refusal.notBegun(
                            service, Refusal.Reason.UNAVAILABLE, "there is no service around it"));
        };
    }

    /** Answers requests. */
    public App routes(Routes more) {
        return routes(weft -> more);
    }

    /** Answers requests by the running service. */
    public App routes(Function<Weft, Routes> more) {
        return new App(
                name,
                tables,
                projections,
                publications,
                listeners,
                recurring,
                sagas,
                and(routes, List.of(more)),
                calls,
                rates);
    }

    /**
     * Calls this service, or with {@link CallSettings#EVERY} all of them, with other numbers than
     * the default; what {@code service.yml} says goes before it.
     */
    public App calls(String service, ClientOptions options) {
        return calls(calls.with(service, options));
    }

    /** Calls this operation, such as {@code GET /products/{id}}, with other numbers. */
    public App calls(String service, String operation, ClientOptions options) {
        return calls(calls.with(service, operation, options));
    }

    private App calls(CallSettings calls) {
        return new App(
                name,
                tables,
                projections,
                publications,
                listeners,
                recurring,
                sagas,
                routes,
                calls,
                rates);
    }

    /**
     * Refuses who asks more often, with 429; several limits hold beside each other. Behind the
     * gateway all requests come from its address, so the key is better something that they say.
     *
     * @param key who asks: a header's value, say
     */
    public App rate(RateLimit.Options options, Function<Request, String> key) {
        return new App(
                name,
                tables,
                projections,
                publications,
                listeners,
                recurring,
                sagas,
                routes,
                calls,
                and(rates, List.of(new Rate(options, key))));
    }

    private static <T> List<T> and(List<T> some, List<? extends T> more) {
        var all = new ArrayList<T>(some);
        all.addAll(more);
        return all;
    }
}
