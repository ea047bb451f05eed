package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SignalTest {

    private static final Time TIME = SystemTime.INSTANCE;

    private final ReentrantLock lock = new ReentrantLock();
    private final Signal signal = new Signal(lock, TIME);

    @Test
    void a_wait_ends_when_its_time_is_over() throws Exception {
        long endNanos = TIME.nanos() + Duration.ofMillis(5).toNanos();
        lock.lock();
        try {
            while (TIME.nanos() < endNanos) signal.await(Duration.ofMillis(1));
            assertThat(lock.isHeldByCurrentThread()).isTrue();
        } finally {
            lock.unlock();
        }
    }

    @Test
    void a_signal_wakes_all_that_wait() throws Exception {
        var come = new AtomicBoolean();
        var one = TIME.start("one", () -> awaitTrue(come));
        var two = TIME.start("two", () -> awaitTrue(come));
        lock.lock();
        try {
            come.set(true);
            signal.all();
        } finally {
            lock.unlock();
        }
        assertThat(one.join(Duration.ofSeconds(20))).isTrue();
        assertThat(two.join(Duration.ofSeconds(20))).isTrue();
    }

    private void awaitTrue(AtomicBoolean come) {
        lock.lock();
        try {
            while (!come.get()) signal.await(Duration.ofMinutes(1));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            lock.unlock();
        }
    }
}
