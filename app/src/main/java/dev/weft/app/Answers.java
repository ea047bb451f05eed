package dev.weft.app;

import dev.weft.core.Body;
import dev.weft.core.Headers;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.events.Database;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Subjects;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * The answers that were given to requests with an {@code Idempotency-Key}, kept for {@link
 * #KEPT_FOR}, at most {@link #MOST_KEPT} of them; older ones go first.
 *
 * <p>Where a crash does no harm, because what the request appended is found again by its key, an
 * answer is written soon, in batches by one thread ({@link #keep}); at most {@link #MOST_PENDING}
 * wait to be written, beyond that keeping blocks. Else it is on disk before it is sent ({@link
 * #keepNow}). What an answer says is not kept if somebody was erased since its request began: it may be about that one.
 *
 * <p>The lock guards {@code pending} and the flags and is never held during I/O.
 */
final class Answers implements AutoCloseable {

    static final Duration KEPT_FOR = Duration.ofHours(24);
    static final int MOST_KEPT = 100_000;
    static final int MOST_PENDING = 1_000;

    /** Larger answers are kept only if nothing else tells that their request has run. */
    static final int LARGE_BYTES = 16 << 10;

    private static final int BATCH = 200;

    /** How long an answer waits for others to be written with. */
    private static final Duration LINGER = Duration.ofMillis(20);

    /** So many answers are written between two looks for old ones. */
    private static final int PRUNE_EACH = 10 * BATCH;

    /** The status that stands in the table for an answer that was too large. */
    private static final int NOT_KEPT = 0;

    private static final byte[] NO_HEADERS = Json.write(Map.of("fields", List.of()));
    private static final byte[] NO_BODY = new byte[0];

    /**
     * An answer as it is kept.
     *
     * @param fingerprint of the request that it was given to
     * @param erasures how many were known when it was begun
     * @param response empty if it was too large to be kept
     */
    record Answer(String fingerprint, long erasures, Optional<Response> response) {
        Answer blank() {
            return new Answer(fingerprint, erasures, Optional.empty());
        }
    }

    private final Database database;
    private final Subjects subjects;
    private final Time time;
    private final Map<String, Answer> pending = new LinkedHashMap<>();
    private final AtomicInteger sincePruned = new AtomicInteger(PRUNE_EACH);
    private final Thread writer;
    private boolean lingered;
    private boolean closed;

    Answers(Database database, Subjects subjects, Time time) {
        this.database = database;
        this.subjects = subjects;
        this.time = time;
        this.writer = time.start("weft-answers", this::writeUntilClosed);
    }

    /** How many erasures are known: what is read from now on is without those. */
    long erasures() {
        return subjects.erasures();
    }

    Optional<Answer> find(String key) {
        Optional<Answer> waiting;
        synchronized (this) {
            waiting = Optional.ofNullable(pending.get(key));
        }
        if (waiting.isPresent())
            return waiting.map(it -> it.erasures == erasures() ? it : it.blank());
        return database.first(
                "select fingerprint, status, headers, body from weft_answer where key = ?",
                Answers::read,
                key);
    }

    /** Keeps an answer whose body is at hand, soon. */
    synchronized void keep(String key, Answer answer) throws InterruptedException {
        while (pending.size() >= MOST_PENDING && !closed) wait();
        pending.put(key, answer);
        if (pending.size() == 1 || pending.size() == BATCH) notifyAll();
    }

    /** Keeps an answer whose body is at hand; it is on disk on return. */
    void keepNow(String key, Answer answer) throws InterruptedException {
        long nowMs = time.now().toEpochMilli();
        insert(List.of(new Written(answer.erasures, row(key, answer, nowMs))), nowMs);
    }

    /**
     * Takes what they say out of all answers that were given so far. A request that is repeated runs again then, and appends nothing
     * twice.
     */
    void blank() throws InterruptedException {
        synchronized (this) {
            var before = Set.copyOf(pending.keySet());
            while (pending.keySet().stream().anyMatch(before::contains)) wait();
        }
        database.write(sql ->
                sql.update(
                        "update weft_answer set status = ?, headers = ?, body = ? where status <> ?",
                        NOT_KEPT,
                        NO_HEADERS,
                        NO_BODY,
                        NOT_KEPT));
    }

    /**
     * An answer as it is to be written.
     *
     * @param erasures how many were known when it was begun
     */
    private record Written(long erasures, Object[] row) {
        Object[] blank() {
            return new Object[] {row[0], row[1], NOT_KEPT, NO_HEADERS, NO_BODY, row[5]};
        }
    }

    private void insert(List<Written> answers, long nowMs) throws InterruptedException {
        int written = sincePruned.addAndGet(answers.size());
        boolean prune = written >= PRUNE_EACH && sincePruned.compareAndSet(written, 0);
        database.write(sql -> {
            var outdated = outdated(answers, sql);
            for (var each : answers)
                insert(sql, outdated.contains(each.erasures) ? each.blank() : each.row);
            return prune ? prune(sql, nowMs) : 0;
        });
    }

    /** With how many erasures in mind those were begun since which there were more. */
    private Set<Long> outdated(List<Written> answers, Sql sql) {
        return answers.stream()
                .map(Written::erasures)
                .distinct()
                .filter(known -> subjects.moved(known, sql))
                .collect(Collectors.toSet());
    }

    private void writeUntilClosed() {
        try {
            while (true) {
                var batch = nextBatch();
                if (batch.isEmpty()) return;
                write(batch);
                synchronized (this) {
                    batch.forEach(pending::remove);
                    notifyAll();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Map<String, Answer> nextBatch() throws InterruptedException {
        while (pending.isEmpty() && !closed) wait();
        lingered = false;
        var timer = time.schedule(LINGER, this::lingered);
        while (!lingered && pending.size() < BATCH && !closed) wait();
        timer.cancel();
        var batch = new LinkedHashMap<String, Answer>();
        for (var each : pending.entrySet()) {
            if (batch.size() == BATCH) break;
            batch.put(each.getKey(), each.getValue());
        }
        return batch;
    }

    private synchronized void lingered() {
        lingered = true;
        notifyAll();
    }

    private void write(Map<String, Answer> batch) throws InterruptedException {
        var answers = new ArrayList<Written>();
        long nowMs = time.now().toEpochMilli();
        batch.forEach((key, answer) ->
                answers.add(new Written(answer.erasures, row(key, answer, nowMs))));
        try {
            insert(answers, nowMs);
        } catch (RuntimeException e) {
            System.getLogger(Answers.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "could not keep "
                                    + batch.size()
                                    + " answers; their requests, if repeated, run again, but do not"
                                    + " append again",
                            e);
        }
    }

    private static int insert(Sql sql, Object[] row) {
        return sql.update(
                "insert into weft_answer(key, fingerprint, status, headers, body, at)"
                        + " values (?, ?, ?, ?, ?, ?) on conflict (key) do nothing",
                row);
    }

    /** Drops the oldest; by age at most twice as many as came, so that it stays cheap. */
    private static int prune(Sql sql, long nowMs) {
        return sql.update(
                        "delete from weft_answer where number <="
                                + " (select max(number) from weft_answer) - ?",
                        MOST_KEPT - PRUNE_EACH)
                + sql.update(
                        "delete from weft_answer where at < ? and number in"
                                + " (select number from weft_answer order by number limit ?)",
                        nowMs - KEPT_FOR.toMillis(),
                        2 * PRUNE_EACH);
    }

    private static Object[] row(String key, Answer answer, long nowMs) {
        var headers = new ArrayList<List<String>>();
        var response = answer.response().orElse(Response.of(NOT_KEPT));
        response.headers().forEach((name, value) -> headers.add(List.of(name, value)));
        return new Object[] {
            key,
            answer.fingerprint(),
            response.status(),
            Json.write(Map.of("fields", headers)),
            response.body().bytes(),
            nowMs
        };
    }

    @SuppressWarnings("unchecked")
    private static Answer read(Row row) {
        var headers = Headers.EMPTY;
        var fields = (List<List<String>>) Json.readMap(row.bytes("headers")).get("fields");
        if (fields != null)
            for (var field : fields) headers = headers.and(field.get(0), field.get(1));
        int status = (int) row.number("status");
        var response = new Response(status, headers, Body.of(row.bytes("body")));
        return new Answer(
                row.text("fingerprint"),
                0,
                status == NOT_KEPT ? Optional.empty() : Optional.of(response));
    }

    /** Writes what is pending and ends. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            writer.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
