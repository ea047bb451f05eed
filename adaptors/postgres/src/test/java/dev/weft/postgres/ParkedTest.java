package dev.weft.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Backoff;
import dev.weft.core.Receipt;
import dev.weft.core.SystemTime;
import dev.weft.core.Tracer;
import dev.weft.events.BusEvent;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.Origin;
import dev.weft.events.ParkedEvents;
import dev.weft.events.Pipeline;
import dev.weft.events.Storage;
import dev.weft.json.Json;
import dev.weft.testkit.ParkedContract;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParkedTest extends ParkedContract {

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final EventType<Rung> RUNG = EventType.of("rung", Rung.class);
    private static final Backoff SOON = new Backoff(Duration.ofMillis(5), Duration.ofMillis(5));

    @Override
    protected Storage open() {
        return Storage.open(TestServer.url(TestServer.freshSchema()), TIME);
    }

    @Test
    void a_server_that_is_killed_and_started_again_parks_nothing() throws Exception {
        var folder = TestServer.folder().resolve("restarted");
        var server = PostgresServer.start(folder, TIME);
        try (var storage = Storage.open(server.database().schema("house"), TIME);
                var bus = new MemoryBus(TIME)) {
            var database = storage.database();
            database.write(sql -> sql.update("create table seen (what text, number integer)"));
            var insert = "insert into seen values (?, ?)";
            var tables =
                    Listener.transactional("tables")
                            .attempts(2, SOON)
                            .on(
                                    RUNG,
                                    (event, sql) ->
                                            sql.update(insert, "tables", event.data().number()));
            var effect =
                    Listener.effect("effect")
                            .attempts(2, SOON)
                            .on(
                                    RUNG,
                                    event ->
                                            database.write(sql ->
                                                    sql.update(
                                                            insert,
                                                            "effect",
                                                            event.data().number())));
            try (var house =
                    new Pipeline(
                            "house",
                            List.of(),
                            List.of(),
                            List.of(tables, effect),
                            storage,
                            bus,
                            Tracer.NONE,
                            TIME)) {
                house.start();
                bus.publish("bell", 1, List.of(rung(1)));
                assertThat(house.progress().awaitSettled(0, Receipt.of("bell", 1), LONG)).isEmpty();
                server.kill();
                bus.publish("bell", 3, List.of(rung(2), rung(3)));
                long endNanos = TIME.nanos() + LONG.toNanos();
                while (house.progress().failing().stream()
                                .filter(it -> it.attempt() > 5 && it.position() == 2)
                                .count()
                        < 2) {
                    assertThat(TIME.nanos() - endNanos).isNegative();
                    Thread.onSpinWait();
                }
                server = PostgresServer.start(folder, server.port(), TIME);
                assertThat(house.progress().awaitSettled(0, Receipt.of("bell", 3), LONG)).isEmpty();
                assertThat(house.parked().heads(ParkedEvents.Selection.ALL)).isEmpty();
                assertThat(
                                database.query(
                                        "select number from seen where what = 'tables' order by number",
                                        row -> row.number("number")))
                        .containsExactly(1L, 2L, 3L);
            }
        } finally {
            server.close();
        }
    }

    private static BusEvent rung(int number) {
        return new BusEvent(
                "bell",
                number,
                0,
                "rung",
                "a",
                Instant.parse("2026-01-01T00:00:00Z"),
                Json.write(new Rung(number)),
                Origin.NONE);
    }
}
