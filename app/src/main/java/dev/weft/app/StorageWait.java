package dev.weft.app;

import dev.weft.core.Backoff;
import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.events.Storage;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * How a service that starts meets a storage whose server is away: it waits, for up to {@link #LONGEST}, says so in one line, and
 * is not ready meanwhile. What waiting does not mend (a password, a file that is damaged) fails at once.
 */
final class StorageWait {

    static final Duration LONGEST = Duration.ofMinutes(5);

    private static final Backoff PACE = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));

    private static final System.Logger LOG = System.getLogger(StorageWait.class.getName());

    private StorageWait() {}

    static Storage open(Surroundings in) throws InterruptedException {
        return open(
                () -> Storage.open(in.store(), in.master(), in.time()),
                Storage.served(in.store()),
                in.service(),
                in.time());
    }

    static Storage open(Supplier<Storage> opening, boolean served, String service, Time time)
            throws InterruptedException {
        long startNanos = time.nanos();
        for (int attempt = 1; ; attempt++) {
            try {
                var storage = opening.get();
                if (attempt > 1) tell(service + " goes on, its storage is there");
                return storage;
            } catch (Failure.Storage e) {
                boolean over = time.nanos() - startNanos >= LONGEST.toNanos();
                if (!served || !e.away() || over) throw e;
                if (attempt == 1)
                    tell(
                            service
                                    + " waits for its storage, "
                                    + LONGEST.toMinutes()
                                    + " min at most: "
                                    + e.getMessage());
            }
            time.sleep(PACE.after(attempt, time));
        }
    }

    private static void tell(String line) {
        LOG.log(System.Logger.Level.WARNING, line);
    }
}
