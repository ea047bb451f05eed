package dev.weft.app;

import dev.weft.core.Body;
import dev.weft.core.Headers;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.events.Database;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.json.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answers that were given to requests with an {@code Idempotency-Key}, kept for {@link
 * #KEPT_FOR}, at most {@link #MOST_KEPT} of them; older ones go first.
 *
 * <p>Answers are written in batches by one thread. Who kept an answer may wait until it is on disk
 * ({@link #keep}) or go on, when a crash in between does no harm because what the request appended
 * is found again by its key. At most {@link #MOST_PENDING} wait to be written; beyond that, keeping
 * blocks. The lock guards {@code pending} and the counters and is never held during I/O.
 */
final class Answers implements AutoCloseable {

    static final Duration KEPT_FOR = Duration.ofHours(24);
    static final int MOST_KEPT = 100_000;
    static final int MOST_PENDING = 1_000;
    private static final int BATCH = 200;

    static final String TABLE =
            "create table if not exists weft_answer(number integer primary key autoincrement,"
                    + " key text not null unique, fingerprint text not null, status integer not null,"
                    + " headers blob not null, body blob not null, at integer not null)";

    /**
     * An answer as it is kept.
     *
     * @param fingerprint of the request that it was given to
     */
    record Answer(String fingerprint, Response response) {}

    private final Database database;
    private final Time time;
    private final Map<String, Answer> pending = new LinkedHashMap<>();
    private final Thread writer;
    private long written;
    private boolean closed;

    Answers(Database database, Time time) {
        this.database = database;
        this.time = time;
        this.writer = time.start("weft-answers", this::writeUntilClosed);
    }

    Optional<Answer> find(String key) {
        synchronized (this) {
            var waiting = pending.get(key);
            if (waiting != null) return Optional.of(waiting);
        }
        return database.first(
                "select fingerprint, status, headers, body from weft_answer where key = ?",
                Answers::read,
                key);
    }

    /**
     * Keeps an answer whose body is at hand.
     *
     * @param waiting whether to return only when it is on disk
     */
    void keep(String key, Answer answer, boolean waiting) throws InterruptedException {
        synchronized (this) {
            while (pending.size() >= MOST_PENDING && !closed) wait();
            pending.put(key, answer);
            long mine = written + pending.size();
            notifyAll();
            while (waiting && written < mine && !closed) wait();
        }
    }

    private void writeUntilClosed() {
        try {
            while (true) {
                var batch = nextBatch();
                if (batch.isEmpty()) return;
                write(batch);
                synchronized (this) {
                    batch.forEach(pending::remove);
                    written += batch.size();
                    notifyAll();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Map<String, Answer> nextBatch() throws InterruptedException {
        while (pending.isEmpty() && !closed) wait();
        var batch = new LinkedHashMap<String, Answer>();
        for (var each : pending.entrySet()) {
            if (batch.size() == BATCH) break;
            batch.put(each.getKey(), each.getValue());
        }
        return batch;
    }

    private void write(Map<String, Answer> batch) throws InterruptedException {
        var answers = new ArrayList<Object[]>();
        long nowMs = time.now().toEpochMilli();
        batch.forEach((key, answer) -> answers.add(row(key, answer, nowMs)));
        try {
            database.write(sql -> {
                for (var row : answers) insert(sql, row);
                return prune(sql, nowMs);
            });
        } catch (RuntimeException e) {
            System.getLogger(Answers.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "could not keep "
                                    + batch.size()
                                    + " answers; their requests, if repeated, are run again",
                            e);
        }
    }

    private static void insert(Sql sql, Object[] row) {
        sql.update(
                "insert or ignore into weft_answer(key, fingerprint, status, headers, body, at)"
                        + " values (?, ?, ?, ?, ?, ?)",
                row);
    }

    /** Drops the oldest: each batch at most twice as many as it may add, so that it stays cheap. */
    private static int prune(Sql sql, long nowMs) {
        return sql.update(
                        "delete from weft_answer where number <="
                                + " (select max(number) from weft_answer) - ?",
                        MOST_KEPT)
                + sql.update(
                        "delete from weft_answer where at < ? and number in"
                                + " (select number from weft_answer order by number limit ?)",
                        nowMs - KEPT_FOR.toMillis(),
                        2 * BATCH);
    }

    private static Object[] row(String key, Answer answer, long nowMs) {
        var headers = new ArrayList<List<String>>();
        answer.response().headers().forEach((name, value) -> headers.add(List.of(name, value)));
        return new Object[] {
            key,
            answer.fingerprint(),
            answer.response().status(),
            Json.write(Map.of("fields", headers)),
            answer.response().body().bytes(),
            nowMs
        };
    }

    @SuppressWarnings("unchecked")
    private static Answer read(Row row) {
        var headers = Headers.EMPTY;
        var fields = (List<List<String>>) Json.readMap(row.bytes("headers")).get("fields");
        if (fields != null)
            for (var field : fields) headers = headers.and(field.get(0), field.get(1));
        return new Answer(
                row.text("fingerprint"),
                new Response((int) row.number("status"), headers, Body.of(row.bytes("body"))));
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
