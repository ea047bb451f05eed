package dev.weft.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Backoff;
import dev.weft.core.Failure;
import dev.weft.core.Receipt;
import dev.weft.core.Tracer;
import dev.weft.events.BusEvent;
import dev.weft.events.Commands;
import dev.weft.events.Database;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.Erasing;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.MemoryBus;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.ParkedEvents;
import dev.weft.events.Pipeline;
import dev.weft.events.Projection;
import dev.weft.events.PublicEvent;
import dev.weft.events.Publication;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.StateType;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import dev.weft.events.Subjects;
import dev.weft.events.Table;
import dev.weft.events.Transaction;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of personal data in every {@link Storage}: sealed where they lie, and gone for all when their subject is erased. */
@Timeout(60)
public abstract class ErasureContract extends StorageCases {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final int RACERS = 8;

    /** A command: somebody signs up, or moves to the next house. */
    public record Enter(Personal<String> name) {}

    /** An event with data of one person, and of one who vouches for that. */
    public record Entered(Personal<String> name, Optional<Personal<String>> by, String country) {}

    /** The state. */
    public record Guest(List<Personal<String>> names) {
        Guest and(Personal<String> name) {
            var more = new ArrayList<>(names);
            more.add(name);
            return new Guest(more);
        }

        List<String> known() {
            return names.stream().map(name -> name.orElse("erased")).toList();
        }
    }

    private static final EventType<Entered> ENTERED = EventType.of("entered", Entered.class);

    private static final Decider<Enter, Guest, Entered> GUEST =
            Decider.of(
                    "guest",
                    new Guest(List.of()),
                    (enter, before) ->
                            Decision.emit(new Entered(enter.name(), Optional.empty(), "France")),
                    (before, entered) -> before.and(entered.name()),
                    ENTERED);

    private static final Table<Guest> ROOM = Table.of("room", Guest.class);

    private final List<AutoCloseable> opened = new ArrayList<>();

    /** For subclasses. */
    protected ErasureContract() {}

    @AfterEach
    final void closeOthers() throws Exception {
        for (var each : opened.reversed()) each.close();
    }

    private <T extends AutoCloseable> T opened(T one) {
        opened.add(one);
        return one;
    }

    private static Commands commands(Storage storage) {
        return new Commands("house", storage.events(), TIME, Tracer.NONE);
    }

    private static Enter enter(String subject, String name) {
        return new Enter(Personal.of(subject, name));
    }

    private void erase(String subject) throws InterruptedException {
        storage().subjects().erase(subject, "test", sql -> {});
    }

    /** All that a table keeps, as it lies there. */
    private String raw(String table) {
        return String.join(
                "\n",
                storage()
                        .database()
                        .query(
                                "select data from " + table,
                                row -> new String(row.bytes("data"), UTF_8)));
    }

    private static Entered read(StoredEvent event) {
        return Json.read(event.data(), Entered.class);
    }

    @Test
    void what_is_personal_lies_sealed_and_is_read_open() throws Exception {
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        assertThat(raw("weft_event"))
                .doesNotContain("Ann")
                .contains("\"personal_of\":\"ann\"")
                .contains("France");
        assertThat(commands.state(GUEST, "1").known()).containsExactly("Ann");
        assertThat(commands(storage()).state(GUEST, "1").known()).containsExactly("Ann");
    }

    @Test
    void what_is_erased_is_gone_from_every_read() throws Exception {
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        erase("ann");
        assertThat(commands.state(GUEST, "1").known()).containsExactly("erased");
        var log = storage().events();
        var all =
                List.of(
                        log.log(0, 10),
                        log.logBackwards(EventStore.END, 10),
                        log.stream("guest-1", 0, 10),
                        log.streamBackwards("guest-1", EventStore.END, 10),
                        log.log(EventQuery.ALL.in("guest"), 0, 10),
                        log.logBackwards(EventQuery.ALL.in("guest"), EventStore.END, 10));
        assertThat(all)
                .allSatisfy(events -> {
                    assertThat(events).hasSize(1);
                    assertThat(read(events.getFirst()).name()).isEqualTo(Personal.erased("ann"));
                    assertThat(read(events.getFirst()).country()).isEqualTo("France");
                });
    }

    @Test
    void another_process_reads_nothing_of_it_once_the_erasure_has_returned() throws Exception {
        if (!isShared()) {
            assertThat(opened(reopen()).events().head()).isZero();
            storage().events().append(List.of(personal("x", "ann")), Origin.NONE);
            return;
        }
        var here = commands(storage());
        var there = commands(opened(reopen()));
        here.handle(GUEST, "1", enter("ann", "Ann"));
        assertThat(there.state(GUEST, "1").known()).containsExactly("Ann");
        erase("ann");
        assertThat(there.state(GUEST, "1").known()).containsExactly("erased");
        assertThatThrownBy(() -> there.handle(GUEST, "2", enter("ann", "Ann")))
                .hasMessageContaining("subject-erased");
    }

    @Test
    void several_subjects_in_one_event_are_each_erased_alone() throws Exception {
        var both =
                new Entered(
                        Personal.of("ann", "Ann"),
                        Optional.of(Personal.of("bob", "Bob")),
                        "France");
        storage().events().append(List.of(append("guest-1", both)), Origin.NONE);
        assertThat(raw("weft_event")).doesNotContain("Ann").doesNotContain("Bob");
        erase("ann");
        var read = read(storage().events().log(0, 1).getFirst());
        assertThat(read.name().isErased()).isTrue();
        assertThat(read.by()).contains(Personal.of("bob", "Bob"));
    }

    @Test
    void a_snapshot_is_sealed_and_loses_what_is_erased() throws Exception {
        var decider = GUEST.snapshots(StateType.of("guest", 1, Guest.class), 1);
        var commands = commands(storage());
        commands.handle(decider, "1", enter("ann", "Ann"));
        commands.handle(decider, "1", enter("bob", "Bob"));
        assertThat(raw("weft_snapshot"))
                .contains("ann")
                .doesNotContain("Ann")
                .doesNotContain("Bob");
        assertThat(commands(storage()).state(decider, "1").known()).containsExactly("Ann", "Bob");
        erase("ann");
        assertThat(commands(storage()).state(decider, "1").known())
                .containsExactly("erased", "Bob");
        // A state of before, with what was erased, is kept without it.
        storage()
                .events()
                .keep(
                        new EventStore.Snapshot(
                                "guest-1",
                                2,
                                "guest",
                                2,
                                Json.write(new Guest(List.of(Personal.of("ann", "Ann"))))));
        assertThat(raw("weft_snapshot")).contains("ann").doesNotContain("Ann");
        var kept = storage().events().snapshot("guest-1").orElseThrow();
        assertThat(Json.read(kept.data(), Guest.class).known()).containsExactly("erased");
    }

    @Test
    void nothing_personal_is_stored_of_who_was_erased() throws Exception {
        var commands = commands(storage());
        erase("ann");
        assertThatThrownBy(() -> commands.handle(GUEST, "1", enter("ann", "Ann")))
                .isInstanceOf(Failure.Answered.class)
                .hasMessageContaining("409")
                .hasMessageContaining("subject-erased");
        assertThatThrownBy(() ->
                        storage()
                                .write(it ->
                                        it.append(
                                                List.of(personal("guest-1", "ann")), Origin.NONE)))
                .hasMessageContaining("subject-erased");
        assertThat(storage().events().head()).isZero();
        var erased = new Entered(Personal.erased("ann"), Optional.empty(), "France");
        storage().events().append(List.of(append("guest-1", erased)), Origin.NONE);
        assertThat(storage().events().head()).isEqualTo(1);
    }

    @Test
    void erasing_again_tells_of_the_first_time() throws Exception {
        var first = storage().subjects().erase("ann", "a clerk", sql -> {});
        assertThat(first.repeated()).isFalse();
        var runs = new AtomicInteger();
        var second = storage().subjects().erase("ann", "another", sql -> runs.incrementAndGet());
        assertThat(second.repeated()).isTrue();
        assertThat(second.by()).isEqualTo("a clerk");
        assertThat(second.at()).isEqualTo(first.at());
        assertThat(runs.get()).isPositive();
        assertThat(
                        storage()
                                .database()
                                .query("select number from weft_erasure", r -> r.number("number")))
                .containsExactly(1L);
    }

    @Test
    void an_erasure_that_fails_in_the_middle_has_not_happened() throws Exception {
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        assertThatThrownBy(() ->
                        storage()
                                .subjects()
                                .erase(
                                        "ann",
                                        "test",
                                        sql -> {
                                            throw new IllegalStateException("no power");
                                        }))
                .hasMessageContaining("no power");
        assertThat(commands(storage()).state(GUEST, "1").known()).containsExactly("Ann");
        erase("ann");
        assertThat(commands.state(GUEST, "1").known()).containsExactly("erased");
    }

    @Test
    void what_a_transaction_appends_is_sealed_and_its_key_is_there_with_it() throws Exception {
        assertThatThrownBy(() ->
                        storage()
                                .write(it -> {
                                    it.append(List.of(personal("guest-1", "ann")), Origin.NONE);
                                    throw new IllegalStateException("no");
                                }))
                .hasMessageContaining("no");
        storage().write(it -> it.append(List.of(personal("guest-1", "ann")), Origin.NONE));
        assertThat(raw("weft_event")).contains("ann").doesNotContain("Ann");
        assertThat(read(storage().events().log(0, 1).getFirst()).name().value()).contains("Ann");
    }

    @Test
    void an_append_that_is_refused_leaves_no_key_behind() throws Exception {
        var conflicting = new Append("guest-1", 7, personal("guest-1", "ann").events());
        assertThatThrownBy(() -> storage().events().append(List.of(conflicting), Origin.NONE))
                .isInstanceOf(Failure.Conflict.class);
        assertThat(keys()).isEmpty();
        storage().events().append(List.of(personal("guest-1", "ann")), Origin.NONE);
        storage().events().append(List.of(personal("guest-1", "ann")), Origin.NONE);
        assertThat(keys()).containsExactly("ann");
        assertThat(storage().events().log(0, 2))
                .allMatch(event -> read(event).name().value().equals(Optional.of("Ann")));
    }

    private List<String> keys() {
        return storage()
                .database()
                .query("select subject from weft_subject", row -> row.text("subject"));
    }

    @Test
    void metadata_of_a_stream_is_sealed() throws Exception {
        var guest = Json.write(new Guest(List.of(Personal.of("ann", "Ann"))));
        storage().events().describe("guest-1", 0, guest);
        assertThat(raw("weft_stream")).contains("ann").doesNotContain("Ann");
        assertThat(storage().events().metadata("guest-1").orElseThrow().data()).isEqualTo(guest);
        erase("ann");
        var left = storage().events().metadata("guest-1").orElseThrow().data();
        assertThat(Json.read(left, Guest.class).known()).containsExactly("erased");
    }

    @Test
    void data_that_were_changed_or_moved_are_an_error_that_says_so() throws Exception {
        var events = storage().events();
        events.append(List.of(personal("guest-1", "ann")), Origin.NONE);
        events.append(List.of(personal("guest-2", "ann")), Origin.NONE);
        storage()
                .database()
                .write(sql ->
                        sql.update(
                                "update weft_event set data = (select data from weft_event where"
                                        + " position = 1) where position = 2"));
        assertThat(events.log(0, 1)).hasSize(1);
        assertThatThrownBy(() -> events.log(1, 1))
                .isInstanceOf(Failure.Unreadable.class)
                .hasMessageContaining("ann")
                .hasMessageContaining("guest-2")
                .hasMessageContaining("changed, or moved");
        storage().database().write(sql -> sql.update("delete from weft_subject"));
        assertThatThrownBy(() -> opened(reopen()).subjects().opened("x", sealedData()))
                .isInstanceOf(Failure.Unreadable.class);
    }

    private byte[] sealedData() {
        return storage()
                .database()
                .first("select data from weft_event where position = 1", row -> row.bytes("data"))
                .orElseThrow();
    }

    @Test
    void many_who_meet_a_subject_first_at_once_get_one_key() throws Exception {
        var other = isShared() ? opened(reopen()) : storage();
        var threads = new ArrayList<Thread>();
        var failures = new AtomicInteger();
        for (int i = 0; i < RACERS; i++) {
            var id = Integer.toString(i);
            var commands = commands(i % 2 == 0 ? storage() : other);
            threads.add(
                    TIME.start(
                            "racer",
                            () -> {
                                try {
                                    commands.handle(GUEST, id, enter("ann", "Ann" + id));
                                } catch (Exception e) {
                                    failures.incrementAndGet();
                                }
                            }));
        }
        for (var thread : threads) thread.join();
        assertThat(failures).hasValue(0);
        assertThat(
                        storage().events().log(0, RACERS).stream()
                                .map(event -> read(event).name().orElse("erased")))
                .hasSize(RACERS)
                .allMatch(name -> name.startsWith("Ann"));
    }

    // Copies

    private Pipeline started(
            MemoryBus bus,
            List<Projection<Entered>> projections,
            List<Publication<Entered>> publications,
            List<Listener> listeners) {
        return started(storage(), bus, projections, publications, listeners);
    }

    private Pipeline started(
            Storage storage,
            MemoryBus bus,
            List<Projection<Entered>> projections,
            List<Publication<Entered>> publications,
            List<Listener> listeners) {
        assertThat(storage().subjects()).isNotSameAs(Subjects.NONE);
        var pipeline = pipeline(storage, bus, projections, publications, listeners);
        pipeline.start();
        return pipeline;
    }

    private Pipeline pipeline(
            Storage storage,
            MemoryBus bus,
            List<Projection<Entered>> projections,
            List<Publication<Entered>> publications,
            List<Listener> listeners) {
        return opened(
                new Pipeline(
                        "house",
                        projections,
                        publications,
                        listeners,
                        storage,
                        bus,
                        Tracer.NONE,
                        TIME));
    }

    private void makeRoom() throws InterruptedException {
        storage().database().write(sql -> sql.update(ROOM.definition()));
    }

    private List<String> room(String id) {
        return ROOM.find(storage().database(), id).orElseThrow().known();
    }

    private static Projection<Entered> keeping(String name) {
        return Projection.of(
                name,
                GUEST,
                (event, sql) ->
                        ROOM.change(
                                sql,
                                name + event.key(),
                                new Guest(List.of()),
                                guest -> guest.and(event.data().name())));
    }

    @Test
    void tables_are_mended_with_the_erasure_and_a_new_projection_hears_nothing_of_it()
            throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var projection = keeping("a").onErase(ROOM::forget);
        var first = started(bus, List.of(projection), List.of(), List.of());
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        commands.handle(GUEST, "1", enter("bob", "Bob_%"));
        assertThat(first.progress().awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        assertThat(room("a1")).containsExactly("Ann", "Bob_%");
        var erased =
                new Erasing(storage(), List.of(projection, keeping("b")), List.of())
                        .erase("ann", "test");
        assertThat(erased.copies()).containsExactly("projection b");
        assertThat(room("a1")).containsExactly("erased", "Bob_%");
        var again = started(bus, List.of(keeping("b")), List.of(), List.of());
        assertThat(again.progress().awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        assertThat(room("b1")).containsExactly("erased", "Bob_%");
    }

    @Test
    void tables_beside_the_live_ones_are_mended_too() throws Exception {
        var bus = opened(new MemoryBus(TIME));
        var projection = keeping("a").tables(ROOM).onErase(ROOM::forget);
        var house = started(bus, List.of(projection), List.of(), List.of());
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        commands.handle(GUEST, "1", enter("bob", "Bob"));
        assertThat(house.progress().awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        var tables = house.projections();
        tables.rebuild("a", false);
        while (tables.view("a").generations().stream().noneMatch(it -> it.state().equals("ready")))
            Thread.onSpinWait();
        new Erasing(storage(), List.of(projection), List.of()).erase("ann", "test");
        assertThat(room("a1")).containsExactly("erased", "Bob");
        tables.swap("a");
        while (tables.view("a").generations().getFirst().generation() != 2) Thread.onSpinWait();
        assertThat(room("a1")).containsExactly("erased", "Bob");
    }

    // While a version is replaced

    private static Projection<Entered> kept(int version) {
        return keeping("a").tables(ROOM).version(version).onErase(ROOM::forget);
    }

    /** Where tables of the first version hold two guests; what is made of them by code of the other runs once it is started. */
    private Pipeline replacing(Projection<Entered> by) throws Exception {
        var bus = opened(new MemoryBus(TIME));
        var old = started(bus, List.of(kept(1)), List.of(), List.of());
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        commands.handle(GUEST, "1", enter("bob", "Bob"));
        assertThat(old.progress().awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        var newer = pipeline(storage(), bus, List.of(by), List.of(), List.of());
        newer.projections().prepare();
        return newer;
    }

    private static int liveVersion(Pipeline house) {
        return house.projections().view("a").generations().getFirst().version();
    }

    @Test
    void what_newer_code_is_to_build_is_still_built_when_older_code_erases() throws Exception {
        var newer = replacing(kept(2));
        new Erasing(storage(), List.of(kept(1)), List.of()).erase("ann", "test");
        newer.start();
        assertThat(newer.projections().awaitRebuilt(LONG)).isTrue();
        assertThat(liveVersion(newer)).isEqualTo(2);
        assertThat(room("a1")).containsExactly("erased", "Bob");
    }

    @Test
    void tables_of_newer_code_are_made_anew_when_older_code_erases() throws Exception {
        var newer = replacing(kept(2));
        newer.start();
        assertThat(newer.projections().awaitRebuilt(LONG)).isTrue();
        newer.projections().undo("a");
        assertThat(liveVersion(newer)).isEqualTo(1);
        new Erasing(storage(), List.of(kept(1)), List.of()).erase("ann", "test");
        assertThat(room("a1")).containsExactly("erased", "Bob");
        awaitTrue(() ->
                newer.projections().view("a").generations().getLast().state().equals("ready"));
        newer.projections().swap("a");
        awaitTrue(() -> liveVersion(newer) == 2);
        assertThat(room("a1")).containsExactly("erased", "Bob");
    }

    @Test
    void what_does_not_fit_tables_of_another_version_erases_nothing_and_says_so() throws Exception {
        var fits = keeping("a").tables(ROOM).version(2);
        var by = fits.onErase((sql, subject) -> sql.change("update room set nobody = ''"));
        var newer = replacing(by);
        assertThatThrownBy(() -> newer.erasing().erase("ann", "test"))
                .isInstanceOf(Failure.Answered.class)
                .hasMessageContaining("409")
                .hasMessageContaining("of the projection a are of version 1")
                .hasMessageContaining("weft projections");
        assertThat(commands(storage()).state(GUEST, "1").known()).containsExactly("Ann", "Bob");
    }

    @Test
    void new_code_forgets_whom_old_code_erases_that_does_not_know_its_tables() throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var forgotten = new ConcurrentLinkedQueue<String>();
        var projection =
                keeping("b")
                        .onErase((sql, subject) -> {
                            forgotten.add(subject);
                            ROOM.forget(sql, subject);
                        });
        var newer = started(bus, List.of(projection), List.of(), List.of());
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        commands.handle(GUEST, "1", enter("bob", "Bob"));
        assertThat(newer.progress().awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        newer.erasing().erase("bob", "test");
        assertThat(room("b1")).containsExactly("Ann", "erased");
        new Erasing(storage(), List.of(), List.of()).erase("ann", "test");
        awaitTrue(() -> room("b1").equals(List.of("erased", "erased")));
        assertThat(forgotten).as("each once").containsExactly("bob", "ann");
    }

    private boolean moved(long known) throws InterruptedException {
        return storage().database().write(sql -> storage().subjects().moved(known, sql));
    }

    @Test
    void what_was_read_before_an_erasure_is_not_written_behind_it() throws Exception {
        var subjects = storage().subjects();
        storage().events().append(List.of(personal("guest-1", "ann")), Origin.NONE);
        storage().events().log(0, 10);
        long known = subjects.known();
        assertThat(moved(known)).isFalse();
        erase("ann");
        assertThat(moved(known)).isTrue();
        storage().events().log(0, 10);
        long now = subjects.known();
        assertThat(moved(now)).isFalse();
    }

    @Test
    void what_is_published_behind_an_erasure_says_nothing_of_it() throws Exception {
        commands(storage()).handle(GUEST, "1", enter("ann", "Ann"));
        erase("ann");
        var bus = opened(new MemoryBus(TIME));
        var publication =
                new Publication<Entered>(
                        GUEST,
                        List.of(ENTERED),
                        event -> List.<PublicEvent<?>>of(ENTERED.of(event.key(), event.data())));
        var house = started(bus, List.of(), List.of(publication), List.of());
        assertThat(house.progress().awaitSettled(1, Receipt.NONE, LONG)).isEmpty();
        try (var consumer = bus.subscribe("else", Set.of("entered"))) {
            var data = consumer.poll(LONG).events().getFirst().data();
            assertThat(new String(data, UTF_8)).contains("ann").doesNotContain("Ann");
        }
    }

    /**
     * The storage; once it is armed, something happens right before the next transaction begins.
     *
     * @param tables whether one of tables alone is meant
     */
    private static Storage interrupted(
            Storage storage, AtomicReference<Runnable> armed, boolean tables) {
        var database = storage.database();
        var between =
                new Database() {
                    @Override
                    public <T> T write(Function<Sql, T> work) throws InterruptedException {
                        if (tables) armed.getAndSet(() -> {}).run();
                        return database.write(work);
                    }

                    @Override
                    public <T> List<T> query(
                            String sql, Function<Row, T> row, Object... parameters) {
                        return database.query(sql, row, parameters);
                    }

                    @Override
                    public void close() {}
                };
        return new Storage() {
            @Override
            public EventStore events() {
                return storage.events();
            }

            @Override
            public Database database() {
                return between;
            }

            @Override
            public Subjects subjects() {
                return storage.subjects();
            }

            @Override
            public <T> T write(Function<Transaction, T> work) throws InterruptedException {
                if (!tables) armed.getAndSet(() -> {}).run();
                return storage.write(work);
            }

            @Override
            public void close() {}
        };
    }

    private void eraseWithCopies() {
        try {
            new Erasing(storage(), List.of(keeping("a").onErase(ROOM::forget)), List.of())
                    .erase("ann", "test");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void a_projection_that_has_read_on_before_an_erasure_writes_nothing_of_it_behind_it()
            throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var armed = new AtomicReference<Runnable>(() -> {});
        var house =
                started(
                        interrupted(storage(), armed, true),
                        bus,
                        List.of(keeping("a")),
                        List.of(),
                        List.of());
        var commands = commands(storage());
        commands.handle(GUEST, "1", enter("bob", "Bob"));
        assertThat(house.progress().awaitSettled(1, Receipt.NONE, LONG)).isEmpty();
        armed.set(this::eraseWithCopies);
        commands.handle(GUEST, "1", enter("ann", "Ann"));
        assertThat(house.progress().awaitSettled(2, Receipt.NONE, LONG)).isEmpty();
        assertThat(room("a1")).containsExactly("Bob", "erased");
    }

    @Test
    void a_listener_that_was_handed_an_event_before_an_erasure_writes_nothing_of_it_behind_it()
            throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var armed = new AtomicReference<Runnable>(() -> {});
        var house =
                started(
                        interrupted(storage(), armed, false),
                        bus,
                        List.of(),
                        List.of(),
                        List.of(listening(new AtomicBoolean(), 1)));
        armed.set(this::eraseWithCopies);
        bus.publish("desk", 1, List.of(heard(1)));
        assertThat(house.progress().awaitSettled(0, Receipt.of("desk", 1), LONG)).isEmpty();
        assertThat(room("1")).containsExactly("erased");
    }

    private static BusEvent heard(int number) {
        return new BusEvent(
                "desk",
                number,
                0,
                "entered",
                "1",
                Instant.parse("2026-01-01T00:00:00Z"),
                Json.write(new Entered(Personal.of("ann", "Ann"), Optional.empty(), "France")),
                Origin.NONE);
    }

    private static Listener.Transactional listening(AtomicBoolean broken, int attempts) {
        return Listener.transactional("room")
                .attempts(attempts, new Backoff(Duration.ofMillis(5), Duration.ofMillis(5)))
                .on(
                        ENTERED,
                        (event, sql) -> {
                            if (broken.get())
                                throw new IllegalStateException(
                                        "broken for " + event.data().name().orElse("nobody"));
                            ROOM.change(
                                    sql,
                                    "1",
                                    new Guest(List.of()),
                                    guest -> guest.and(event.data().name()));
                        });
    }

    @Test
    void an_event_that_waits_for_its_next_attempt_is_handled_without_what_is_erased()
            throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var broken = new AtomicBoolean(true);
        var house =
                started(bus, List.of(), List.of(), List.of(listening(broken, Integer.MAX_VALUE)));
        bus.publish("desk", 1, List.of(heard(1)));
        awaitTrue(() -> !house.progress().failing().isEmpty());
        erase("ann");
        broken.set(false);
        assertThat(house.progress().awaitSettled(0, Receipt.of("desk", 1), LONG)).isEmpty();
        assertThat(room("1")).containsExactly("erased");
    }

    @Test
    void what_is_parked_is_sealed_and_tried_again_without_what_is_erased() throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var broken = new AtomicBoolean(true);
        var house = started(bus, List.of(), List.of(), List.of(listening(broken, 1)));
        bus.publish("desk", 2, List.of(heard(1), heard(2)));
        awaitTrue(() ->
                house.parked().heads(ParkedEvents.Selection.ALL).stream()
                                .mapToInt(ParkedEvents.Head::events)
                                .sum()
                        == 2);
        assertThat(raw("weft_parked")).contains("ann").doesNotContain("Ann");
        assertThat(house.parked().show(Optional.empty(), "desk/1/0").getFirst().data())
                .contains("Ann");
        house.parked().edit(Optional.empty(), "desk/1/0", heard(1).data());
        assertThat(raw("weft_parked")).doesNotContain("Ann");
        assertThat(house.parked().show(Optional.empty(), "desk/1/0").getFirst().message())
                .contains("Ann");
        new Erasing(storage(), List.of(), List.of()).erase("ann", "test");
        var left = house.parked().show(Optional.empty(), "desk/1/0").getFirst();
        assertThat(left.data()).contains("ann").doesNotContain("Ann");
        assertThat(left.message() + left.stack()).isEmpty();
        broken.set(false);
        house.parked().retry(ParkedEvents.Selection.ALL, ParkedEvents.NO_LIMIT);
        awaitTrue(() -> house.parked().heads(ParkedEvents.Selection.ALL).isEmpty());
        assertThat(room("1")).containsExactly("erased", "erased");
    }

    /** An effect that always fails, with the name in its words. */
    private static Listener.Effect failing(AtomicReference<Runnable> before) {
        return Listener.effect("mail")
                .attempts(1, new Backoff(Duration.ofMillis(5), Duration.ofMillis(5)))
                .on(
                        ENTERED,
                        event -> {
                            var name = event.data().name().orElse("nobody");
                            before.get().run();
                            throw new IllegalStateException("no mail for " + name);
                        });
    }

    private ParkedEvents.Shown awaitParked(Pipeline house, int attempts) throws Exception {
        awaitTrue(() ->
                house.parked().heads(ParkedEvents.Selection.ALL).stream()
                        .anyMatch(head -> head.attempts() == attempts));
        return house.parked().show(Optional.empty(), "desk/1/0").getFirst();
    }

    @Test
    void an_attempt_that_began_before_an_erasure_says_nothing_when_it_is_parked_behind_it()
            throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var before = new AtomicReference<Runnable>(this::eraseWithCopies);
        var house = started(bus, List.of(), List.of(), List.of(failing(before)));
        bus.publish("desk", 1, List.of(heard(1)));
        var parked = awaitParked(house, 1);
        assertThat(parked.error()).isEqualTo("java.lang.IllegalStateException");
        assertThat(parked.message() + parked.stack()).isEmpty();
    }

    @Test
    void nor_does_one_at_what_was_parked_before() throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var before = new AtomicReference<Runnable>(() -> {});
        var house = started(bus, List.of(), List.of(), List.of(failing(before)));
        bus.publish("desk", 1, List.of(heard(1)));
        assertThat(awaitParked(house, 1).message()).isEqualTo("no mail for Ann");
        before.set(this::eraseWithCopies);
        house.parked().retry(ParkedEvents.Selection.ALL, ParkedEvents.NO_LIMIT);
        var parked = awaitParked(house, 2);
        assertThat(parked.message() + parked.stack()).isEmpty();
        before.set(() -> {});
        house.parked().retry(ParkedEvents.Selection.ALL, ParkedEvents.NO_LIMIT);
        assertThat(awaitParked(house, 3).message()).isEqualTo("no mail for nobody");
    }

    @Test
    void what_no_handler_is_left_for_fails_though_somebody_is_erased_meanwhile() throws Exception {
        makeRoom();
        var bus = opened(new MemoryBus(TIME));
        var first =
                started(bus, List.of(), List.of(), List.of(listening(new AtomicBoolean(true), 1)));
        bus.publish("desk", 1, List.of(heard(1)));
        awaitParked(first, 1);
        first.stop(LONG);
        var elsewhere = isShared() ? opened(reopen()) : storage();
        var armed = new AtomicReference<Runnable>(() -> {});
        var deaf =
                Listener.transactional("room")
                        .on(EventType.of("left", Guest.class), (event, sql) -> {});
        var house =
                started(
                        interrupted(storage(), armed, false),
                        bus,
                        List.of(),
                        List.of(),
                        List.of(deaf));
        armed.set(() -> erase(elsewhere));
        house.parked().retry(ParkedEvents.Selection.ALL, ParkedEvents.NO_LIMIT);
        assertThat(awaitParked(house, 2).error()).contains("IllegalState");
    }

    private static void erase(Storage at) {
        try {
            at.subjects().erase("ann", "test", sql -> {});
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Check {
        boolean isTrue() throws Exception;
    }

    private static void awaitTrue(Check check) throws Exception {
        long endNanos = TIME.nanos() + LONG.toNanos();
        while (!check.isTrue()) {
            assertThat(TIME.nanos() - endNanos).isNegative();
            Thread.onSpinWait();
        }
    }

    private static Append append(String stream, Entered data) {
        return new Append(
                stream, EventStore.ANY_VERSION, List.of(new NewEvent("entered", Json.write(data))));
    }

    private static Append personal(String stream, String subject) {
        return append(stream, new Entered(Personal.of(subject, "Ann"), Optional.empty(), "France"));
    }
}
