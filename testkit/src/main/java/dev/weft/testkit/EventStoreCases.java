package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Failure;
import dev.weft.core.SystemTime;
import dev.weft.core.Trace;
import dev.weft.events.EventQuery;
import dev.weft.events.EventStore;
import dev.weft.events.EventStore.Append;
import dev.weft.events.EventStore.Appended;
import dev.weft.events.EventStore.Condition;
import dev.weft.events.NewEvent;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** What the cases of {@link EventStoreContract} share: the store of the case, and words to say it in. */
@Timeout(60)
abstract class EventStoreCases {

    static final Duration LONG = Duration.ofSeconds(30);
    static final Duration PATIENCE = Duration.ofSeconds(20);
    static final int RACERS = 32;

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    EventStore store;

    /** Opens an empty store. */
    protected abstract EventStore open() throws Exception;

    /** Opens the store of this case, which has been closed, again. */
    protected abstract EventStore reopen() throws Exception;

    /** Whether what was appended is there when the store is opened again. */
    protected abstract boolean survivesReopening();

    /** Opens the store of this case, which is open, once more: as another instance of the service would. */
    protected abstract EventStore node() throws Exception;

    /** Whether nodes see what others append. */
    protected abstract boolean shared();

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    void closeAndReopen() throws Exception {
        store.close();
        store = reopen();
    }

    Appended append(String stream, long expectedVersion, String... types)
            throws InterruptedException {
        return append(stream, expectedVersion, Origin.NONE, types);
    }

    Appended append(String stream, long expectedVersion, Origin origin, String... types)
            throws InterruptedException {
        return store.append(List.of(new Append(stream, expectedVersion, events(types))), origin);
    }

    boolean appends(String stream, long expectedVersion, String type) throws InterruptedException {
        try {
            append(stream, expectedVersion, type);
            return true;
        } catch (Failure.Conflict e) {
            return false;
        }
    }

    static boolean tries(Callable<?> append) throws Exception {
        try {
            append.call();
            return true;
        } catch (Failure.Conflict e) {
            return false;
        }
    }

    static Origin key(String appendKey) {
        return new Origin("", "", "", "", "", appendKey);
    }

    static List<NewEvent> events(String... types) {
        var events = new ArrayList<NewEvent>();
        for (var type : types)
            events.add(new NewEvent(type, "{}".getBytes(StandardCharsets.UTF_8)));
        return events;
    }

    static NewEvent tagged(String type, String... tags) {
        return new NewEvent(type, 1, "{}".getBytes(StandardCharsets.UTF_8), Set.of(tags));
    }

    /** Appends to a stream at whatever version it is, if the conditions hold. */
    Appended append(String stream, NewEvent event, Condition... conditions)
            throws InterruptedException {
        return append(store, stream, event, conditions);
    }

    static Appended append(EventStore store, String stream, NewEvent event, Condition... conditions)
            throws InterruptedException {
        return store.append(
                List.of(new Append(stream, EventStore.ANY_VERSION, List.of(event))),
                List.of(conditions),
                Origin.NONE);
    }

    boolean appends(String stream, NewEvent event, Condition... conditions)
            throws InterruptedException {
        try {
            append(stream, event, conditions);
            return true;
        } catch (Failure.Conflict e) {
            return false;
        }
    }

    /** Appends as if this trace had done so. */
    Appended append(String stream, Trace trace, String... types) throws InterruptedException {
        return append(
                stream,
                EventStore.ANY_VERSION,
                new Origin(trace.traceparent(), "", "", "", "", ""),
                types);
    }

    static Condition none(EventQuery query) {
        return new Condition(query, 0);
    }

    static EventQuery tag(String... tags) {
        return EventQuery.ALL.tagged(tags);
    }

    static EventQuery type(String... types) {
        return EventQuery.ALL.ofTypes(types);
    }

    static EventQuery category(String category) {
        return EventQuery.ALL.in(category);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static List<Long> positions(List<StoredEvent> events) {
        return events.stream().map(StoredEvent::position).toList();
    }

    static List<String> types(List<StoredEvent> events) {
        return events.stream().map(StoredEvent::type).toList();
    }

    void assertConflict(String stream, long expectedVersion) {
        assertThatThrownBy(() -> append(stream, expectedVersion, "conflicting"))
                .isInstanceOf(Failure.Conflict.class);
    }

    void assertGapless() {
        var log = store.log(0, 10_000);
        assertThat(log)
                .extracting(StoredEvent::position)
                .containsExactlyElementsOf(LongStream.rangeClosed(1, log.size()).boxed().toList());
        for (var stream : log.stream().map(StoredEvent::stream).distinct().toList()) {
            var versions =
                    log.stream()
                            .filter(event -> event.stream().equals(stream))
                            .map(StoredEvent::version)
                            .toList();
            assertThat(versions)
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, versions.size()).boxed().toList());
        }
    }

    record Begun<T>(FutureTask<T> task, Thread thread) {}

    static <T> Begun<T> begin(Callable<T> work) {
        var task = new FutureTask<>(work);
        return new Begun<>(task, SystemTime.INSTANCE.start("contract", task));
    }

    static <T> T result(Begun<T> begun) throws Exception {
        try {
            return begun.task().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) throw cause;
            if (e.getCause() instanceof Error cause) throw cause;
            throw e;
        }
    }

    /** What runs at the same time; {@code racer} counts from 0. */
    @FunctionalInterface
    interface Racer<T> {
        T run(int racer) throws Exception;
    }

    static <T> List<T> race(int racers, Racer<T> work) throws Exception {
        var ready = new CountDownLatch(racers);
        var begun = new ArrayList<Begun<T>>();
        for (int i = 0; i < racers; i++) {
            int racer = i;
            begun.add(
                    begin(() -> {
                        ready.countDown();
                        ready.await();
                        return work.run(racer);
                    }));
        }
        var results = new ArrayList<T>();
        for (var one : begun) results.add(result(one));
        return results;
    }

    static void awaitBlocked(Thread thread) {
        long end = SystemTime.INSTANCE.nanos() + PATIENCE.toNanos();
        while (thread.getState() != Thread.State.WAITING
                && thread.getState() != Thread.State.TIMED_WAITING) {
            if (thread.getState() == Thread.State.TERMINATED) return;
            if (SystemTime.INSTANCE.nanos() > end)
                throw new AssertionError("the thread does not block: " + thread);
            Thread.onSpinWait();
        }
    }
}
