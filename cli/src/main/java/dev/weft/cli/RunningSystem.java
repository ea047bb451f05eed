package dev.weft.cli;

import dev.weft.supervisor.ProcessState;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A system that runs, as its {@code system.json} tells other commands.
 *
 * @param name of the system
 * @param folder where its {@code weft.yml} lies
 * @param pid of the supervisor
 * @param admin the hub's address
 * @param gateway the gateway's address
 * @param secure where it speaks HTTPS, if it does
 * @param control the supervisor's own address
 * @param token that admin calls carry
 * @param started when
 * @param ready whether everything was ready once
 * @param warnings what of its files cannot have been meant, for who starts it
 */
record RunningSystem(
        String name,
        String folder,
        long pid,
        String admin,
        String gateway,
        Optional<String> secure,
        String control,
        String token,
        Instant started,
        boolean ready,
        List<String> warnings) {

    RunningSystem {
        warnings = List.copyOf(warnings);
    }

    /** Between a process's start and the moment it writes this, at most. */
    private static final Duration START = Duration.ofSeconds(2);

    /** Whether the supervisor is still there; a younger process with its id is another. */
    boolean alive() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(p ->
                        p.info()
                                .startInstant()
                                .map(at -> at.isBefore(started.plus(START)))
                                .orElse(true))
                .isPresent();
    }

    /** Tells a program where the system is, but for what it was told already. */
    void tell(Map<String, String> environment) {
        environment.putIfAbsent("WEFT_GATEWAY", gateway);
        environment.putIfAbsent("WEFT_ADMIN", admin);
        environment.putIfAbsent("WEFT_TOKEN", token);
    }

    /** Where a process answers; the gateway by HTTPS too, if it speaks it. */
    String addresses(ProcessState process) {
        return process.address()
                + secure.filter(_ ->
                                process.service().equals(Hosting.GATEWAY)
                                        && !process.address().isEmpty())
                        .map(it -> " " + it)
                        .orElse("");
    }

    RunningSystem asReady(List<String> warnings) {
        return new RunningSystem(
                name, folder, pid, admin, gateway, secure, control, token, started, true, warnings);
    }
}
