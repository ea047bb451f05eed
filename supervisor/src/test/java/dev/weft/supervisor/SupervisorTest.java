package dev.weft.supervisor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Backoff;
import dev.weft.core.Body;
import dev.weft.core.Instance;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.Request;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.supervisor.ProcessState.State;
import java.io.File;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs real processes: what a supervisor promises is about them. */
class SupervisorTest {

    private static final Time TIME = SystemTime.INSTANCE;

    /** For what is to end in time, and for what is not. */
    private static final Duration PATIENT = Duration.ofSeconds(20);

    private static final Duration SHORT = Duration.ofMillis(500);

    /** Ready as soon as it is started. */
    private static final Readiness AT_ONCE =
            launched -> new Readiness.Ready(URI.create("test:" + launched.instance()), () -> {});

    private static final Readiness NEVER =
            launched -> {
                TIME.sleep(Duration.ofDays(1));
                throw new AssertionError("slept through");
            };

    @TempDir Path folder;
    private Logs logs;
    private Supervisor supervisor;

    @BeforeEach
    void start() throws Exception {
        logs = new Logs(folder.resolve("logs"), TIME);
        supervisor =
                new Supervisor(
                        new Backoff(Duration.ofMillis(5), Duration.ofMillis(20)),
                        Duration.ofSeconds(1),
                        logs,
                        TIME);
    }

    @AfterEach
    void stop() {
        supervisor.close();
        logs.close();
    }

    private ProcessSpec spec(String service, Readiness readiness, String... command) {
        return new ProcessSpec(
                service,
                List.of(command),
                new HashMap<>(System.getenv()),
                folder,
                new Port.Own(),
                1,
                readiness,
                PATIENT,
                PATIENT,
                1,
                true);
    }

    private ProcessSpec shell(String service, Readiness readiness, String script) {
        return spec(service, readiness, "sh", "-c", script);
    }

    private static ProcessSpec with(
            ProcessSpec spec, Port port, Duration readyTimeout, Duration grace) {
        return new ProcessSpec(
                spec.service(),
                spec.command(),
                spec.environment(),
                spec.directory(),
                port,
                spec.instances(),
                spec.readiness(),
                readyTimeout,
                grace,
                spec.stage(),
                spec.overlap());
    }

    private ProcessState only(String service) {
        return supervisor.processes().stream()
                .filter(p -> p.service().equals(service))
                .reduce((a, b) -> {
                    throw new AssertionError("more than one " + service);
                })
                .orElseThrow();
    }

    private List<String> printed(String service) {
        return logs.last(service, 1000).stream().map(Logs.Line::text).toList();
    }

    private void awaitPrinted(String service, String text) throws Exception {
        Eventually.until(
                service + " prints \"" + text + "\"",
                () -> printed(service).stream().anyMatch(line -> line.contains(text)));
    }

    private static boolean alive(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    @Test
    void a_process_is_told_its_instance_and_what_it_prints_is_kept() throws Exception {
        supervisor.start(
                shell("a", AT_ONCE, "echo \"i am $WEFT_INSTANCE on $WEFT_PORT\"; cat >/dev/null"));
        assertThat(supervisor.awaitReady("a")).isEmpty();
        var state = only("a");
        assertThat(state.state()).isEqualTo(State.READY);
        assertThat(state.address()).isEqualTo("test:" + state.instance());
        assertThat(alive(state.pid())).isTrue();
        awaitPrinted("a", "i am " + state.instance() + " on 0");
        logs.close();
        assertThat(folder.resolve("logs/a.log")).content().contains("i am " + state.instance());
    }

    @Test
    void what_ends_by_itself_is_started_again_as_a_new_instance() throws Exception {
        supervisor.start(shell("a", AT_ONCE, "cat >/dev/null"));
        supervisor.awaitReady("a");
        var first = only("a");
        ProcessHandle.of(first.pid()).orElseThrow().destroyForcibly();
        Eventually.until(
                "a new process is ready",
                () -> only("a").state() == State.READY && only("a").pid() != first.pid());
        assertThat(only("a").instance()).isNotEqualTo(first.instance());
        assertThat(only("a").restarts()).isEqualTo(1);
        awaitPrinted("weft", "a ended by itself with SIGKILL after");
        awaitPrinted("weft", "starting it again in");
    }

    @Test
    void what_ends_by_itself_is_forgotten_and_what_is_stopped_is_not() throws Exception {
        var registry = new MemoryRegistry();
        var forgotten = new CopyOnWriteArrayList<String>();
        supervisor.start(
                shell("a", Readiness.registered(registry, forgotten::add), "cat >/dev/null"));
        Eventually.until("it runs", () -> only("a").pid() != 0);
        var first = only("a");
        ProcessHandle.of(first.pid()).orElseThrow().destroyForcibly();
        Eventually.until("it is forgotten", () -> forgotten.contains(first.instance()));
        Eventually.until("another runs", () -> only("a").pid() != first.pid());
        supervisor.stop("a");
        assertThat(forgotten).containsExactly(first.instance());
    }

    @Test
    void many_quick_crashes_are_worth_a_word() throws Exception {
        supervisor.start(shell("a", AT_ONCE, "sleep 0.02; exit 7"));
        awaitPrinted("weft", "exit code 7");
        awaitPrinted("weft", "10 quick crashes in a row");
    }

    @Test
    void a_first_start_that_fails_three_times_is_given_up() throws Exception {
        supervisor.start(shell("a", NEVER, "echo boom; exit 3"));
        assertThat(supervisor.awaitReady("a").orElseThrow())
                .contains("ended by itself with exit code 3");
        assertThat(only("a").state()).isEqualTo(State.CRASHED);
        Eventually.until(
                "all of them said it",
                () -> printed("a").equals(Collections.nCopies(Supervisor.FIRST_STARTS, "boom")));
    }

    @Test
    void what_does_not_become_ready_in_time_is_killed_and_named() throws Exception {
        supervisor.start(
                with(
                        shell("a", NEVER, "trap '' TERM; while :; do sleep 0.05; done"),
                        new Port.Own(),
                        Duration.ofMillis(200),
                        SHORT));
        assertThat(supervisor.awaitReady("a")).contains("was not ready within 200 ms");
    }

    @Test
    void a_program_that_does_not_exist_is_named() throws Exception {
        supervisor.start(spec("a", NEVER, "no-such-program-at-all"));
        assertThat(supervisor.awaitReady("a").orElseThrow()).contains("exit code 127");
        awaitPrinted("a", "no-such-program-at-all");
    }

    @Test
    void stopping_sends_sigterm_first() throws Exception {
        supervisor.start(
                shell(
                        "a",
                        AT_ONCE,
                        "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done"));
        awaitPrinted("a", "up");
        supervisor.stop("a");
        awaitPrinted("a", "bye");
        assertThat(supervisor.processes()).isEmpty();
    }

    @Test
    void what_ignores_sigterm_is_killed_with_its_descendants() throws Exception {
        supervisor.start(
                with(
                        shell(
                                "a",
                                AT_ONCE,
                                "trap '' TERM; sleep 1000 & echo child $!; while :; do sleep 0.02; done"),
                        new Port.Own(),
                        PATIENT,
                        SHORT));
        awaitPrinted("a", "child ");
        long child = Long.parseLong(printed("a").getFirst().substring("child ".length()));
        long parent = only("a").pid();
        assertThat(alive(child)).isTrue();
        supervisor.stop("a");
        assertThat(alive(parent)).isFalse();
        Eventually.until("the child is gone", () -> !alive(child));
        awaitPrinted("weft", "did not end within 500 ms");
    }

    @Test
    void what_a_process_leaves_behind_ends_with_it() throws Exception {
        supervisor.start(
                shell("a", AT_ONCE, "sleep 1000 & echo child $!; while :; do sleep 0.02; done"));
        awaitPrinted("a", "child ");
        long child = Long.parseLong(printed("a").getFirst().substring("child ".length()));
        ProcessHandle.of(only("a").pid()).orElseThrow().destroyForcibly();
        Eventually.until("the child is gone", () -> !alive(child));
    }

    @Test
    void a_replacement_is_ready_before_the_old_one_is_told_to_stop() throws Exception {
        var registry = new MemoryRegistry();
        var script = "trap 'echo draining; exit 0' TERM; echo up $V; while :; do sleep 0.02; done";
        var readiness = Readiness.registered(registry);
        supervisor.start(shell("a", readiness, "V=1; " + script));
        awaitPrinted("a", "up 1");
        register(registry, only("a").instance());
        assertThat(supervisor.awaitReady("a")).isEmpty();
        var old = only("a");

        var replacing = replacing(shell("a", readiness, "V=2; " + script));
        awaitPrinted("a", "up 2");
        assertThat(printed("a")).doesNotContain("draining");
        assertThat(alive(old.pid())).isTrue();
        Eventually.until("both are there", () -> supervisor.processes().size() == 2);
        var next =
                supervisor.processes().stream()
                        .filter(p -> !p.instance().equals(old.instance()))
                        .findFirst()
                        .orElseThrow();
        register(registry, next.instance());
        replacing.join();
        awaitPrinted("a", "draining");
        assertThat(only("a").instance()).isEqualTo(next.instance());
        assertThat(alive(old.pid())).isFalse();
    }

    private static void register(MemoryRegistry registry, String instance) {
        registry.register(
                new Instance("a", instance, URI.create("test:a"), Instance.State.READY, List.of()));
    }

    @Test
    void a_replacement_that_fails_leaves_the_old_one_running() throws Exception {
        supervisor.start(shell("a", AT_ONCE, "cat >/dev/null"));
        supervisor.awaitReady("a");
        var old = only("a");
        assertThat(supervisor.replace(shell("a", NEVER, "exit 9")))
                .isInstanceOfSatisfying(
                        Replacement.Kept.class,
                        kept -> assertThat(kept.why()).contains("exit code 9"));
        assertThat(only("a").pid()).isEqualTo(old.pid());
        assertThat(only("a").state()).isEqualTo(State.READY);
        assertThat(alive(old.pid())).isTrue();
    }

    @Test
    void what_has_crashed_is_replaced_by_whatever_comes_and_the_answer_says_so() throws Exception {
        supervisor.start(shell("a", NEVER, "exit 3"));
        supervisor.awaitReady("a");
        assertThat(supervisor.replace(shell("a", NEVER, "exit 9")))
                .isInstanceOfSatisfying(
                        Replacement.Unready.class,
                        unready -> assertThat(unready.why()).contains("exit code 9"));
        assertThat(supervisor.replace(shell("a", AT_ONCE, "cat >/dev/null")))
                .isEqualTo(new Replacement.Done());
        assertThat(only("a").state()).isEqualTo(State.READY);
    }

    @Test
    void what_is_not_there_never_becomes_ready() throws Exception {
        assertThat(supervisor.awaitReady("nothing")).isPresent();
    }

    @Test
    void a_replacement_that_is_interrupted_leaves_exactly_one_process_running() throws Exception {
        supervisor.start(shell("a", AT_ONCE, "cat >/dev/null"));
        supervisor.awaitReady("a");
        var old = only("a");
        var waiting = replacing(shell("a", NEVER, "echo new; cat >/dev/null"));
        awaitPrinted("a", "new");
        waiting.interrupt();
        waiting.join();
        Eventually.until("the new one is gone", () -> supervisor.processes().size() == 1);
        assertThat(only("a").pid()).isEqualTo(old.pid());
        assertThat(alive(old.pid())).isTrue();
    }

    @Test
    void who_asks_for_a_restart_and_goes_does_not_stop_it_half_way() throws Exception {
        supervisor.start(
                alone(
                        shell(
                                "a",
                                AT_ONCE,
                                "trap 'echo draining; sleep 0.3; exit 0' TERM; echo up;"
                                        + " while :; do sleep 0.02; done")));
        awaitPrinted("a", "up");
        var old = only("a");
        var control = Control.of(supervisor, logs, "token", _ -> {}, TIME);
        var asking =
                TIME.start(
                        "asking",
                        () -> {
                            try {
                                control.call(
                                        Request.post("/admin/processes/a/restart", Body.EMPTY)
                                                .header("Authorization", "Bearer token"));
                            } catch (Exception e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        awaitPrinted("a", "draining");
        asking.interrupt();
        asking.join();
        Eventually.until(
                "a new process is ready",
                () ->
                        supervisor.processes().stream()
                                .anyMatch(p ->
                                        p.state() == State.READY
                                                && !p.instance().equals(old.instance())));
        assertThat(alive(old.pid())).isFalse();
    }

    @Test
    void two_replacements_at_once_leave_one_process() throws Exception {
        var spec = shell("a", AT_ONCE, "cat >/dev/null");
        supervisor.start(spec);
        supervisor.awaitReady("a");
        var old = only("a");
        var first = replacing(spec);
        var second = replacing(spec);
        first.join();
        second.join();
        assertThat(only("a").state()).isEqualTo(State.READY);
        assertThat(only("a").pid()).isNotEqualTo(old.pid());
    }

    private Thread replacing(ProcessSpec spec) {
        return TIME.start(
                "replacing",
                () -> {
                    try {
                        supervisor.replace(spec);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    /** One that may not run beside its replacement. */
    private static ProcessSpec alone(ProcessSpec spec) {
        return new ProcessSpec(
                spec.service(),
                spec.command(),
                spec.environment(),
                spec.directory(),
                spec.port(),
                spec.instances(),
                spec.readiness(),
                spec.readyTimeout(),
                spec.grace(),
                spec.stage(),
                false);
    }

    @Test
    void stages_stop_one_after_the_other() throws Exception {
        for (int stage : new int[] {0, 1, 2}) {
            var spec =
                    shell(
                            "s" + stage,
                            AT_ONCE,
                            "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done");
            supervisor.start(
                    new ProcessSpec(
                            spec.service(),
                            spec.command(),
                            spec.environment(),
                            folder,
                            spec.port(),
                            1,
                            AT_ONCE,
                            spec.readyTimeout(),
                            spec.grace(),
                            stage,
                            true));
            awaitPrinted("s" + stage, "up");
        }
        supervisor.close();
        Eventually.until(
                "all said good-bye",
                () -> logs.last("", 100).stream().filter(l -> l.text().equals("bye")).count() == 3);
        assertThat(logs.last("", 100).stream().filter(l -> l.text().equals("bye")))
                .extracting(Logs.Line::service)
                .containsExactly("s2", "s1", "s0");
    }

    @Test
    void a_foreign_process_gets_a_free_port_and_is_registered_while_it_listens() throws Exception {
        var registry = new MemoryRegistry();
        var spec =
                spec(
                        "a",
                        Readiness.listening(TIME).announced(registry, List.of("GET /x")),
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("java.class.path")
                                + File.pathSeparator
                                + System.getProperty("jdk.module.path", ""),
                        Listening.class.getName());
        supervisor.start(with(spec, new Port.Free(), PATIENT, PATIENT));
        assertThat(supervisor.awaitReady("a")).isEmpty();
        assertThat(registry.instances("a")).hasSize(1);
        assertThat(registry.instances("a").getFirst().address().toString())
                .isEqualTo(only("a").address());
        supervisor.stop("a");
        assertThat(registry.instances("a")).isEmpty();
    }

    /** Listens on the port that it is told. */
    static final class Listening {
        public static void main(String... args) throws Exception {
            try (var socket =
                    new ServerSocket(
                            Integer.parseInt(Map.copyOf(System.getenv()).get("WEFT_PORT")),
                            50,
                            InetAddress.getLoopbackAddress())) {
                while (true) socket.accept().close();
            }
        }
    }

    /** A supervisor of its own, to be killed. */
    static final class Doomed {
        public static void main(String... args) throws Exception {
            var folder = Path.of(args[0]);
            var logs = new Logs(folder.resolve("logs"), TIME);
            var supervisor = new Supervisor(Backoff.PATIENT, Duration.ofMillis(300), logs, TIME);
            var script = args[1];
            supervisor.start(
                    new ProcessSpec(
                            "a",
                            List.of("sh", "-c", script),
                            System.getenv(),
                            folder,
                            new Port.Own(),
                            1,
                            AT_ONCE,
                            Duration.ofSeconds(10),
                            Duration.ofSeconds(1),
                            1,
                            true));
            supervisor.awaitReady("a");
            TIME.sleep(Duration.ofMinutes(5));
        }
    }

    @Test
    void nothing_survives_a_supervisor_that_is_killed_whatever_it_ignores() throws Exception {
        var pids = folder.resolve("pids");
        var doomed =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-cp",
                                System.getProperty("java.class.path")
                                        + File.pathSeparator
                                        + System.getProperty("jdk.module.path", ""),
                                Doomed.class.getName(),
                                folder.toString(),
                                "trap '' TERM; sleep 1000 & echo $$ $! >pids.new; mv pids.new pids;"
                                        + " while :; do sleep 0.05; done")
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("doomed.log").toFile())
                        .start();
        Eventually.until("both run", () -> Files.exists(pids));
        var both = Files.readString(pids).trim().split(" ");
        long shell = Long.parseLong(both[0]);
        long child = Long.parseLong(both[1]);
        assertThat(alive(shell)).isTrue();
        doomed.destroyForcibly().waitFor();
        Eventually.until("both are gone", () -> !alive(shell) && !alive(child));
    }
}
