package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.Storage;
import dev.weft.testkit.Hostile;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A service's listeners are tested as they are in the service. */
@Timeout(60)
class ListeningTest {

    public record Sold(int number) {}

    private static final EventType<Sold> SOLD = EventType.of("sold", Sold.class);
    private static final Decider<Integer, Integer, Sold> SUM =
            Decider.of(
                    "sum",
                    0,
                    (number, sum) -> Decision.emit(new Sold(number)),
                    (sum, sold) -> sum + sold.number(),
                    EventType.of("added", Sold.class));

    private static final App RIGHT =
            App.named("sums")
                    .publish(SUM)
                    .listen(weft ->
                            Listener.effect("sum")
                                    .on(
                                            SOLD,
                                            event ->
                                                    weft.handle(
                                                            SUM,
                                                            event.key(),
                                                            event.data().number())));

    private static final App WRONG =
            RIGHT.tables(
                            "create table if not exists sale (number integer primary key, value integer)")
                    .listen(weft ->
                            Listener.effect("sales")
                                    .on(
                                            SOLD,
                                            event ->
                                                    weft.database()
                                                            .write(sql ->
                                                                    sql.update(
                                                                            "insert into sale (value) values (?)",
                                                                            event.data()
                                                                                    .number()))));

    private static Hostile hostile(App app) {
        return Hostile.of(app::listening)
                .tables(app.tables().toArray(String[]::new))
                .hears(
                        SOLD.of("cup", new Sold(1)),
                        SOLD.of("tea", new Sold(2)),
                        SOLD.of("cup", new Sold(3)));
    }

    @Test
    void what_a_service_appends_for_an_event_counts_once() throws Exception {
        hostile(RIGHT).comparing(ListeningTest::appended).run(1, 30);
    }

    private static List<String> appended(Storage storage) {
        return storage.events().log(0, 100).stream()
                .map(event ->
                        event.stream()
                                + " "
                                + new String(event.data(), java.nio.charset.StandardCharsets.UTF_8))
                .sorted()
                .toList();
    }

    @Test
    void what_a_service_writes_past_its_listener_is_found() {
        assertThatThrownBy(() ->
                        hostile(WRONG)
                                .comparing(storage ->
                                        storage.database()
                                                .query(
                                                        "select value from sale order by value",
                                                        row -> row.number("value")))
                                .run(1, 30))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("calmly: [[1, 2, 3]]");
    }
}
