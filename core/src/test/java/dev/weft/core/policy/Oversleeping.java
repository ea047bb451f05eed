package dev.weft.core.policy;

import dev.weft.core.Time;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/** Each sleep takes two seconds longer than it should. */
record Oversleeping(SteppedTime time) implements Time {

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        time.sleep(duration.plusSeconds(2));
    }

    @Override
    public long nanos() {
        return time.nanos();
    }

    @Override
    public Instant now() {
        return time.now();
    }

    @Override
    public Cancel schedule(Duration delay, Runnable task) {
        return time.schedule(delay, task);
    }

    @Override
    public RandomGenerator random() {
        return time.random();
    }

    @Override
    public Thread start(String name, Runnable task) {
        return time.start(name, task);
    }
}
