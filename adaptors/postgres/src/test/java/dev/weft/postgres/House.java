package dev.weft.postgres;

import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.events.Bus;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventStore;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Pipeline;
import dev.weft.events.Projection;
import dev.weft.events.Publication;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import java.util.Arrays;
import java.util.List;

/**
 * A service of which several nodes run on one schema: it notes which doors were opened, and tells others.
 *
 * @param storage this node's own
 */
record House(Storage storage, Pipeline pipeline) implements AutoCloseable {

    record Opened(int number) {}

    static final EventType<Opened> OPENED = EventType.of("opened", Opened.class);
    static final Decider<String, Integer, Opened> DOOR =
            Decider.of("door", 0, (c, s) -> Decision.nothing(), (s, e) -> s, OPENED);
    static final String TABLE =
            "create table if not exists seen (n bigint primary key, what text, number integer)";

    /** What is done amid a transaction, behind a change. */
    interface Amid {
        void opened(String what, int number);
    }

    static House start(String url, Bus bus, Amid amid) throws InterruptedException {
        var storage = Storage.open(url, SystemTime.INSTANCE);
        storage.database().write(sql -> sql.update(TABLE));
        var pipeline =
                new Pipeline(
                        "house",
                        List.of(
                                Projection.of(
                                        "doors",
                                        DOOR,
                                        (event, sql) ->
                                                see(sql, "doors", event.data().number(), amid))),
                        List.of(
                                new Publication<>(
                                        DOOR,
                                        List.of(OPENED),
                                        event -> List.of(OPENED.of("k", event.data())))),
                        List.of(
                                Listener.transactional("own")
                                        .on(
                                                OPENED,
                                                (event, sql) ->
                                                        see(
                                                                sql,
                                                                "own",
                                                                event.data().number(),
                                                                amid))),
                        storage,
                        bus,
                        Tracer.NONE,
                        SystemTime.INSTANCE);
        pipeline.start();
        return new House(storage, pipeline);
    }

    private static void see(Sql sql, String what, int number, Amid amid) {
        long last =
                sql.first("select coalesce(max(n), 0) as last from seen", row -> row.number("last"))
                        .orElseThrow();
        sql.update("insert into seen (n, what, number) values (?, ?, ?)", last + 1, what, number);
        amid.opened(what, number);
    }

    /** One event for each number, in one append. */
    void append(int... numbers) throws InterruptedException {
        var events =
                Arrays.stream(numbers)
                        .mapToObj(n -> new NewEvent("opened", Json.write(new Opened(n))))
                        .toList();
        storage.events()
                .append(
                        List.of(
                                new EventStore.Append(
                                        "door-front", EventStore.ANY_VERSION, events)),
                        Origin.NONE);
    }

    List<Long> seen(String what) {
        return storage.database()
                .query(
                        "select number from seen where what = ? order by n",
                        row -> row.number("number"),
                        what);
    }

    @Override
    public void close() {
        pipeline.close();
        storage.close();
    }
}
