package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.weft.core.Body;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Failure;
import dev.weft.core.Meter;
import dev.weft.core.Problem;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Tracer;
import dev.weft.events.BusEvent;
import dev.weft.events.Call;
import dev.weft.events.Commands;
import dev.weft.events.Database;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventStore;
import dev.weft.events.EventType;
import dev.weft.events.Next;
import dev.weft.events.Origin;
import dev.weft.events.Pipeline;
import dev.weft.events.Row;
import dev.weft.events.Saga;
import dev.weft.events.Sagas;
import dev.weft.events.Sql;
import dev.weft.events.StateType;
import dev.weft.events.Storage;
import dev.weft.events.Transaction;
import dev.weft.http.Endpoint;
import dev.weft.http.Problems;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sagas come to their end on every storage, wherever a process dies and whatever the called services do. The service {@code house}
 * reserves of its own stock, has a service take money, and undoes what it did if that fails or lasts too long.
 */
@Timeout(120)
public abstract class SagaContract extends LaterCases {

    public record Ordered(String id, int amount) {}

    public record Nudged(String id) {}

    public record Ended(String id, String how) {}

    public record Moved(int by) {}

    public record Take(String id, int amount) {}

    public record Paid(String number) {}

    public record Known(Personal<String> name) {}

    /** What an instance remembers. */
    public record Trip(String id, int amount, List<String> steps) {
        Trip and(String step) {
            var more = new ArrayList<>(steps);
            more.add(step);
            return new Trip(id, amount, more);
        }
    }

    private static final EventType<Ordered> ORDERED = EventType.of("ordered", Ordered.class);
    private static final EventType<Nudged> NUDGED = EventType.of("nudged", Nudged.class);
    private static final EventType<Ended> ENDED = EventType.of("ended", Ended.class);
    private static final Duration DAY = Duration.ofDays(1);
    private static final int START = 1_000;

    private static final Decider<Integer, Integer, Moved> STOCK =
            Decider.of(
                    "stock",
                    START,
                    (by, left) ->
                            left + by < 0
                                    ? Decision.reject("sold-out", "there are " + left)
                                    : Decision.emit(new Moved(by)),
                    (left, moved) -> left + moved.by(),
                    EventType.of("moved", Moved.class));

    private static final Decider<String, Integer, Known> GUESTS =
            Decider.of(
                    "guests",
                    0,
                    (name, known) -> Decision.emit(new Known(Personal.of("ann", name))),
                    (known, it) -> known + 1,
                    EventType.of("known", Known.class));

    private static final Call<Take, Paid> TAKE =
            Call.of("take", "till", Endpoint.post("/take", Take.class, Paid.class))
                    .timeout(Duration.ofSeconds(60));
    private static final Call<String, Void> UNDO =
            Call.of("undo", "till", Endpoint.post("/undo/{id}", String.class, Void.class));

    private static final Saga<Trip> TRIP =
            Saga.of("trip", Trip.class)
                    .publishes(ENDED)
                    .begin(
                            ORDERED,
                            Ordered::id,
                            it ->
                                    Next.to(new Trip(it.id(), it.amount(), List.of("ordered")))
                                            .handle(STOCK, "main", -it.amount()))
                    .accepted(
                            STOCK,
                            (trip, it) ->
                                    it.command() < 0
                                            ? Next.to(trip.and("reserved"))
                                                    .call(TAKE, new Take(trip.id(), trip.amount()))
                                                    .after(DAY, "late")
                                            : Next.to(trip))
                    .rejected(STOCK, (trip, it) -> end(trip, it.reason()).done())
                    .answered(TAKE, (trip, paid) -> end(trip, "paid").cancel("late").done())
                    .refused(
                            TAKE,
                            (trip, problem) ->
                                    end(trip, problem.type())
                                            .handle(STOCK, "main", trip.amount())
                                            .done())
                    .due(
                            "late",
                            trip -> Next.to(trip.and("late")).giveUp(TAKE).call(UNDO, trip.id()))
                    .answered(
                            UNDO,
                            (trip, nothing) ->
                                    end(trip, "undone").handle(STOCK, "main", trip.amount()).done())
                    .refused(UNDO, (trip, problem) -> end(trip, "not undone").done())
                    .on(NUDGED, Nudged::id, (trip, it) -> Next.to(trip.and("nudged")));

    private static Next<Trip> end(Trip trip, String how) {
        return Next.to(trip.and(how)).publish(ENDED.of(trip.id(), new Ended(trip.id(), how)));
    }

    /** Somebody else's service, which takes money once for each key. */
    private static final class Till implements Service<Request, Response> {
        final Map<String, String> taken = new ConcurrentHashMap<>();
        final Set<String> undone = ConcurrentHashMap.newKeySet();
        final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
        final Set<String> services = Collections.synchronizedSet(new LinkedHashSet<>());
        volatile Function<Take, Optional<Response>> first = take -> Optional.empty();

        Till as(String service) {
            services.add(service);
            return this;
        }

        @Override
        public Response call(Request request) {
            var path = request.path();
            asked.add(
                    path + " " + request.headers().get(ContextHeaders.IDEMPOTENCY_KEY).orElse(""));
            if (path.startsWith("/undo/")) {
                undone.add(path.substring("/undo/".length()));
                return Response.of(204);
            }
            var take = Json.read(request.body().bytes(), Take.class);
            var said = first.apply(take);
            if (said.isPresent()) return said.get();
            var key = request.headers().get(ContextHeaders.IDEMPOTENCY_KEY).orElseThrow();
            taken.put(key, take.id());
            return Response.of(200).with(Body.of(Json.write(new Paid("n" + take.id()))));
        }

        long takenOf(String id) {
            return taken.values().stream().filter(id::equals).count();
        }
    }

    private final Till till = new Till();
    private final AtomicInteger position = new AtomicInteger();

    protected SagaContract() {}

    @Test
    void an_order_goes_through_to_its_end() throws Exception {
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        settle(pipeline);
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "paid");
        assertThat(stock()).isEqualTo(START - 3);
        assertThat(till.takenOf("a")).isEqualTo(1);
        assertThat(told()).containsExactly("a paid");
        assertThat(sagas.list(Optional.empty(), false, 10)).isEmpty();
        assertThat(pipeline.timers().count()).isZero();
        var whole = sagas.show("trip", "a").orElseThrow();
        assertThat(whole.instance().ended()).isPresent();
        assertThat(whole.instance().unexpected()).isZero();
        assertThat(whole.calls()).extracting(Sagas.Made::state).containsExactly("answered");
    }

    @Test
    void a_refused_call_is_undone_and_not_tried_again() throws Exception {
        till.first = take -> Optional.of(problem(402, "declined"));
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        settle(pipeline);
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "declined");
        assertThat(stock()).isEqualTo(START);
        assertThat(told()).containsExactly("a declined");
        assertThat(till.asked).hasSize(1);
    }

    @Test
    void a_saga_that_does_not_say_what_comes_of_a_refusal_is_not_run() {
        var hopeful =
                Saga.of("hopeful", Trip.class)
                        .begin(
                                ORDERED,
                                Ordered::id,
                                it ->
                                        Next.to(new Trip(it.id(), it.amount(), List.of()))
                                                .call(UNDO, it.id()))
                        .answered(UNDO, (trip, nothing) -> Next.to(trip).done());
        assertThatThrownBy(() -> sagas(storage(), hopeful))
                .hasMessageContaining("hopeful calls undo of till")
                .hasMessageContaining("refused(");
    }

    @Test
    void a_command_that_is_rejected_is_the_next_input() throws Exception {
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", START - 1);
        order("b", 2);
        order("c", 1);
        settle(pipeline);
        assertThat(steps(sagas, "b")).containsExactly("ordered", "sold-out");
        assertThat(stock()).isZero();
        assertThat(till.takenOf("b")).isZero();
        assertThat(told()).containsExactlyInAnyOrder("a paid", "b sold-out", "c paid");
    }

    @Test
    void what_fails_is_tried_again_with_the_same_key_until_it_is_answered() throws Exception {
        var failures =
                List.of(
                        problem(503, "away"),
                        problem(500, "broken"),
                        problem(429, "slowly"),
                        problem(409, "request-in-flight"),
                        problem(409, "conflict"),
                        problem(422, "idempotency-key-reused"));
        var at = new AtomicInteger();
        till.first =
                take -> {
                    int i = at.getAndIncrement();
                    if (i == failures.size())
                        throw new Failure.Unreachable("the line is cut", true, null);
                    return i < failures.size() ? Optional.of(failures.get(i)) : Optional.empty();
                };
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        for (int i = 1; i <= failures.size() + 1; i++) {
            int attempts = i;
            await(() ->
                    waits(sagas, "a", "take").filter(it -> it.attempts() >= attempts).isPresent());
            clock.move(Duration.ofSeconds(31));
        }
        settle(pipeline);
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "paid");
        assertThat(till.asked).hasSize(failures.size() + 2);
        assertThat(Set.copyOf(till.asked)).hasSize(1);
    }

    @Test
    void a_call_that_is_not_answered_holds_a_settled_system_up_and_is_named() throws Exception {
        till.first = take -> Optional.of(problem(503, "away"));
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        await(() -> waits(sagas, "a", "take").filter(it -> it.attempts() > 0).isPresent());
        var blocked =
                pipeline.progress()
                        .awaitSettled(
                                storage().events().head(), Receipt.NONE, Duration.ofMillis(1));
        assertThat(blocked)
                .anySatisfy(
                        it -> assertThat(it.error()).contains("trip a").contains("take of till"));
        till.first = take -> Optional.empty();
        clock.move(Duration.ofMinutes(1));
        settle(pipeline);
        assertThat(told()).containsExactly("a paid");
    }

    @Test
    void a_timer_ends_the_waiting_and_a_late_answer_changes_nothing() throws Exception {
        var entered = new CountDownLatch(1);
        var answer = new CountDownLatch(1);
        till.first =
                take -> {
                    if (!take.id().equals("a")) return Optional.empty();
                    entered.countDown();
                    awaitIn(answer);
                    return Optional.empty();
                };
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        entered.await();
        order("b", 1);
        await(() -> told().contains("b paid"));
        clock.move(DAY);
        settle(pipeline);
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "late", "undone");
        assertThat(till.undone).containsExactly("a");
        assertThat(stock()).isEqualTo(START - 1);
        answer.countDown();
        await(() -> sagas.show("trip", "a").orElseThrow().instance().unexpected() > 0);
        var whole = sagas.show("trip", "a").orElseThrow();
        assertThat(whole.instance().lastUnexpected()).contains("take").contains("given up");
        assertThat(whole.calls())
                .extracting(it -> it.call() + " " + it.state())
                .containsExactly("take given-up", "undo answered");
        settle(pipeline);
        assertThat(told()).containsExactlyInAnyOrder("a undone", "b paid");
        assertThat(stock()).isEqualTo(START - 1);
    }

    @Test
    void what_comes_twice_or_behind_the_end_is_counted_and_changes_nothing() throws Exception {
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        settle(pipeline);
        order("a", 5);
        publish(NUDGED.name(), "a", new Nudged("a"));
        publish(NUDGED.name(), "unheard-of", new Nudged("unheard-of"));
        settle(pipeline);
        var instance = sagas.show("trip", "a").orElseThrow().instance();
        assertThat(instance.unexpected()).isEqualTo(2);
        assertThat(instance.lastUnexpected()).contains("nudged").contains("end");
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "paid");
        assertThat(sagas.show("trip", "unheard-of")).isEmpty();
        assertThat(stock()).isEqualTo(START - 3);
    }

    @Test
    void an_event_that_comes_before_its_instance_has_begun_is_taken_behind_the_beginning()
            throws Exception {
        var sagas = sagas(storage(), TRIP);
        var pipeline = start(storage(), sagas);
        publish(NUDGED.name(), "a", new Nudged("a"));
        settle(pipeline);
        assertThat(sagas.show("trip", "a")).isEmpty();
        order("a", 3);
        settle(pipeline);
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "nudged", "paid");
        assertThat(sagas.show("trip", "a").orElseThrow().instance().unexpected()).isZero();
    }

    @Test
    void an_event_waits_a_day_for_its_instance_to_begin() throws Exception {
        var first = start(storage(), sagas(storage(), TRIP));
        for (int i = 0; i <= 100; i++) {
            publish(NUDGED.name(), "a", new Nudged("a"));
            publish(NUDGED.name(), "b", new Nudged("b"));
        }
        settle(first);
        assertThat(rows("weft_saga_early")).isEqualTo(200);
        order("b", 1);
        settle(first);
        assertThat(rows("weft_saga_early")).isEqualTo(100);
        first.close();
        clock.move(DAY.plusMinutes(1));
        var sagas = sagas(storage(), TRIP);
        var second = start(storage(), sagas);
        await(() -> rows("weft_saga_early") == 0);
        order("a", 3);
        settle(second);
        assertThat(steps(sagas, "a")).containsExactly("ordered", "reserved", "paid");
        assertThat(steps(sagas, "b")).filteredOn("nudged"::equals).hasSize(100);
    }

    @Test
    void instances_that_ended_are_forgotten_when_they_were_kept_long_enough() throws Exception {
        var brief = TRIP.keeps(DAY);
        var first = start(storage(), sagas(storage(), brief));
        order("a", 3);
        order("b", START + 1);
        settle(first);
        till.first = take -> Optional.of(problem(503, "away"));
        order("c", 3);
        await(() -> till.asked.size() > 1);
        first.close();
        clock.move(DAY.plusMinutes(1));
        var sagas = sagas(storage(), brief);
        start(storage(), sagas);
        await(() -> sagas.show("trip", "a").isEmpty() && sagas.show("trip", "b").isEmpty());
        assertThat(sagas.show("trip", "c")).isPresent();
        assertThat(sagas.list(Optional.empty(), true, 10)).hasSize(1);
        assertThat(rows("weft_call where id = 'a'")).isZero();
    }

    @Test
    void what_a_saga_commands_is_folded_once_whatever_is_decided() throws Exception {
        var folded = new AtomicInteger();
        var counter = counter(folded);
        count(counter, 50);
        folded.set(0);
        var sagas = sagas(storage(), counting(counter));
        var pipeline = start(storage(), sagas);
        for (var id : List.of("a", "b", "c")) {
            order(id, -1);
            settle(pipeline);
        }
        assertThat(folded).hasValue(50);
    }

    @Test
    void a_long_stream_that_a_saga_commands_has_its_snapshots() throws Exception {
        var folded = new AtomicInteger();
        var counter = counter(folded).snapshots(StateType.of("count", 1, Integer.class), 10);
        count(counter, 200);
        folded.set(0);
        var pipeline = start(storage(), sagas(storage(), counting(counter)));
        order("a", -1);
        settle(pipeline);
        assertThat(folded).hasValueLessThan(10);
        for (int i = 0; i < 20; i++) {
            order("b" + i, 1);
            settle(pipeline);
        }
        assertThat(storage().events().snapshot("count-main").orElseThrow().version())
                .isGreaterThan(200);
    }

    private static Decider<Integer, Integer, Moved> counter(AtomicInteger folded) {
        return Decider.of(
                "count",
                0,
                (by, sum) ->
                        by < 0
                                ? Decision.reject("down", "it counts up only")
                                : Decision.emit(new Moved(by)),
                (sum, moved) -> {
                    folded.incrementAndGet();
                    return sum + moved.by();
                },
                EventType.of("counted", Moved.class));
    }

    private void count(Decider<Integer, Integer, Moved> counter, int times) throws Exception {
        var commands = new Commands("house", storage().events(), clock, Tracer.NONE);
        for (int i = 0; i < times; i++) commands.handle(counter, "main", 1);
    }

    private static Saga<Trip> counting(Decider<Integer, Integer, Moved> counter) {
        return Saga.of("counting", Trip.class)
                .begin(
                        ORDERED,
                        Ordered::id,
                        it ->
                                Next.to(new Trip(it.id(), it.amount(), List.of()))
                                        .handle(counter, "main", it.amount()))
                .rejected(counter, (trip, no) -> Next.to(trip.and(no.reason())).done());
    }

    @Test
    void instances_under_way_show_what_they_wait_for() throws Exception {
        till.first = take -> Optional.of(problem(503, "away"));
        var sagas = sagas(storage(), TRIP);
        start(storage(), sagas);
        order("a", 3);
        await(() -> waits(sagas, "a", "take").filter(it -> it.attempts() > 0).isPresent());
        var instance = sagas.list(Optional.of("trip"), false, 10).getFirst();
        assertThat(instance.id()).isEqualTo("a");
        assertThat(instance.ended()).isEmpty();
        assertThat(instance.waits())
                .extracting(Sagas.Waits::what, Sagas.Waits::service)
                .containsExactly(tuple("take", "till"), tuple("late", ""));
        assertThat(sagas.list(Optional.of("other"), true, 10)).isEmpty();
    }

    @Test
    void an_answer_whose_reaction_fails_is_kept_and_not_asked_for_again() throws Exception {
        till.first =
                take ->
                        take.id().equals("b")
                                ? Optional.of(
                                        Problems.response(
                                                Problem.of(402, "too-dear", "no").with("most", 2)))
                                : Optional.empty();
        var broken = new AtomicBoolean(true);
        var fragile =
                paying(
                        TAKE,
                        how -> {
                            if (broken.get()) throw new IllegalStateException("not yet");
                            return how;
                        });
        var sagas = sagas(storage(), fragile);
        var first = start(storage(), sagas);
        order("a", 3);
        order("b", 3);
        for (var id : List.of("a", "b"))
            await(() ->
                    waits(sagas, id, "take")
                            .filter(it -> it.error().contains("not yet"))
                            .isPresent());
        first.close();
        // It would not say the same again.
        till.first = take -> Optional.of(problem(410, "forgotten"));
        broken.set(false);
        clock.move(Duration.ofMinutes(1));
        settle(start(storage(), sagas(storage(), fragile)));
        assertThat(sagas.state(fragile, "a").orElseThrow().steps()).containsExactly("na");
        assertThat(sagas.state(fragile, "b").orElseThrow().steps()).containsExactly("too-dear 2");
        assertThat(till.asked).hasSize(2);
    }

    @Test
    void a_call_that_has_moved_to_another_service_is_made_there() throws Exception {
        till.first = take -> Optional.of(problem(503, "away"));
        var before = sagas(storage(), paying(TAKE, how -> how));
        var first = start(storage(), before);
        order("a", 3);
        await(() -> waits(before, "a", "take").filter(it -> it.attempts() > 0).isPresent());
        first.close();
        till.first = take -> Optional.empty();
        clock.move(Duration.ofMinutes(1));
        var moved =
                paying(
                        Call.of("take", "bank", Endpoint.post("/take", Take.class, Paid.class)),
                        how -> how);
        var sagas = sagas(storage(), moved);
        settle(start(storage(), sagas));
        assertThat(sagas.state(moved, "a").orElseThrow().steps()).containsExactly("na");
        assertThat(till.services).containsExactly("till", "bank");
    }

    @Test
    void a_call_that_the_code_does_not_know_any_more_waits_for_code_that_does() throws Exception {
        till.first = take -> Optional.of(problem(503, "away"));
        var before = sagas(storage(), paying(TAKE, how -> how));
        var first = start(storage(), before);
        order("a", 3);
        await(() -> waits(before, "a", "take").filter(it -> it.attempts() > 0).isPresent());
        first.close();
        clock.move(Duration.ofMinutes(1));
        var without =
                Saga.of("paying", Trip.class)
                        .begin(
                                ORDERED,
                                Ordered::id,
                                it -> Next.to(new Trip(it.id(), it.amount(), List.of())));
        var sagas = sagas(storage(), without);
        var second = start(storage(), sagas);
        order("b", 3);
        await(() -> sagas.state(without, "b").isPresent());
        assertThat(waits(sagas, "a", "take").orElseThrow().error()).contains("no code for it");
        // What is done for its calls is looked at every now and then.
        await(() ->
                second
                        .progress()
                        .awaitSettled(storage().events().head(), Receipt.NONE, Duration.ofMillis(1))
                        .stream()
                        .anyMatch(it ->
                                it.error().contains("paying a: take")
                                        && it.error().contains("no code for it")));
        till.first = take -> Optional.empty();
        var knowing = paying(TAKE, how -> how);
        var next = sagas(storage(), knowing);
        settle(start(storage(), next));
        assertThat(next.state(knowing, "a").orElseThrow().steps()).containsExactly("na");
    }

    /** What a later version knows of a trip, of which {@link Trip} is all that the earlier one does. */
    public record LaterTrip(String id, int amount, List<String> steps, Optional<String> note) {}

    @Test
    void older_code_beside_it_takes_nothing_from_a_saga() throws Exception {
        var newer =
                Saga.of("trip", LaterTrip.class)
                        .begin(
                                ORDERED,
                                Ordered::id,
                                it ->
                                        Next.to(
                                                        new LaterTrip(
                                                                it.id(),
                                                                it.amount(),
                                                                List.of(),
                                                                Optional.of("gift")))
                                                .after(DAY, "wrap"))
                        .due("wrap", trip -> Next.to(trip).done());
        var first = start(storage(), sagas(storage(), newer));
        order("a", 3);
        settle(first);
        first.close();
        clock.move(DAY.plusMinutes(1));
        var older = sagas(storage(), TRIP);
        var second = start(storage(), older);
        order("a", 4);
        order("b", 3);
        await(() -> told().contains("b paid"));
        await(() -> older.show("trip", "a").orElseThrow().instance().unexpected() == 1);
        var waits = older.show("trip", "a").orElseThrow().instance().waits();
        assertThat(waits).extracting(Sagas.Waits::what).containsExactly("wrap");
        assertThat(waits.getFirst().error()).contains("no code for it");
        assertThat(waits.getFirst().attempts()).isZero();
        second.close();
        var sagas = sagas(storage(), newer);
        settle(start(storage(), sagas));
        assertThat(sagas.show("trip", "a").orElseThrow().instance().ended()).isPresent();
        assertThat(sagas.state(newer, "a").orElseThrow().note()).hasValue("gift");
    }

    /** Takes the money, and notes how that went. */
    private static Saga<Trip> paying(Call<Take, Paid> call, UnaryOperator<String> how) {
        return Saga.of("paying", Trip.class)
                .begin(
                        ORDERED,
                        Ordered::id,
                        it ->
                                Next.to(new Trip(it.id(), it.amount(), List.of()))
                                        .call(call, new Take(it.id(), it.amount())))
                .answered(call, (trip, paid) -> Next.to(trip.and(how.apply(paid.number()))).done())
                .refused(
                        call,
                        (trip, problem) ->
                                Next.to(
                                                trip.and(
                                                        how.apply(
                                                                problem.type()
                                                                        + " "
                                                                        + problem.members()
                                                                                .get("most"))))
                                        .done());
    }

    @Test
    void what_failures_of_calls_and_timers_say_goes_with_an_erasure() throws Exception {
        var entered = new CountDownLatch(1);
        var erased = new CountDownLatch(1);
        var words = new AtomicReference<>("no-ann");
        till.first =
                take -> {
                    var said = words.get();
                    if (take.id().equals("b")) {
                        entered.countDown();
                        awaitIn(erased);
                    }
                    return Optional.of(problem(503, said));
                };
        var tired =
                Saga.of("tired", Trip.class)
                        .begin(
                                ORDERED,
                                Ordered::id,
                                it ->
                                        Next.to(new Trip(it.id(), it.amount(), List.of()))
                                                .call(TAKE, new Take(it.id(), it.amount()))
                                                .after(Duration.ofMillis(1), "late"))
                        .answered(TAKE, (trip, paid) -> Next.to(trip).done())
                        .refused(TAKE, (trip, problem) -> Next.to(trip).done())
                        .due(
                                "late",
                                trip -> {
                                    throw new IllegalStateException(words.get());
                                });
        var sagas = sagas(storage(), tired);
        var pipeline = start(storage(), sagas);
        order("a", 3);
        await(() -> waits(sagas, "a", "take").filter(it -> it.attempts() > 0).isPresent());
        order("b", 3);
        entered.await();
        clock.move(Duration.ofMillis(2));
        await(() -> waits(sagas, "b", "late").filter(it -> it.attempts() > 0).isPresent());
        assertThat(waits(sagas, "a", "take").orElseThrow().error()).contains("no-ann");
        assertThat(waits(sagas, "b", "late").orElseThrow().error()).contains("no-ann");
        // What is tried again from here on says something else.
        words.set("away");
        pipeline.erasing().erase("ann", "test");
        assertThat(waits(sagas, "a", "take").orElseThrow().error()).doesNotContain("no-ann");
        assertThat(waits(sagas, "b", "late").orElseThrow().error()).doesNotContain("no-ann");
        erased.countDown();
        await(() -> waits(sagas, "b", "take").filter(it -> it.attempts() > 0).isPresent());
        assertThat(waits(sagas, "b", "take").orElseThrow().error())
                .contains("Failure")
                .doesNotContain("no-ann");
    }

    private static void awaitIn(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void sagas_that_hear_what_is_personal_are_named_when_somebody_is_erased() throws Exception {
        var known = EventType.of("known", Known.class);
        var knowing =
                Saga.of("knowing", Trip.class)
                        .begin(known, it -> "all", it -> Next.to(new Trip("all", 1, List.of())));
        var one = start(storage(), sagas(storage(), knowing));
        assertThat(one.erasing().erase("ann", "test").copies()).containsExactly("saga knowing");
        var other = pipeline(storage(), sagas(storage(), TRIP));
        assertThat(other.erasing().erase("ann", "test").copies()).isEmpty();
    }

    @Test
    void a_command_whose_event_is_personal_is_refused_and_named() throws Exception {
        var knowing =
                Saga.of("knowing", Trip.class)
                        .begin(
                                ORDERED,
                                Ordered::id,
                                it ->
                                        Next.to(new Trip(it.id(), it.amount(), List.of()))
                                                .handle(GUESTS, "all", "Ann"));
        var pipeline = start(storage(), sagas(storage(), knowing));
        order("a", 3);
        await(() ->
                pipeline.progress().failing().stream()
                        .anyMatch(it ->
                                it.error().contains("known of guests-all has personal values")
                                        && it.error().contains("Listener.effect")));
        assertThat(storage().events().stream("guests-all", 0, 1)).isEmpty();
    }

    @Test
    void two_processes_bring_many_orders_to_their_end_once() throws Exception {
        var other = another();
        var here = sagas(storage(), TRIP);
        var one = start(storage(), here);
        var two = start(other, sagas(other, TRIP));
        int orders = 60;
        for (int i = 0; i < orders; i++) order("o" + i, 1);
        settle(one);
        settle(two);
        assertThat(told()).hasSize(orders).doesNotHaveDuplicates();
        assertThat(stock()).isEqualTo(START - orders);
        for (int i = 0; i < orders; i++) {
            assertThat(steps(here, "o" + i)).containsExactly("ordered", "reserved", "paid");
            assertThat(till.takenOf("o" + i)).isEqualTo(1);
        }
    }

    @Test
    void a_process_that_dies_at_any_commit_leaves_all_to_the_next() throws Exception {
        var cases = 0;
        boolean died = true;
        for (int step = 1; died; step++) {
            died = false;
            for (boolean before : List.of(true, false)) {
                var id = (before ? "before" : "behind") + step;
                died |= dies(id, step, before);
                cases++;
            }
            assertThat(step).isLessThan(50);
        }
        assertThat(cases).isGreaterThan(8);
        assertThat(stock()).isEqualTo(START - cases);
    }

    /** Whether it came to its commit of that number before the order had come to its end. */
    private boolean dies(String id, int step, boolean before) throws Exception {
        var mortal = new Mortal(storage(), step, before);
        var sagas = sagas(mortal, TRIP);
        var doomed = pipeline(mortal, sagas);
        doomed.start();
        order(id, 1);
        await(() -> mortal.dead || told().contains(id + " paid"));
        boolean died = mortal.dead;
        mortal.dead = true;
        doomed.stop(Duration.ZERO);
        // What it held a lease of is free behind that.
        clock.move(Duration.ofSeconds(10));
        var heir = sagas(storage(), TRIP);
        try (var next = pipeline(storage(), heir)) {
            next.start();
            settle(next);
        }
        assertThat(steps(heir, id)).containsExactly("ordered", "reserved", "paid");
        assertThat(told()).containsOnlyOnce(id + " paid");
        assertThat(till.takenOf(id)).isEqualTo(1);
        return died;
    }

    /** A storage whose process dies at a commit: right before it, or right behind it, when nobody hears of it any more. */
    private static final class Mortal implements Storage {
        private final Storage storage;
        private final int step;
        private final boolean before;
        private final AtomicInteger writes = new AtomicInteger();
        private final Database tables = new Tables();
        volatile boolean dead;

        Mortal(Storage storage, int step, boolean before) {
            this.storage = storage;
            this.step = step;
            this.before = before;
        }

        private void live() {
            if (dead) throw new Failure.Storage("this process is dead", true, null);
        }

        @Override
        public EventStore events() {
            return storage.events();
        }

        @Override
        public Database database() {
            return tables;
        }

        @Override
        public <T> T write(Function<Transaction, T> work) throws InterruptedException {
            live();
            boolean last = writes.incrementAndGet() == step;
            if (last && before) dead = true;
            live();
            var done = storage.write(work);
            if (last) dead = true;
            live();
            return done;
        }

        @Override
        public void close() {}

        private final class Tables implements Database {
            @Override
            public <T> T write(Function<Sql, T> work) throws InterruptedException {
                return Mortal.this.write(transaction -> work.apply(transaction.sql()));
            }

            @Override
            public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
                live();
                return storage.database().query(sql, row, parameters);
            }

            @Override
            public void close() {}
        }
    }

    private void settle(Pipeline pipeline) throws InterruptedException {
        settle(pipeline, Receipt.of("shop", position.get()));
    }

    private Sagas sagas(Storage on, Saga<?> saga) {
        return new Sagas(
                List.of(saga),
                new Commands("house", on.events(), clock, Tracer.NONE),
                till::as,
                on.database(),
                Meter.NONE,
                clock);
    }

    private Pipeline start(Storage on, Sagas sagas) {
        return started(pipeline(on, sagas));
    }

    private Pipeline pipeline(Storage on, Sagas sagas) {
        return new Pipeline(
                "house",
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Optional.of(sagas),
                on,
                bus,
                Tracer.NONE,
                Meter.NONE,
                clock);
    }

    private void order(String id, int amount) throws InterruptedException {
        publish(ORDERED.name(), id, new Ordered(id, amount));
    }

    private void publish(String type, String key, Object data) throws InterruptedException {
        int at = position.incrementAndGet();
        bus.publish(
                "shop",
                at,
                List.of(
                        new BusEvent(
                                "shop",
                                at,
                                0,
                                type,
                                key,
                                Instant.parse("2026-01-01T00:00:00Z"),
                                Json.write(data),
                                Origin.NONE)));
    }

    private static Response problem(int status, String type) {
        return Problems.response(Problem.of(status, type, type));
    }

    private static List<String> steps(Sagas sagas, String id) {
        return sagas.state(TRIP, id).orElseThrow().steps();
    }

    private static Optional<Sagas.Waits> waits(Sagas sagas, String id, String what) {
        return sagas.list(Optional.empty(), false, 10).stream()
                .filter(it -> it.id().equals(id))
                .flatMap(it -> it.waits().stream())
                .filter(it -> it.what().equals(what))
                .findFirst();
    }

    private int stock() {
        return new Commands("house", storage().events(), clock, Tracer.NONE).state(STOCK, "main");
    }

    private long rows(String of) {
        return storage()
                .database()
                .first("select count(*) as n from " + of, row -> row.number("n"))
                .orElseThrow();
    }

    /** How orders ended, as it was told. */
    private List<String> told() {
        return storage()
                .database()
                .query(
                        "select data from weft_event where type = 'ended' order by position",
                        row -> Json.read(row.bytes("data"), Ended.class))
                .stream()
                .map(it -> it.id() + " " + it.how())
                .toList();
    }
}
