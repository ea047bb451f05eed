package dev.weft.benchmarks;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What somebody writes by hand who knows JDBC, needs nothing but this, and batches as Weft does: one thread takes what waits into
 * one transaction, looks the versions of its streams up, checks each append, inserts what holds, and commits. An event is a
 * position, a stream with a version, a type, data and a time, and no more.
 */
abstract class PlainStore implements MeasuredStore {

    private static final int MAX_BATCH = 256;
    private static final Time TIME = SystemTime.INSTANCE;

    /** An event that has its place. */
    record Row(long position, String stream, long version, byte[] data, long atMicros) {}

    /** An append and what became of it. */
    private static final class Unit {
        final String stream;
        final long version;
        final List<byte[]> events;
        final CountDownLatch done = new CountDownLatch(1);
        Exception failure;

        Unit(String stream, long version, List<byte[]> events) {
            this.stream = stream;
            this.version = version;
            this.events = events;
        }
    }

    final Connection writing;
    private final Connection reading;
    private final PreparedStatement read;
    private final PreparedStatement end;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final ArrayDeque<Unit> queue = new ArrayDeque<>();
    private Thread writer;
    private boolean closed;

    PlainStore(Connection writing, Connection reading) throws SQLException {
        this.writing = writing;
        this.reading = reading;
        prepare();
        this.read =
                reading.prepareStatement(
                        "SELECT position, stream, version, data, type, at FROM event WHERE position > ?"
                                + " ORDER BY position LIMIT ?");
        this.end = reading.prepareStatement("SELECT coalesce(max(position), 0) FROM event");
    }

    final PlainStore started() {
        writer = TIME.startNative("plain-writer", this::write);
        return this;
    }

    /** Makes the tables. */
    abstract void prepare() throws SQLException;

    /** Begins a transaction and tells the log's end. */
    abstract long begin() throws SQLException;

    abstract Map<String, Long> versions(Set<String> streams) throws SQLException;

    abstract void insert(List<Row> rows) throws SQLException;

    abstract void commit(long head) throws SQLException;

    abstract void rollback() throws SQLException;

    @Override
    public void append(String stream, long version, List<byte[]> events) throws Exception {
        var unit = new Unit(stream, version, events);
        lock.lock();
        try {
            queue.add(unit);
            work.signal();
        } finally {
            lock.unlock();
        }
        unit.done.await();
        if (unit.failure != null) throw unit.failure;
    }

    private void write() {
        for (var batch = take(); !batch.isEmpty(); batch = take()) {
            try {
                write(batch);
            } catch (SQLException | RuntimeException e) {
                for (var unit : batch) unit.failure = e;
                undo(e);
            }
            for (var unit : batch) unit.done.countDown();
        }
    }

    private List<Unit> take() {
        var batch = new ArrayList<Unit>();
        lock.lock();
        try {
            while (queue.isEmpty() && !closed) work.awaitUninterruptibly();
            while (!queue.isEmpty() && batch.size() < MAX_BATCH) batch.add(queue.remove());
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void write(List<Unit> batch) throws SQLException {
        long head = begin();
        var streams = new HashSet<String>();
        for (var unit : batch) streams.add(unit.stream);
        var versions = versions(streams);
        var rows = new ArrayList<Row>();
        long now = System.currentTimeMillis() * 1_000;
        for (var unit : batch) {
            long version = versions.getOrDefault(unit.stream, 0L);
            if (unit.version != ANY_VERSION && unit.version != version) {
                unit.failure = new IllegalStateException(unit.stream + " is at version " + version);
                continue;
            }
            for (var data : unit.events)
                rows.add(new Row(++head, unit.stream, ++version, data, now));
            versions.put(unit.stream, version);
        }
        if (!rows.isEmpty()) insert(rows);
        commit(head);
    }

    private void undo(Exception failure) {
        try {
            rollback();
        } catch (SQLException e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public synchronized long head() throws SQLException {
        return number(end);
    }

    static long number(PreparedStatement statement) throws SQLException {
        try (var result = statement.executeQuery()) {
            result.next();
            return result.getLong(1);
        }
    }

    @Override
    public synchronized List<Entry> read(long after, int max) throws SQLException {
        read.setLong(1, after);
        read.setInt(2, max);
        var entries = new ArrayList<Entry>(max);
        try (var result = read.executeQuery()) {
            while (result.next()) entries.add(entry(result));
        }
        return entries;
    }

    /** Type and time are read as well, as who reads a log needs them. */
    private static Entry entry(ResultSet row) throws SQLException {
        if (!row.getString(5).equals("measured") || row.getLong(6) <= 0)
            throw new IllegalStateException("no event was written so");
        return new Entry(row.getLong(1), row.getString(2), row.getLong(3), row.getBytes(4));
    }

    @Override
    public void close() throws Exception {
        lock.lock();
        try {
            closed = true;
            work.signal();
        } finally {
            lock.unlock();
        }
        writer.join();
        writing.close();
        reading.close();
    }
}
