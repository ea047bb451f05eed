package dev.weft.app;

import dev.weft.core.Context;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import dev.weft.core.Time;
import dev.weft.events.Commands;
import dev.weft.events.Database;
import dev.weft.events.Decider;
import dev.weft.events.Outcome;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Function;

/** A running service, as its routes and listeners see it. */
public final class Weft {

    private final Commands commands;
    private final Database database;
    private final Function<String, Service<Request, Response>> clients;
    private final Time time;

    Weft(
            Commands commands,
            Database database,
            Function<String, Service<Request, Response>> clients,
            Time time) {
        this.commands = commands;
        this.database = database;
        this.clients = clients;
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

    /** The service's tables. */
    public Database database() {
        return database;
    }

    /** Another service, by its name; endpoints make typed clients of it. */
    public Service<Request, Response> client(String service) {
        return clients.apply(service);
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
