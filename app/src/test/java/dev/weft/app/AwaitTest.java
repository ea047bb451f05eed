package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.app.hub.HubBus;
import dev.weft.app.hub.HubRegistry;
import dev.weft.core.Backoff;
import dev.weft.core.Body;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Method;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.core.ServerOptions;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.client.CallSettings;
import dev.weft.core.policy.Mode;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MasterKeys;
import dev.weft.events.Projection;
import dev.weft.http.ServerTrace;
import dev.weft.hub.Hub;
import dev.weft.json.Json;
import dev.weft.testkit.SystemUnderTest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Waiting for all that comes of a command, over several services, their hub and its bus. */
@Timeout(60)
class AwaitTest {

    record Step(String key) {}

    /** What the hub answers. */
    record Answer(boolean done, int rounds, Set<String> traces, List<Blocked> blocked) {}

    record Blocked(
            Optional<String> service,
            String by,
            Optional<String> source,
            Optional<Long> position,
            Optional<Integer> attempt,
            Optional<String> error,
            Optional<Boolean> parked) {

        String text() {
            return service.orElse("")
                    + " "
                    + by
                    + source.map(it -> " " + it + "=" + position.orElse(0L)).orElse("");
        }
    }

    private static final SystemTime TIME = SystemTime.INSTANCE;
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(30);
    private static final Backoff SOON = new Backoff(Duration.ofMillis(1), Duration.ofMillis(1));

    private final MemoryTransport transport = new MemoryTransport(TIME);
    private final Map<String, Running> services = new HashMap<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    @TempDir Path folder;

    @SuppressWarnings("NullAway.Init") // Started before each case.
    private Hub hub;

    @SuppressWarnings("NullAway.Init") // Made before each case.
    private HubRegistry registry;

    @BeforeEach
    void startHub() throws Exception {
        hub = Hub.start(options(), transport, TIME);
        registry = new HubRegistry(transport.client(hub.address()), Optional.empty(), TIME);
    }

    private Hub.Options options() {
        return Hub.Options.of(4_000, "sqlite:" + folder.resolve("hub.db"))
                .warming(Duration.ofMillis(1))
                .drain(Duration.ofMillis(50));
    }

    @AfterEach
    void close() throws Exception {
        services.values().forEach(Running::close);
        for (var each : open.reversed()) each.close();
        registry.close();
        hub.close();
        transport.close();
    }

    // The way round

    @Test
    void what_comes_of_a_command_over_several_services_is_done_when_it_returns() throws Exception {
        var last = new Gate();
        start(stepping("a", "c"));
        start(
                steps("b")
                        .listen(weft ->
                                Listener.effect("on-a")
                                        .on(type("a"), event -> step(weft, "b", event.key()))));
        start(
                steps("c")
                        .listen(weft ->
                                Listener.effect("on-b")
                                        .on(
                                                type("b"),
                                                event -> {
                                                    last.pass();
                                                    step(weft, "c", event.key());
                                                })));
        var receipt = command("a", "x");
        last.awaitArrival();
        awaitBlocked(receipt, "c listener on-b b=1");
        var waiting = waiting(receipt);
        last.open();
        assertThat(waiting.get().blocked()).isEmpty();
        // Three hops behind the command: a heard what c said of what b said of what a said.
        assertThat(heard("a", "c")).isEqualTo(1);
        assertThat(waiting.get().done()).isTrue();
    }

    @Test
    void what_a_listener_has_another_service_write_by_a_call_belongs_to_it() throws Exception {
        var last = new Gate();
        start(steps("a"));
        start(
                steps("b")
                        .listen(weft ->
                                Listener.effect("calls")
                                        .on(
                                                type("a"),
                                                event ->
                                                        weft.client("c")
                                                                .call(
                                                                        Request.post(
                                                                                "/steps/"
                                                                                        + event
                                                                                                .key(),
                                                                                Body.EMPTY)))));
        start(steps("c"));
        start(steps("d").listen(Listener.effect("on-c").on(type("c"), event -> last.pass())));
        var receipt = command("a", "x");
        last.awaitArrival();
        awaitBlocked(receipt, "d listener on-c c=1");
        last.open();
        assertThat(await(LONG, receipt).done()).isTrue();
    }

    @Test
    void a_trace_names_a_command_as_its_receipt_does() throws Exception {
        start(stepping("a", "a"));
        var answer = ask("a", "x");
        var trace = answer.headers().get(ServerTrace.TRACE).orElseThrow();
        var receipt = answer.headers().get(ContextHeaders.RECEIPT).orElseThrow();
        assertThat(await(LONG, receipt).traces()).containsExactly(trace);
        var byTrace = post("/admin/await", Map.of("traces", List.of(trace), "timeout_ms", 20_000));
        assertThat(Json.read(byTrace, Answer.class).done()).isTrue();
        assertThat(heard("a", "a")).isEqualTo(1);
    }

    @Test
    void a_test_waits_by_the_answers_and_fails_with_what_blocks() throws Exception {
        var held = new Gate();
        start(stepping("a", "a"));
        start(steps("b").listen(Listener.effect("on-a").on(type("a"), event -> held.pass())));
        try (var system =
                SystemUnderTest.at(transport, of("a").address(), hub.address(), Optional.empty())) {
            var answer = system.call(Request.post("/steps/x", Body.EMPTY));
            held.awaitArrival();
            assertThatThrownBy(() -> system.await(SHORT, answer))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("a=1 not done")
                    .hasMessageContaining("b: listener on-a is at 0, not yet at a=1");
            assertThatThrownBy(() -> system.settle(SHORT)).hasMessageContaining("not settled");
            held.open();
            system.await(LONG, answer);
            assertThat(system.call(Request.get("/heard/a")).body().text()).isEqualTo("1");
            system.settle(LONG);
        }
    }

    @Test
    void a_handler_waits_for_what_it_has_had_done_but_not_for_itself_or_its_caller()
            throws Exception {
        var listened = new AtomicReference<>("");
        var called = new AtomicReference<>("");
        start(
                steps("a")
                        .tables("create table if not exists heard (type text, key text)")
                        .listen(
                                Listener.transactional("counts")
                                        .on(
                                                type("b"),
                                                (event, sql) ->
                                                        sql.update(
                                                                "insert into heard values (?, ?)",
                                                                event.type(),
                                                                event.key())))
                        .routes(weft ->
                                Routes.of(
                                        Route.post(
                                                "/waiting/{key}",
                                                request -> {
                                                    step(weft, "a", request.variable("key"));
                                                    var awaited =
                                                            weft.await(
                                                                    LONG,
                                                                    Context.current()
                                                                            .work()
                                                                            .receipt());
                                                    return Response.text(awaited.text());
                                                }))));
        start(
                steps("b")
                        .listen(weft ->
                                Listener.effect("on-a")
                                        .on(
                                                type("a"),
                                                event -> {
                                                    if (event.key().equals("x")) {
                                                        var receipt =
                                                                Receipt.of("a", event.position());
                                                        listened.set(
                                                                weft.await(LONG, receipt).text());
                                                        var call =
                                                                Request.post(
                                                                        "/waiting/y", Body.EMPTY);
                                                        called.set(
                                                                weft.client("a")
                                                                        .call(call)
                                                                        .body()
                                                                        .text());
                                                    }
                                                    step(weft, "b", event.key());
                                                })));
        var answer =
                call(
                        "a",
                        Request.post("/waiting/x", Body.EMPTY)
                                .header(ContextHeaders.DEADLINE, "30000"));
        assertThat(answer.body().text()).isEqualTo("done");
        assertThat(heard("a", "b")).isEqualTo(2);
        assertThat(listened.get()).contains("not done after 0 ms", "what is done for a/1/0");
        assertThat(called.get()).contains("not done after 0 ms", "what is done for a/1/0");
    }

    /** A step of a command, which is followed by one in each service until there are no more hops. */
    record Hop(String command, String path, int hops) {}

    private static final List<String> BRANCHING = List.of("a", "b", "c");

    private static final EventType<Hop> HOPPED = EventType.of("hopped", Hop.class);

    private static final Decider<Hop, Integer, Hop> HOP =
            Decider.of(
                    "hop",
                    0,
                    (hop, times) -> times > 0 ? Decision.nothing() : Decision.emit(hop),
                    (times, hop) -> times + 1,
                    HOPPED);

    @Test
    void of_commands_that_branch_beside_each_other_nothing_comes_behind_the_waiting()
            throws Exception {
        for (var name : BRANCHING) start(branching(name));
        var waiting = new ArrayList<FutureTask<Long>>();
        for (int i = 1; i <= 4; i++) {
            var command = "n" + i;
            var start = BRANCHING.get(i % BRANCHING.size());
            var task =
                    new FutureTask<>(() -> {
                        var hop =
                                Request.post("/hops/" + command + "/" + command + "/3", Body.EMPTY);
                        var answer = call(start, hop);
                        var receipt = answer.headers().get(ContextHeaders.RECEIPT).orElseThrow();
                        assertThat(await(LONG, receipt).blocked()).isEmpty();
                        long made = 0;
                        for (var name : BRANCHING)
                            made +=
                                    Long.parseLong(
                                            call(name, Request.get("/made/" + command))
                                                    .body()
                                                    .text());
                        return made;
                    });
            waiting.add(task);
            TIME.start("branches", task);
        }
        // One, and three for each but the last ones.
        for (var task : waiting) assertThat(task.get()).isEqualTo(1 + 3 + 9 + 27);
    }

    /** Some of what it does fails at first, some it has another service do. */
    private static App branching(String name) {
        return App.named(name)
                .tables("create table if not exists made (path text, command text)")
                .project(
                        Projection.of(
                                "made",
                                HOP,
                                (event, sql) ->
                                        sql.update(
                                                "insert into made values (?, ?)",
                                                event.data().path(),
                                                event.data().command())))
                .publish(HOP)
                .listen(weft ->
                        Listener.effect("hops")
                                .attempts(20, SOON)
                                .on(HOPPED, event -> hop(weft, name, event.data())))
                .routes(weft ->
                        Routes.of(
                                Route.post(
                                        "/hops/{command}/{path}/{hops}",
                                        request -> {
                                            var hop =
                                                    new Hop(
                                                            request.variable("command"),
                                                            request.variable("path"),
                                                            Integer.parseInt(
                                                                    request.variable("hops")));
                                            weft.handle(HOP, hop.path(), hop);
                                            return Response.of(200);
                                        }),
                                Route.get(
                                        "/made/{command}",
                                        request ->
                                                Response.text(
                                                        weft.database()
                                                                .first(
                                                                        "select count(*) as n from"
                                                                                + " made where command"
                                                                                + " = ?",
                                                                        row -> row.number("n"),
                                                                        request.variable("command"))
                                                                .orElse(0L)
                                                                .toString()))));
    }

    private static void hop(Weft weft, String name, Hop before) throws Exception {
        if (before.hops() == 0) return;
        var hop = new Hop(before.command(), before.path() + "." + name, before.hops() - 1);
        int kind = Math.floorMod(hop.path().hashCode(), 4);
        if (kind == 0 && Context.current().attempt() == 1)
            throw new IllegalStateException("it fails at first");
        if (kind != 1) {
            weft.handle(HOP, hop.path(), hop);
            return;
        }
        var other = BRANCHING.get((BRANCHING.indexOf(name) + 1) % BRANCHING.size());
        var path = "/hops/" + hop.command() + "/" + hop.path() + "/" + hop.hops();
        var answer = weft.client(other).call(Request.post(path, Body.EMPTY));
        if (answer.status() != 200) throw new IllegalStateException("answered " + answer.status());
    }

    // What others do does not matter

    @Test
    void others_that_are_held_fail_or_are_parked_do_not_hold_it() throws Exception {
        var held = new Gate();
        start(steps("a"));
        start(
                steps("b")
                        .tables("create table if not exists heard (type text, key text)")
                        .listen(
                                Listener.effect("slow")
                                        .on(
                                                type("a"),
                                                event -> {
                                                    if (event.key().equals("held")) held.pass();
                                                }))
                        .listen(
                                Listener.transactional("fails")
                                        .attempts(
                                                1_000,
                                                new Backoff(
                                                        Duration.ofHours(1), Duration.ofHours(1)))
                                        .on(
                                                type("a"),
                                                (event, sql) -> {
                                                    if (!event.key().equals("fails")) return;
                                                    throw new IllegalStateException("it fails");
                                                }))
                        .listen(
                                Listener.transactional("parks")
                                        .attempts(1, SOON)
                                        .on(
                                                type("a"),
                                                (event, sql) -> {
                                                    if (event.key().equals("parks"))
                                                        throw new IllegalStateException(
                                                                "it is parked");
                                                })));
        var slow = command("a", "held");
        var fails = command("a", "fails");
        var parks = command("a", "parks");
        held.awaitArrival();
        assertThat(await(LONG, command("a", "other")).done()).isTrue();

        awaitBlocked(slow, "b listener slow a=1");
        var stuck = awaitFailing(fails, "b listener fails a=2");
        assertThat(stuck.error().orElse("")).contains("stepped-a").contains("it fails");
        // What is parked is not waited for.
        var parked = await(Duration.ofMinutes(9), parks);
        assertThat(parked.done()).isFalse();
        assertThat(parked.blocked())
                .extracting(Blocked::text)
                .containsExactly("b listener parks a=3");
        assertThat(parked.blocked().getFirst().parked()).contains(true);
        assertThat(parked.blocked().getFirst().error().orElse("")).contains("it is parked");
        held.open();
        assertThat(await(LONG, slow).done()).isTrue();
    }

    @Test
    void what_waits_behind_a_failing_event_of_its_key_says_so() throws Exception {
        start(steps("a"));
        start(
                steps("b")
                        .listen(
                                Listener.effect("fails")
                                        .attempts(
                                                1_000,
                                                new Backoff(
                                                        Duration.ofHours(1), Duration.ofHours(1)))
                                        .on(
                                                type("a"),
                                                event -> {
                                                    throw new IllegalStateException(
                                                            "the first one fails");
                                                })));
        command("a", "x");
        var behind = awaitFailing(command("a", "x"), "b listener fails a=2");
        assertThat(behind.error().orElse(""))
                .contains("the first one fails")
                .contains("a=1, of the same key");
    }

    @Test
    void a_parked_key_that_is_tried_again_is_waited_for_with_what_it_brings_about()
            throws Exception {
        var broken = new AtomicBoolean(true);
        var again = new Gate();
        start(stepping("a", "b"));
        start(
                steps("b")
                        .listen(weft ->
                                Listener.effect("on-a")
                                        .attempts(1, SOON)
                                        .on(
                                                type("a"),
                                                event -> {
                                                    if (broken.get())
                                                        throw new IllegalStateException("broken");
                                                    again.pass();
                                                    step(weft, "b", event.key());
                                                })));
        var first = command("a", "x");
        var second = command("a", "x");
        assertThat(await(LONG, first).blocked().getFirst().parked()).contains(true);
        var behind = await(LONG, second).blocked().getFirst();
        assertThat(behind.text()).isEqualTo("b listener on-a a=2");
        assertThat(behind.error().orElse("")).contains("a/2/0 waiting behind").contains("a/1/0");
        broken.set(false);
        post("/admin/parked/retry", Map.of("select", Map.of("all", true)));
        again.awaitArrival();
        var trying = awaitBlocked(first, "b listener on-a a=1");
        assertThat(trying.getFirst().error().orElse("")).contains("being tried again");
        var waiting = waiting(first, second);
        again.open();
        assertThat(waiting.get().done()).isTrue();
        assertThat(heard("a", "b")).isEqualTo(2);
    }

    // Who is not there

    @Test
    void a_service_that_is_away_holds_what_it_has_to_do() throws Exception {
        start(stepping("a", "b"));
        start(stepping("b", "a"));
        assertThat(await(LONG, command("a", "x")).done()).isTrue();
        stop("b");
        var receipt = command("a", "y");
        var blocked = awaitBlocked(receipt, "b listener counts a=2", "b listener on-a a=2");
        assertThat(blocked.getFirst().error().orElse("")).contains("start b");
        var waiting = waiting(receipt);
        start(stepping("b", "a"));
        assertThat(waiting.get().done()).isTrue();
        assertThat(heard("a", "b")).isEqualTo(2);
    }

    @Test
    void a_service_that_is_replaced_meanwhile_is_done_by_the_next_one() throws Exception {
        var held = new Gate();
        start(stepping("a", "b"));
        App slow =
                steps("b")
                        .listen(weft ->
                                Listener.effect("on-a")
                                        .on(
                                                type("a"),
                                                event -> {
                                                    held.pass();
                                                    step(weft, "b", event.key());
                                                }));
        start(slow);
        var receipt = command("a", "x");
        held.awaitArrival();
        var waiting = waiting(receipt);
        var before = services.get("b");
        start(slow, "b-2");
        held.open();
        if (before != null) before.close();
        assertThat(waiting.get().done()).isTrue();
        assertThat(heard("a", "b")).isEqualTo(1);
    }

    @Test
    void a_hub_that_was_started_again_is_asked_anew() throws Exception {
        var held = new Gate();
        start(stepping("a", "a"));
        start(steps("b").listen(Listener.effect("on-a").on(type("a"), event -> held.pass())));
        var receipt = command("a", "x");
        held.awaitArrival();
        var waiting = waiting(receipt);
        hub.close();
        // Either it had not been asked yet, or it says that it closes.
        assertThat(ended(waiting)).isTrue();
        hub = Hub.start(options(), transport, TIME);
        held.open();
        assertThat(awaitDone(receipt)).isTrue();
        assertThat(heard("a", "a")).isEqualTo(1);
    }

    @Test
    void a_receipt_of_nobody_is_told_at_once() throws Exception {
        start(stepping("a", "a"));
        command("a", "x");
        var beyond = await(Duration.ofMinutes(9), "a=7");
        assertThat(beyond.done()).isFalse();
        assertThat(beyond.blocked()).extracting(Blocked::by).containsExactly("receipt a=7");
        assertThat(beyond.blocked().getFirst().error()).contains("its log ends at 1");
        var nobody = await(SHORT, "z=1");
        assertThat(nobody.done()).isFalse();
        assertThat(nobody.blocked()).extracting(Blocked::by).containsExactly("receipt z=1");
        assertThat(status("/admin/await", Map.of())).isEqualTo(400);
        assertThat(status("/admin/await", Map.of("receipts", List.of("nonsense")))).isEqualTo(400);
        assertThat(status("/admin/await", Map.of("traces", List.of("nonsense")))).isEqualTo(400);
    }

    // Programs in other languages

    @Test
    void a_program_that_is_no_weft_service_is_waited_for_by_its_subscription() throws Exception {
        start(steps("a"));
        put("/bus/subscriptions/mail", Map.of("types", List.of("stepped-a")));
        var receipt = command("a", "x");
        awaitBlocked(receipt, "mail subscription mail a=1");
        var lease = pull();
        assertThat(await(SHORT, receipt).done()).isFalse();
        var waiting = waiting(receipt);
        acknowledge(lease, "acknowledge", Map.of());
        assertThat(waiting.get().done()).isTrue();
    }

    @Test
    void what_a_program_has_rejected_too_often_is_named_and_not_waited_for() throws Exception {
        start(steps("a"));
        put("/bus/subscriptions/mail", Map.of("types", List.of("stepped-a"), "attempts", 1));
        var receipt = command("a", "x");
        acknowledge(pull(), "reject", Map.of("error", "no such address"));
        var parked = await(Duration.ofMinutes(9), receipt);
        assertThat(parked.done()).isFalse();
        assertThat(parked.blocked())
                .extracting(Blocked::text)
                .containsExactly("mail subscription mail a=1");
        assertThat(parked.blocked().getFirst().parked()).contains(true);
        assertThat(parked.blocked().getFirst().error().orElse("")).contains("no such address");
        var settled = Json.readMap(post("/admin/settle", Map.of("timeout_ms", 540_000)));
        assertThat(settled.get("settled")).isEqualTo(false);
        assertThat(String.valueOf(settled.get("blocked")))
                .contains("subscription mail", "no such address");
        var waiting = waiting(receipt);
        post("/bus/subscriptions/mail/parked/retry", Map.of());
        acknowledge(pull(), "acknowledge", Map.of());
        // It may have been asked before the retry, and then was answered at once.
        waiting.get();
        assertThat(await(LONG, receipt).done()).isTrue();
    }

    /** The lease of the first event. */
    private String pull() throws Exception {
        var handed =
                call(Request.post("/bus/subscriptions/mail/pull", json(Map.of("wait_ms", 9_000))));
        assertThat(handed.body().text()).contains("a/1/0");
        return handed.headers().get("Weft-Lease").orElseThrow();
    }

    private void acknowledge(String lease, String how, Map<String, String> more) throws Exception {
        var what = new HashMap<String, Object>(more);
        what.put("lease", lease);
        what.put("ids", List.of("a/1/0"));
        post("/bus/subscriptions/mail/" + how, what);
    }

    // The system

    /** Where a listener waits until it is let through, and with it all that come later. */
    private static final class Gate {
        private final Semaphore arrived = new Semaphore(0);
        private final CountDownLatch opened = new CountDownLatch(1);

        void pass() throws InterruptedException {
            arrived.release();
            assertThat(opened.await(30, TimeUnit.SECONDS)).isTrue();
        }

        void awaitArrival() throws InterruptedException {
            assertThat(arrived.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        }

        void open() {
            opened.countDown();
        }
    }

    private static EventType<Step> type(String service) {
        return EventType.of("stepped-" + service, Step.class);
    }

    private static Decider<String, Integer, Step> decider(String service) {
        return Decider.of(
                "step",
                0,
                (key, steps) -> Decision.emit(new Step(key)),
                (steps, step) -> steps + 1,
                type(service));
    }

    private static int step(Weft weft, String service, String key) throws InterruptedException {
        return weft.handle(decider(service), key, key).orProblem(409);
    }

    /** A service that makes a step when it is asked to, and tells others. */
    private static App steps(String name) {
        return App.named(name)
                .publish(decider(name))
                .routes(weft ->
                        Routes.of(
                                Route.post(
                                        "/steps/{key}",
                                        request -> {
                                            step(weft, name, request.variable("key"));
                                            return Response.of(200);
                                        }),
                                Route.get(
                                        "/heard/{of}",
                                        request ->
                                                Response.text(
                                                        weft.database()
                                                                .first(
                                                                        "select count(*) as n from"
                                                                                + " heard where type ="
                                                                                + " ?",
                                                                        row -> row.number("n"),
                                                                        "stepped-"
                                                                                + request.variable(
                                                                                        "of"))
                                                                .orElse(0L)
                                                                .toString()))));
    }

    /** One that makes a step behind each of another, unless it is its own, and counts these in a table. */
    private static App stepping(String name, String behind) {
        var counts =
                steps(name)
                        .tables("create table if not exists heard (type text, key text)")
                        .listen(
                                Listener.transactional("counts")
                                        .on(
                                                type(behind),
                                                (event, sql) ->
                                                        sql.update(
                                                                "insert into heard values (?, ?)",
                                                                event.type(),
                                                                event.key())));
        return name.equals("b")
                ? counts.listen(weft ->
                        Listener.effect("on-" + behind)
                                .on(type(behind), event -> step(weft, name, event.key())))
                : counts;
    }

    private void start(App app) {
        start(app, app.name() + "-1");
    }

    private void start(App app, String instance) {
        var bus = new HubBus(transport.client(hub.address()), Optional.empty(), instance, TIME);
        services.put(
                app.name(),
                Running.start(
                        app,
                        new Surroundings(
                                app.name(),
                                instance,
                                TIME,
                                transport,
                                ServerOptions.DEFAULT,
                                registry,
                                registry,
                                bus,
                                "sqlite:" + folder.resolve(app.name() + ".db"),
                                MasterKeys.NONE,
                                Span.Sink.NONE,
                                new MemoryMeter(),
                                0,
                                Duration.ofHours(1),
                                Mode.ON,
                                Optional.empty(),
                                CallSettings.NONE,
                                List.of(bus))));
    }

    private void stop(String service) {
        var running = services.remove(service);
        if (running != null) running.close();
    }

    private Running of(String service) {
        var running = services.get(service);
        if (running == null) throw new IllegalStateException(service + " does not run");
        return running;
    }

    private Response call(String service, Request request) throws Exception {
        return transport.client(of(service).address()).call(request);
    }

    private Response ask(String service, String key) throws Exception {
        var answer = call(service, Request.post("/steps/" + key, Body.EMPTY));
        assertThat(answer.status()).isEqualTo(200);
        return answer;
    }

    /** The receipt of a step. */
    private String command(String service, String key) throws Exception {
        return ask(service, key).headers().get(ContextHeaders.RECEIPT).orElseThrow();
    }

    private int heard(String service, String of) throws Exception {
        return Integer.parseInt(call(service, Request.get("/heard/" + of)).body().text());
    }

    private Response call(Request request) throws Exception {
        return transport
                .client(hub.address())
                .call(request.header("Content-Type", "application/json"));
    }

    private static Body json(Object value) {
        return Body.of(Json.write(value));
    }

    private byte[] post(String path, Object what) throws Exception {
        var answer = call(Request.post(path, json(what)));
        assertThat(answer.successful()).as(path).isTrue();
        return answer.body().bytes();
    }

    private void put(String path, Object what) throws Exception {
        assertThat(call(Request.of(Method.PUT, path).with(json(what))).successful())
                .as(path)
                .isTrue();
    }

    private int status(String path, Object what) throws Exception {
        return call(Request.post(path, json(what))).status();
    }

    private Answer await(Duration atMost, String... receipts) throws Exception {
        var what = Map.of("receipts", List.of(receipts), "timeout_ms", atMost.toMillis());
        return Json.read(post("/admin/await", what), Answer.class);
    }

    /** Waits until this and nothing else blocks; it is not done before. */
    private List<Blocked> awaitBlocked(String receipt, String... texts) throws Exception {
        while (true) {
            var answer = await(SHORT, receipt);
            assertThat(answer.done()).isFalse();
            if (answer.blocked().stream().map(Blocked::text).toList().equals(List.of(texts)))
                return answer.blocked();
        }
    }

    /** Waits until it is known of what blocks that it fails. */
    private Blocked awaitFailing(String receipt, String text) throws Exception {
        while (true) {
            var blocked = awaitBlocked(receipt, text).getFirst();
            if (blocked.attempt().isPresent()) return blocked;
        }
    }

    /** Waits with a hub that has just started, and does not know all yet. */
    private boolean awaitDone(String receipt) throws Exception {
        while (true) {
            var answer = await(LONG, receipt);
            if (answer.done()) return true;
        }
    }

    private FutureTask<Answer> waiting(String... receipts) {
        var task = new FutureTask<>(() -> await(LONG, receipts));
        var thread = TIME.start("awaits", task);
        open.add(() -> {
            thread.interrupt();
            thread.join(Duration.ofSeconds(5));
        });
        return task;
    }

    private static boolean ended(FutureTask<Answer> waiting) throws InterruptedException {
        try {
            waiting.get();
            return false;
        } catch (ExecutionException closed) {
            return true;
        }
    }
}
