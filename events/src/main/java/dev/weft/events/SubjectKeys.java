package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Time;
import dev.weft.json.Personal;
import dev.weft.json.PersonalJson;
import dev.weft.json.PersonalJson.Part;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Subjects with their keys in the service's database: {@code weft_subject} has the key of each, {@code weft_erasure} who was
 * erased, numbered from 1.
 *
 * <p>The {@value #MAX_KEYS} keys used last are in memory. What is in memory counts for {@link SealedStorage#LEASE} behind the last
 * look at {@code weft_erasure}; whoever erases waits that long behind the commit. So no clocks are compared, only their pace, and
 * a process that stops for a while looks before it goes on. The obvious way, to tell the other processes, cannot know of all of them.
 *
 * <p>The lock guards {@code keys}, {@code known} and {@code checkedNanos} and is never held during I/O.
 */
final class SubjectKeys implements Subjects {

    static final int MAX_KEYS = 10_000;

    /** By so much the clocks of two processes may drift apart in that time. */
    private static final Duration PACE = Duration.ofMillis(10);

    private static final int MAX_BY = 200;
    private static final String FORM = "1";

    /** What is known of a subject. */
    private sealed interface Known {}

    private record Key(byte[] secret) implements Known {}

    private enum State implements Known {
        ERASED,
        /** Nothing was stored of it yet. */
        NEW
    }

    private final Database database;
    private final MasterKeys master;
    private final Time time;

    private final Object lock = new Object();
    private final LinkedHashMap<String, Known> keys = new LinkedHashMap<>(64, 0.75f, true);
    private long known;
    private long checkedNanos;

    /** Whether personal data, or an erasure, were met; before that, nobody has to look who was erased. */
    private volatile boolean used;

    /** Makes its tables if they are not there. */
    SubjectKeys(Database database, MasterKeys master, Time time) throws InterruptedException {
        this.database = database;
        this.master = master;
        this.time = time;
        this.checkedNanos = time.nanos() - SealedStorage.LEASE.toNanos();
        this.known =
                database.write(sql -> {
                    sql.update(
                            "create table if not exists weft_subject (subject text primary key,"
                                    + " secret blob not null, locked_by text not null)");
                    sql.update(
                            "create table if not exists weft_erasure (number bigint primary key,"
                                    + " subject text not null unique, at bigint not null,"
                                    + " asked_by text not null)");
                    return latest(sql);
                });
    }

    @Override
    public long known() {
        synchronized (lock) {
            return known;
        }
    }

    @Override
    public long erasures() {
        if (used) look();
        return known();
    }

    /** Looks who was erased, unless that was done within the lease. */
    private void look() {
        used = true;
        long before;
        long began = time.nanos();
        synchronized (lock) {
            if (began - checkedNanos < SealedStorage.LEASE.toNanos()) return;
            before = known;
        }
        var erased =
                database.query(
                        "select number, subject from weft_erasure where number > ?"
                                + " order by number desc limit ?",
                        SubjectKeys::erased,
                        before,
                        MAX_KEYS);
        synchronized (lock) {
            // Among more than are kept may be some that were not read.
            if (erased.size() == MAX_KEYS) keys.clear();
            for (var each : erased) {
                keep(each.subject(), State.ERASED);
                known = Math.max(known, each.number());
            }
            checkedNanos = Math.max(checkedNanos, began);
        }
    }

    private static Erased erased(Row row) {
        return new Erased(row.number("number"), row.text("subject"));
    }

    /** Under the lock. */
    private void keep(String subject, Known known) {
        keys.put(subject, known);
        if (keys.size() > MAX_KEYS) keys.pollFirstEntry();
    }

    @Override
    public boolean moved(long known, Sql sql) {
        if (latest(sql) == known) return false;
        used = true;
        stale();
        return true;
    }

    private static long latest(Sql sql) {
        return sql.first(
                        "select coalesce(max(number), 0) as number from weft_erasure",
                        row -> row.number("number"))
                .orElse(0L);
    }

    @Override
    public List<Erased> since(long known, int max) {
        return database.query(
                "select number, subject from weft_erasure where number > ? order by number limit ?",
                SubjectKeys::erased,
                known,
                max);
    }

    private void stale() {
        synchronized (lock) {
            checkedNanos = time.nanos() - SealedStorage.LEASE.toNanos();
        }
    }

    /** What is in memory of the subject, or what the database says now. */
    private Known of(String subject) {
        look();
        synchronized (lock) {
            var there = keys.get(subject);
            if (there != null) return there;
        }
        return readAnew(subject);
    }

    private Known readAnew(String subject) {
        long before = known();
        var loaded = read(subject);
        remember(subject, loaded, before);
        return loaded;
    }

    /**
     * @param before how many erasures were known before it was read: who was erased meanwhile must not come back
     */
    private void remember(String subject, Known loaded, long before) {
        synchronized (lock) {
            if (before == known) keep(subject, loaded);
        }
    }

    private Known read(String subject) {
        var key =
                database.first(
                        "select secret, locked_by from weft_subject where subject = ?",
                        row -> unlocked(subject, row),
                        subject);
        if (key.isPresent()) return key.get();
        boolean erased =
                database.first(
                                "select number from weft_erasure where subject = ?",
                                row -> row.number("number"),
                                subject)
                        .isPresent();
        return erased ? State.ERASED : State.NEW;
    }

    private Key unlocked(String subject, Row row) {
        var name = row.text("locked_by");
        try {
            return new Key(
                    master.unlock(row.bytes("secret"), name, subject)
                            .orElseThrow(() ->
                                    new Failure.Unreadable(
                                            "personal-data",
                                            "the key of the subject "
                                                    + subject
                                                    + " was locked with the master key "
                                                    + name
                                                    + ", which this service was not given; name it"
                                                    + " in WEFT_MASTER_KEYS",
                                            null)));
        } catch (GeneralSecurityException e) {
            throw new Failure.Unreadable(
                    "personal-data",
                    "the key of the subject " + subject + " was changed in the database",
                    e);
        }
    }

    /** The key for a new value; none for who was erased. */
    private Known made(String subject, Sql sql) {
        var erased =
                sql.first(
                        "select number from weft_erasure where subject = ?",
                        row -> row.number("number"),
                        subject);
        if (erased.isPresent()) return State.ERASED;
        forgetNew(subject);
        sql.update(
                "insert into weft_subject (subject, secret, locked_by) values (?, ?, ?)"
                        + " on conflict (subject) do nothing",
                subject,
                master.lock(MasterKeys.newKey(), subject),
                master.name());
        return sql.first(
                        "select secret, locked_by from weft_subject where subject = ?",
                        row -> unlocked(subject, row),
                        subject)
                .orElseThrow();
    }

    /** It is read anew, for it will not be new any more. */
    private void forgetNew(String subject) {
        synchronized (lock) {
            keys.remove(subject, State.NEW);
        }
    }

    /** The key for a new value, on disk. */
    private Known made(String subject) throws InterruptedException {
        var there = of(subject);
        if (there != State.NEW) return there;
        long before = known();
        Known made = database.write(sql -> made(subject, sql));
        remember(subject, made, before);
        return made;
    }

    private static String about(String place, String subject) {
        return place + "\n" + subject;
    }

    private static Part sealed(String place, Part part, Key key) {
        var value = part.value().orElseThrow().utf8();
        var sealed = MasterKeys.encrypt(key.secret(), value, about(place, part.subject()));
        return Part.sealed(
                part.subject(),
                FORM + Base64.getUrlEncoder().withoutPadding().encodeToString(sealed));
    }

    /** The JSON, sealed, to be stored by a transaction to come. */
    byte[] sealed(String place, byte[] json) throws InterruptedException {
        return PersonalJson.isIn(json) ? sealed(place, json, keys(json, this::made)) : json;
    }

    private static byte[] sealed(String place, byte[] json, Map<String, Known> made) {
        return PersonalJson.change(
                json,
                part ->
                        part.value().isEmpty()
                                ? Part.erased(part.subject())
                                : made.get(part.subject()) instanceof Key key
                                        ? sealed(place, part, key)
                                        : Part.erased(part.subject()));
    }

    /** As the other; a value of an erased subject is a 409. */
    byte[] sealedNew(String place, byte[] json) throws InterruptedException {
        if (!PersonalJson.isIn(json)) return json;
        var made = keys(json, this::made);
        for (var each : made.entrySet())
            if (each.getValue() == State.ERASED) throw refused(each.getKey());
        return sealed(place, json, made);
    }

    /** Whether it has a value of a subject of which nothing was stored yet. */
    boolean hasNew(byte[] json) {
        return PersonalJson.isIn(json) && keys(json, this::of).containsValue(State.NEW);
    }

    /** As the other, within a transaction. */
    byte[] sealedNew(String place, byte[] json, Sql sql) {
        return sealed(
                place,
                json,
                sql,
                subject -> {
                    throw refused(subject);
                });
    }

    private static Failure refused(String subject) {
        return Problem.of(
                        409,
                        "subject-erased",
                        "the personal data of "
                                + subject
                                + " were erased, and nothing personal of that subject is stored any"
                                + " more; whoever comes back is a new subject")
                .failure();
    }

    @Override
    public byte[] sealed(String place, byte[] json, Sql sql) {
        return sealed(place, json, sql, Part::erased);
    }

    private byte[] sealed(String place, byte[] json, Sql sql, Function<String, Part> erased) {
        if (!PersonalJson.isIn(json)) return json;
        used = true;
        return PersonalJson.change(
                json,
                part ->
                        part.value().isEmpty()
                                ? Part.erased(part.subject())
                                : made(part.subject(), sql) instanceof Key key
                                        ? sealed(place, part, key)
                                        : erased.apply(part.subject()));
    }

    private interface Keys<X extends Exception> {
        Known of(String subject) throws X;
    }

    /** Of each subject with a value in it. */
    private static <X extends Exception> Map<String, Known> keys(byte[] json, Keys<X> keys)
            throws X {
        var subjects = new LinkedHashMap<String, Known>();
        PersonalJson.change(
                json,
                part -> {
                    if (part.value().isPresent()) {
                        Personal.requireSubject(part.subject());
                        subjects.put(part.subject(), State.NEW);
                    }
                    return part;
                });
        for (var each : subjects.entrySet()) each.setValue(keys.of(each.getKey()));
        return subjects;
    }

    @Override
    public byte[] opened(String place, byte[] json) {
        if (!PersonalJson.isIn(json)) return json;
        look();
        return PersonalJson.change(
                json,
                part -> {
                    if (part.sealed().isPresent())
                        return opened(place, part.subject(), part.sealed().get());
                    if (part.value().isEmpty()) return part;
                    return of(part.subject()) == State.ERASED ? Part.erased(part.subject()) : part;
                });
    }

    private Part opened(String place, String subject, String sealed) {
        var known = of(subject);
        if (known == State.NEW) known = readAnew(subject);
        return switch (known) {
            case Key(var secret) -> Part.open(subject, opened(place, subject, sealed, secret));
            case State.ERASED -> Part.erased(subject);
            case State.NEW ->
                    throw new Failure.Unreadable(
                            "personal-data",
                            where(place, subject)
                                    + " have no key, and the subject was not erased: rows of"
                                    + " weft_subject are missing",
                            null);
        };
    }

    private static byte[] opened(String place, String subject, String sealed, byte[] secret) {
        try {
            if (!sealed.startsWith(FORM)) throw new GeneralSecurityException("of another form");
            var bytes = Base64.getUrlDecoder().decode(sealed.substring(FORM.length()));
            return MasterKeys.decrypt(secret, bytes, about(place, subject));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new Failure.Unreadable(
                    "personal-data",
                    where(place, subject)
                            + " were changed, or moved here from elsewhere, behind the service's"
                            + " back: "
                            + e.getMessage(),
                    e);
        }
    }

    private static String where(String place, String subject) {
        return "the personal data of " + subject + " in the " + place.replace('\n', ' ');
    }

    @Override
    public Erasure erase(String subject, String by, Consumer<Sql> copies)
            throws InterruptedException {
        Personal.requireSubject(subject);
        if (by.length() > MAX_BY || !EventStore.isStorable(by))
            throw new IllegalArgumentException(
                    "who erases is named with at most " + MAX_BY + " characters");
        long nowMs = time.now().toEpochMilli();
        var erasure =
                database.write(sql -> {
                    var before = before(subject, sql);
                    if (before.isEmpty()) note(subject, by, nowMs, sql);
                    shred(subject, sql);
                    copies.accept(sql);
                    return before.orElse(
                            new Erasure(subject, Instant.ofEpochMilli(nowMs), by, false));
                });
        used = true;
        stale();
        look();
        time.sleep(SealedStorage.LEASE.plus(PACE));
        return erasure;
    }

    private static Optional<Erasure> before(String subject, Sql sql) {
        return sql.first(
                "select at, asked_by from weft_erasure where subject = ?",
                row ->
                        new Erasure(
                                subject,
                                Instant.ofEpochMilli(row.number("at")),
                                row.text("asked_by"),
                                true),
                subject);
    }

    private static void note(String subject, String by, long nowMs, Sql sql) {
        sql.update(
                "insert into weft_erasure (number, subject, at, asked_by)"
                        + " select coalesce(max(number), 0) + 1, ?, ?, ? from weft_erasure",
                subject,
                nowMs,
                by);
    }

    /** Writes over the key before it takes its row away: a database may leave what was in a deleted row where it was. */
    private static void shred(String subject, Sql sql) {
        sql.first(
                        "select secret from weft_subject where subject = ?",
                        row -> row.bytes("secret").length,
                        subject)
                .ifPresent(length -> {
                    sql.update(
                            "update weft_subject set secret = ? where subject = ?",
                            new byte[length],
                            subject);
                    sql.update("delete from weft_subject where subject = ?", subject);
                });
    }
}
