package dev.weft.testkit;

import dev.weft.events.Database;
import dev.weft.events.EventStore;
import dev.weft.events.Row;
import dev.weft.events.Sql;
import dev.weft.events.Storage;
import dev.weft.events.Subjects;
import dev.weft.events.Transaction;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** A storage as one process has it, which can die at a transaction: what was committed stays, and nothing is possible any more. */
final class MortalStorage implements Storage {

    /** Where in a transaction. */
    enum When {
        BEFORE,
        /** Behind its work, before it is committed. */
        AMID,
        BEHIND
    }

    private static final class Death extends RuntimeException {
        private static final long serialVersionUID = 1;

        Death(String message) {
            super(message);
        }
    }

    private interface Write<W, T> {
        T write(Function<W, T> work) throws InterruptedException;
    }

    private final Storage kept;
    private When when = When.BEFORE;
    private int writesLeft;
    private boolean dead;

    MortalStorage(Storage kept) {
        this.kept = kept;
    }

    /** It is to die at the write that is so many away, from 1 on. */
    void dieAt(When when, int write) {
        this.when = when;
        writesLeft = write;
    }

    /** It is to live on. */
    void live() {
        writesLeft = 0;
    }

    boolean isDead() {
        return dead;
    }

    /** Where it died, or would. */
    String death() {
        return when.name().toLowerCase(Locale.ROOT) + " a transaction";
    }

    private void requireAlive() {
        if (dead) throw new Death("the process is dead");
    }

    private Death die() {
        dead = true;
        return new Death("the process dies " + death());
    }

    private <W, T> T write(Function<W, T> work, Write<W, T> to) throws InterruptedException {
        requireAlive();
        boolean last = writesLeft > 0 && --writesLeft == 0;
        if (last && when == When.BEFORE) throw die();
        var result =
                to.write(within -> {
                    var done = work.apply(within);
                    if (last && when == When.AMID) throw die();
                    return done;
                });
        if (last) throw die();
        return result;
    }

    @Override
    public EventStore events() {
        return kept.events();
    }

    @Override
    public Database database() {
        return new Database() {
            @Override
            public <T> T write(Function<Sql, T> work) throws InterruptedException {
                return MortalStorage.this.write(work, kept.database()::write);
            }

            @Override
            public <T> List<T> query(String sql, Function<Row, T> row, Object... parameters) {
                requireAlive();
                return kept.database().query(sql, row, parameters);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public <T> T write(Function<Transaction, T> work) throws InterruptedException {
        return write(work, kept::write);
    }

    @Override
    public Subjects subjects() {
        return kept.subjects();
    }

    /** Whoever opened the storage closes it. */
    @Override
    public void close() {}
}
