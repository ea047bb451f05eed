package dev.weft.app;

import dev.weft.app.hub.HubBus;
import dev.weft.core.Awaited;
import dev.weft.core.Blocked;
import dev.weft.core.Context;
import dev.weft.core.Receipt;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.events.Bus;
import dev.weft.events.Commands;
import dev.weft.events.Database;
import dev.weft.events.Decider;
import dev.weft.events.Erasing;
import dev.weft.events.Outcome;
import dev.weft.events.Saga;
import dev.weft.events.Sagas;
import dev.weft.events.Timers;
import dev.weft.http.Endpoint;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** A running service, as its routes and listeners see it. */
public final class Weft {

    /** More than any service has operations to call. */
    private static final int MAX_CALLED = 10_000;

    private final Commands commands;
    private final Sagas sagas;
    private final Database database;
    private final Function<String, Service<Request, Response>> clients;
    private final Bus bus;
    private final Eraser eraser;
    private final Timers timers;
    private final Time time;
    private final Set<Promises.Called> called = new LinkedHashSet<>();

    Weft(
            Commands commands,
            Sagas sagas,
            Database database,
            Function<String, Service<Request, Response>> clients,
            Bus bus,
            Eraser eraser,
            Time time) {
        this.commands = commands;
        this.sagas = sagas;
        this.database = database;
        this.clients = clients;
        this.bus = bus;
        this.eraser = eraser;
        this.timers = new Timers(database, time);
        this.time = time;
    }

    /**
     * Runs the service until the process is told to stop. Settings come from the environment (see
     * {@code --help}); a failed start is told in one line and ends the process with code 1.
     */
    public static void run(App app, String... arguments) {
        if (Host.present()) {
            Host.start(app);
            return;
        }
        Standalone.run(app, arguments);
    }

    /**
     * Decides about a command to one instance of the decider's kind and stores what comes of it; on
     * return it is on disk. Conflicts with other writers are decided again.
     */
    public <C, S, E> Outcome<S> handle(Decider<C, S, E> decider, String id, C command)
            throws InterruptedException {
        return commands.handle(decider, id, command);
    }

    /** The state of one instance of the decider's kind, behind all that is stored. */
    public <C, S, E> S state(Decider<C, S, E> decider, String id) {
        return commands.state(decider, id);
    }

    /** The state of one instance of the saga, also behind its end; empty if it has not begun. */
    public <S> Optional<S> saga(Saga<S> saga, String id) {
        return sagas.state(saga, id);
    }

    /** The service's tables. */
    public Database database() {
        return database;
    }

    /**
     * Erases a subject of personal data in this service, for ever: what is stored of it reads as erased from now on, and the tables of
     * projections and listeners are mended that say how ({@code onErase}). Takes a moment; done again it does no harm. Other
     * services, and what the bus keeps, are reached by {@code weft erase}, or by an event that they listen to.
     *
     * @param subject as in {@link dev.weft.json.Personal}
     * @param by who asks for it, which is kept
     */
    public Erasing.Erased erase(String subject, String by) throws InterruptedException {
        return eraser.erase(subject, by);
    }

    /** Public events that are told later. */
    public Timers timers() {
        return timers;
    }

    /** Another service, by its name; endpoints make typed clients of it. */
    public Service<Request, Response> client(String service) {
        return clients.apply(service);
    }

    /**
     * Waits until everything is done, in all services, that came of what the receipts name, at most so long; says what is not.
     * A handler of a request may wait so for what it has had done. It waits for every listener of every service then, so it
     * is for the few answers that are worth that; to read what was written, {@code Weft-After} is enough. A listener, a saga's call
     * and whoever is called by these are waited for themselves, so there it is said at once that it is not done.
     *
     * @param receipts one of each command, such as {@code Context.current().work().receipt()}
     * @throws IllegalStateException if the service runs without a hub
     */
    public Awaited await(Duration atMost, Receipt... receipts) throws InterruptedException {
        var cause = Context.current().work().cause();
        if (!cause.isEmpty())
            return new Awaited(
                    false,
                    0,
                    List.of(Blocked.of("what is done for " + cause, "it waits for this")));
        if (!(bus instanceof HubBus hub))
            throw new IllegalStateException(
                    "only a hub knows what is done in all services, and this one runs without; set"
                            + " WEFT_BUS");
        return hub.await(List.of(receipts), atMost);
    }

    /**
     * An operation of another service, typed. That it is called, with what and what of the answer is read, is part of this
     * service's contract from then on; so ask for it where routes and listeners are made, not within them.
     */
    public <I, O> Service<I, O> client(String service, Endpoint<I, O> endpoint) {
        var call = new Promises.Called(service, endpoint.toString(), endpoint.form());
        synchronized (called) {
            if (called.size() < MAX_CALLED) called.add(call);
        }
        return endpoint.on(client(service));
    }

    /** The operations of other services that were asked for. */
    List<Promises.Called> called() {
        synchronized (called) {
            return List.copyOf(called);
        }
    }

    public Time time() {
        return time;
    }

    /**
     * A new id: 26 lower-case letters and digits. Work that is run again after a crash ({@link
     * dev.weft.core.Work}) gets the same ids in the same order, so that it finds what it began.
     */
    public String newId() {
        var key = Context.current().work().nextAppendKey();
        if (key.isEmpty()) {
            var random = time.random();
            return HexFormat.of().toHexDigits(random.nextLong(), 13)
                    + HexFormat.of().toHexDigits(random.nextLong(), 13);
        }
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            var hash = digest.digest(key.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 13);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
