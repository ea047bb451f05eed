package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.Storage;
import dev.weft.events.StoredEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What waits while the writer is busy goes together; each unit succeeds or fails by itself.
 *
 * <p>{@link #readsBesideWrites} is a promise both ways.
 */
@Timeout(60)
public abstract class GroupCommitContract extends StorageCases {

    private final CountDownLatch release = new CountDownLatch(1);

    @SuppressWarnings("NullAway.Init") // Begun before each case.
    private Race<String> holding;

    protected GroupCommitContract() {}

    /** How many appends and transactions wait for the writer at most. */
    protected abstract int queue();

    /** Whether reads go on while a transaction is under way; else they wait for its end. */
    protected abstract boolean readsBesideWrites();

    @BeforeEach
    void hold() throws Exception {
        storage().database().write(sql -> sql.update("create table note (text text unique)"));
        var held = new CountDownLatch(1);
        holding =
                Race.begin(() ->
                        storage()
                                .database()
                                .write(sql -> {
                                    held.countDown();
                                    awaitRelease();
                                    return "released";
                                }));
        held.await();
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void release() throws Exception {
        release.countDown();
        assertThat(holding.result()).isEqualTo("released");
    }

    @Test
    void a_unit_that_fails_fails_alone() throws Exception {
        var first = queued(() -> append("a-1", 0));
        var conflicting = queued(() -> append("a-1", 0));
        var second = queued(() -> append("a-1", 1));
        var noted = queued(() -> note("one"));
        var thrown =
                queued(() ->
                        storage()
                                .database()
                                .write(sql -> {
                                    sql.update("insert into note values ('two')");
                                    throw new IllegalStateException("changed mind");
                                }));
        var violating = queued(() -> note("one"));
        var third = queued(() -> append("a-1", 2));
        release.countDown();
        assertThat(first.result()).isEqualTo(new Appended(1, 1, false));
        assertThat(second.result()).isEqualTo(new Appended(2, 2, false));
        assertThat(third.result()).isEqualTo(new Appended(3, 3, false));
        assertThat(noted.result()).isEqualTo(1);
        assertThatThrownBy(conflicting::result).isInstanceOf(Failure.Conflict.class);
        assertThatThrownBy(thrown::result)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("changed mind");
        assertThatThrownBy(violating::result)
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("insert into note");
        assertThat(storage().database().query("select text from note", row -> row.text("text")))
                .containsExactly("one");
    }

    @Test
    void what_waits_is_seen_by_what_comes_behind_it() throws Exception {
        var noted = queued(() -> note("one"));
        var counted =
                queued(() ->
                        storage()
                                .database()
                                .write(sql ->
                                        sql.query(
                                                "select count(*) n from note",
                                                row -> row.number("n"))));
        var read =
                Race.begin(() ->
                        storage()
                                .database()
                                .query("select text from note", row -> row.text("text")));
        if (readsBesideWrites()) assertThat(read.result()).isEmpty();
        else Race.await("the read waits", read::blocks);
        release.countDown();
        assertThat(read.result()).hasSizeBetween(0, 1);
        assertThat(noted.result()).isEqualTo(1);
        assertThat(counted.result()).containsExactly(1L);
    }

    @Test
    void what_would_end_the_batch_is_refused_alone() throws Exception {
        var before = queued(() -> append("a-1", 0));
        var sly = queued(() -> storage().database().write(sql -> sql.update("/**/ rollback")));
        release.countDown();
        assertThatThrownBy(sly::result).isInstanceOf(IllegalArgumentException.class);
        assertThat(before.result().position()).isEqualTo(1);
        assertThat(storage().events().head()).isEqualTo(1);
    }

    @Test
    void who_is_interrupted_while_waiting_has_appended_nothing() throws Exception {
        var waiting = queued(() -> append("a-1", 0));
        var behind = queued(() -> append("b-1", 0));
        waiting.thread().interrupt();
        assertThatThrownBy(waiting::result).isInstanceOf(InterruptedException.class);
        release.countDown();
        assertThat(behind.result()).isEqualTo(new Appended(1, 1, false));
        assertThat(storage().events().stream("a-1", 0, 1)).isEmpty();
    }

    @Test
    void who_is_interrupted_when_taken_is_told_the_outcome_and_stays_interrupted()
            throws Exception {
        var running = new CountDownLatch(1);
        var taken =
                queued(() -> {
                    var text =
                            storage()
                                    .database()
                                    .write(sql -> {
                                        running.countDown();
                                        sql.update("insert into note values ('x')");
                                        spinUntilInterrupted();
                                        return "written";
                                    });
                    return text + " " + Thread.currentThread().isInterrupted();
                });
        release.countDown();
        running.await();
        taken.thread().interrupt();
        interrupted.countDown();
        assertThat(taken.result()).isEqualTo("written true");
    }

    private final CountDownLatch interrupted = new CountDownLatch(1);

    private void spinUntilInterrupted() {
        try {
            interrupted.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_full_queue_makes_callers_wait_and_loses_nothing() throws Exception {
        var appends = new ArrayList<Race<Appended>>();
        for (int i = 0; i < queue() + 100; i++) {
            int stream = i;
            appends.add(Race.begin(() -> append("a-" + stream, 0)));
        }
        for (var append : appends) Race.await("all wait", append::blocks);
        var late = queued(() -> append("late-1", 0));
        late.thread().interrupt();
        assertThatThrownBy(late::result).isInstanceOf(InterruptedException.class);
        release.countDown();
        for (var append : appends) append.result();
        assertThat(storage().events().head()).isEqualTo(queue() + 100);
        assertThat(storage().events().log(0, 2_000))
                .extracting(StoredEvent::stream)
                .doesNotHaveDuplicates()
                .doesNotContain("late-1");
    }

    @Test
    void closing_finishes_what_waits() throws Exception {
        var first = queued(() -> append("a-1", 0));
        var second = queued(() -> append("a-1", 1));
        var closing = Race.begin(() -> closed(storage()));
        Race.await("closing waits", closing::blocks);
        assertThatThrownBy(() -> append("a-1", 2))
                .isInstanceOf(Failure.Storage.class)
                .hasMessageContaining("closed");
        release.countDown();
        assertThat(first.result().position()).isEqualTo(1);
        assertThat(second.result().position()).isEqualTo(2);
        assertThat(closing.result()).isTrue();
        try (var again = reopen()) {
            assertThat(again.events().head()).isEqualTo(isShared() ? 2 : 0);
        }
    }

    private static boolean closed(Storage storage) {
        storage.close();
        return true;
    }

    /** Waits until the call waits in the writer's queue. */
    private static <T> Race<T> queued(Callable<T> call) {
        var race = Race.begin(call);
        Race.await("the call waits", race::blocks);
        return race;
    }

    private Appended append(String stream, long expectedVersion) throws InterruptedException {
        return append(stream, expectedVersion, 2);
    }

    private Appended append(String stream, long expectedVersion, int sizeBytes)
            throws InterruptedException {
        return storage()
                .events()
                .append(
                        List.of(
                                new Append(
                                        stream,
                                        expectedVersion,
                                        List.of(new NewEvent("a", new byte[sizeBytes])))),
                        Origin.NONE);
    }

    private int note(String text) throws InterruptedException {
        return storage().database().write(sql -> sql.update("insert into note values (?)", text));
    }
}
