package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Receipt;
import dev.weft.events.MemoryBus;
import dev.weft.events.Pipeline;
import dev.weft.events.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Cases of what a service does later, the service being {@code house}: its wall clock is the test's to move. */
public abstract class LaterCases extends StorageCases {

    /** Longer than anything takes. */
    static final Duration LONG = Duration.ofSeconds(20);

    final MovableClock clock = new MovableClock();
    final MemoryBus bus = new MemoryBus(TIME);
    private final List<AutoCloseable> open = new ArrayList<>();

    LaterCases() {}

    @BeforeEach
    void makeTables() throws Exception {
        storage()
                .database()
                .write(sql -> {
                    Pipeline.makeTables(sql);
                    return true;
                });
    }

    @AfterEach
    void closeAll() throws Exception {
        for (var each : open.reversed()) each.close();
        bus.close();
    }

    /** Starts it; it is closed behind the case. */
    final Pipeline started(Pipeline pipeline) {
        open.add(pipeline);
        pipeline.start();
        return pipeline;
    }

    /** The storage as another process of the service sees it, if there can be one. */
    final Storage another() throws Exception {
        if (!isShared()) return storage();
        var other = reopen();
        open.add(other);
        return other;
    }

    /** Until nothing is due, and all that came of it and of these positions has been heard. */
    final void settle(Pipeline pipeline, Receipt after) throws InterruptedException {
        long before = -1;
        for (long head = storage().events().head();
                head != before;
                head = storage().events().head()) {
            before = head;
            assertThat(pipeline.progress().awaitSettled(head, after, LONG)).isEmpty();
        }
    }

    /** Something that becomes true by itself. */
    interface Condition {
        boolean holds() throws Exception;
    }

    final void await(Condition condition) throws Exception {
        long endNanos = TIME.nanos() + LONG.toNanos();
        while (!condition.holds()) {
            assertThat(TIME.nanos() - endNanos).isNegative();
            Thread.onSpinWait();
        }
    }
}
