package dev.weft.supervisor;

import dev.weft.core.Time;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * A small shell that outlives the supervisor and then ends what it left behind.
 *
 * <p>A supervisor that is killed with SIGKILL cannot clean up. Java services notice by themselves
 * that their standard input ended, but a program in any language need not. So each process gets a
 * process group of its own, the watchdog reads which groups there are from a pipe, and when the
 * pipe ends it sends SIGTERM to all of them and SIGKILL to those that are still there after the
 * grace. The same shell kills what a process that has ended left in its group.
 *
 * <p>The lock guards the pipe and the set of groups; under it only a few bytes are written to the
 * pipe, which the shell reads at once.
 */
public final class Watchdog implements AutoCloseable {

    private static final String SCRIPT =
            """
            trap "" INT HUP TERM
            grace=$1
            groups=" "
            while read -r what group; do
                case $what in
                    +) groups="$groups$group " ;;
                    -)
                        kill -s KILL -- "-$group" 2>/dev/null
                        left=" "
                        for one in $groups; do
                            [ "$one" = "$group" ] || left="$left$one "
                        done
                        groups=$left
                        ;;
                esac
            done
            for one in $groups; do
                kill -s TERM -- "-$one" 2>/dev/null || kill -s TERM "$one" 2>/dev/null
            done
            tenths=0
            while [ "$tenths" -lt "$grace" ]; do
                alive=
                for one in $groups; do
                    kill -s 0 -- "-$one" 2>/dev/null && alive=yes
                    kill -s 0 "$one" 2>/dev/null && alive=yes
                done
                [ -n "$alive" ] || exit 0
                sleep 0.1
                tenths=$((tenths + 1))
            done
            for one in $groups; do
                kill -s KILL -- "-$one" 2>/dev/null || kill -s KILL "$one" 2>/dev/null
            done
            """;

    /** Behind these a command runs in a new session, and so in a process group of its own. */
    private static final List<String> NEW_SESSION = newSession();

    private final Duration grace;
    private final Set<Long> groups = new TreeSet<>();
    private final Process shell;
    private final OutputStream pipe;

    /**
     * @param grace between SIGTERM and SIGKILL
     */
    public Watchdog(Duration grace, Time time) throws IOException {
        this.grace = grace;
        this.shell = start();
        this.pipe = shell.getOutputStream();
        time.start("weft-watchdog", this::warnWhenGone);
    }

    private Process start() throws IOException {
        var tenths = Long.toString(Math.max(1, grace.toMillis() / 100));
        return new ProcessBuilder(
                        ownGroup(
                                "exec \"$@\"",
                                List.of("sh", "-c", SCRIPT, "weft-watchdog", tenths)))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static List<String> newSession() {
        for (var setsid : List.of("/usr/bin/setsid", "/bin/setsid"))
            if (Files.isExecutable(Path.of(setsid))) return List.of(setsid);
        var perl = "/usr/bin/perl";
        if (Files.isExecutable(Path.of(perl)))
            return List.of(perl, "-e", "use POSIX; POSIX::setsid(); exec @ARGV or die $!");
        return List.of();
    }

    /**
     * The command so that it has a process group of its own and the process id that it is started
     * with, and so that a terminal's SIGINT and SIGHUP do not concern it. It waits for {@link
     * #guard}: a supervisor that is killed in between leaves nothing behind.
     */
    static List<String> guarded(List<String> command) {
        return ownGroup("trap '' INT HUP; read -r go || exit 0; exec \"$@\"", command);
    }

    private static List<String> ownGroup(String script, List<String> command) {
        var all = new ArrayList<String>(List.of("sh", "-c", script, "sh"));
        all.addAll(NEW_SESSION);
        all.addAll(command);
        return all;
    }

    /** Lets the process go; from now on the watchdog ends its group if the supervisor dies. */
    void guard(Process process) throws IOException {
        watch(process.pid());
        var input = process.getOutputStream();
        input.write('\n');
        input.flush();
    }

    /** From now on the watchdog ends this process, and its group if it leads one. */
    public synchronized void watch(long pid) {
        groups.add(pid);
        say("+ " + pid);
    }

    /** The process has ended; what is left of its group is killed. */
    public synchronized void release(long pid) {
        groups.remove(pid);
        say("- " + pid);
    }

    private void say(String line) {
        try {
            pipe.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
            pipe.flush();
        } catch (IOException e) {
            // It is gone; warnWhenGone has said so.
        }
    }

    private void warnWhenGone() {
        try {
            int code = shell.waitFor();
            boolean early;
            synchronized (this) {
                early = !groups.isEmpty();
            }
            if (early)
                System.err.println(
                        "weft: the watchdog (process "
                                + shell.pid()
                                + ") ended with "
                                + code
                                + "; if this supervisor is killed now, processes may stay");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the shell; it is gone within two seconds if every group was released. */
    @Override
    public void close() {
        try {
            synchronized (this) {
                pipe.close();
            }
            if (!shell.waitFor(2, TimeUnit.SECONDS)) shell.destroyForcibly();
        } catch (IOException e) {
            shell.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
