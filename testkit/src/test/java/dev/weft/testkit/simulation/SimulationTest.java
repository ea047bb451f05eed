package dev.weft.testkit.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Baggage;
import dev.weft.core.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SimulationTest {

    private static final Duration HOUR = Duration.ofHours(1);

    @Test
    void a_sleep_of_an_hour_takes_an_hour_of_virtual_time() {
        var simulation = new Simulation(1);
        var woken = new ArrayList<Duration>();
        simulation.start(
                "sleeper",
                () -> {
                    sleep(simulation, HOUR);
                    woken.add(Duration.ofNanos(simulation.nanos()));
                });
        simulation.run(HOUR.minusNanos(1));
        assertThat(woken).isEmpty();
        simulation.run(Duration.ofSeconds(1));
        assertThat(woken).containsExactly(HOUR);
    }

    @Test
    void a_seed_repeats_it_exactly() {
        assertThat(story(7)).isEqualTo(story(7)).isNotEqualTo(story(8));
    }

    /** Who got a scarce permit when, of threads that sleep by chance. */
    private static List<String> story(long seed) {
        var simulation = new Simulation(seed);
        var permits = new Semaphore(2);
        var story = new ArrayList<String>();
        for (int i = 0; i < 50; i++) {
            var name = "t" + i;
            simulation.start(
                    name,
                    () -> {
                        sleep(simulation, Duration.ofMillis(simulation.random().nextInt(20)));
                        permits.acquireUninterruptibly();
                        story.add(simulation.nanos() + " " + name);
                        sleep(simulation, Duration.ofMillis(simulation.random().nextInt(20)));
                        permits.release();
                    });
        }
        simulation.run(HOUR);
        assertThat(story).hasSize(50);
        return story;
    }

    @Test
    void an_interrupt_ends_a_sleep_at_once() {
        var simulation = new Simulation(1);
        var ended = new ArrayList<Duration>();
        var sleeper =
                simulation.start(
                        "sleeper",
                        () -> {
                            try {
                                simulation.sleep(HOUR);
                            } catch (InterruptedException e) {
                                ended.add(Duration.ofNanos(simulation.nanos()));
                            }
                        });
        simulation.schedule(Duration.ofSeconds(2), sleeper::interrupt);
        simulation.run(HOUR);
        assertThat(ended).containsExactly(Duration.ofSeconds(2));
    }

    @Test
    void threads_wait_for_each_other_as_they_always_do() {
        var simulation = new Simulation(1);
        var answer = new AtomicReference<String>("");
        var task =
                new FutureTask<>(() -> {
                    simulation.sleep(Duration.ofSeconds(3));
                    return "done at " + simulation.nanos() / 1_000_000 + " ms";
                });
        simulation.start("asker", () -> answer.set(get(task)));
        simulation.start("worker", task);
        simulation.run(HOUR);
        assertThat(answer.get()).isEqualTo("done at 3000 ms");
    }

    @Test
    void a_started_thread_has_the_context_of_who_started_it() {
        var simulation = new Simulation(1);
        var seen = new AtomicReference<>(Baggage.EMPTY);
        Context.none()
                .with(Baggage.parse("tenant=blue"))
                .run(() -> simulation.start("child", () -> seen.set(Context.current().baggage())));
        simulation.run(Duration.ZERO);
        assertThat(seen.get()).hasToString("tenant=blue");
    }

    private static String get(FutureTask<String> task) {
        try {
            return task.get();
        } catch (Exception e) {
            return e.toString();
        }
    }

    private static void sleep(Simulation simulation, Duration duration) {
        try {
            simulation.sleep(duration);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
