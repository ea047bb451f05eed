package dev.weft.events;

import dev.weft.core.Time;
import java.time.Duration;

/**
 * Has the tables of this code forget whom other processes of the service erase.
 *
 * <p>These may run other code while a version is replaced: it knows nothing of a projection or a listener that is new, or of what
 * a new version keeps. So each process goes through the list of the erased, from where it was when the process began.
 */
final class Forgetting implements Runner {

    /** How often it looks who was erased. */
    static final Duration LOOK = Duration.ofSeconds(1);

    private static final int MAX_BATCH = 100;

    private final Erasing erasing;
    private final Subjects subjects;
    private final Time time;
    private final Loop loop;
    private long through;

    /**
     * @param through the number of the erasure that it begins behind
     */
    Forgetting(
            String service,
            Erasing erasing,
            Storage storage,
            long through,
            Progress progress,
            Time time) {
        this.erasing = erasing;
        this.subjects = storage.subjects();
        this.through = through;
        this.time = time;
        this.loop =
                new Loop(
                        service + " erasures",
                        time,
                        progress.part(Progress.Kind.ERASURES, ""),
                        this::step);
    }

    @Override
    public void start() {
        loop.start();
    }

    @Override
    public void stop(Duration atMost) {
        loop.stop(atMost);
    }

    private void step() throws Exception {
        var erased = subjects.since(through, MAX_BATCH);
        for (var each : erased) {
            erasing.forgetAgain(each.subject());
            through = each.number();
        }
        if (erased.isEmpty())
            loop.idle(() -> {
                time.sleep(LOOK);
                return true;
            });
    }
}
