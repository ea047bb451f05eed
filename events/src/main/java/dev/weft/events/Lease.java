package dev.weft.events;

import dev.weft.core.Time;
import java.time.Duration;

/**
 * The right to do something that only one process of a service does at a time: a row in its database.
 *
 * <p>It holds for 5 s and is renewed before; who dies lets it end. The clocks of the
 * processes have to agree to a second or two. One that ends later than any could that is taken now is over: the clock was
 * set back since. Safe for many threads.
 */
final class Lease {

    /** How long it holds. */
    private static final Duration HOLDS = Duration.ofSeconds(5);

    /** How often it is renewed. */
    static final Duration RENEWAL = Duration.ofSeconds(1);

    private final String name;
    private final String holder;
    private final Database database;
    private final Time time;
    private volatile boolean held;

    Lease(String name, Database database, Time time) {
        this.name = name;
        this.holder = Long.toHexString(time.random().nextLong());
        this.database = database;
        this.time = time;
    }

    /** Takes or renews it, unless another has it. */
    boolean take() throws InterruptedException {
        held = database.write(this::takes);
        return held;
    }

    /** Looks at the clock within the transaction, which may have waited for its turn for longer than a lease holds. */
    private boolean takes(Sql sql) {
        var now = time.now();
        return sql.update(
                        "insert into weft_lease (name, holder, ends) values (?, ?, ?)"
                                + " on conflict (name) do update set holder = excluded.holder,"
                                + " ends = excluded.ends where weft_lease.holder ="
                                + " excluded.holder or weft_lease.ends < ? or weft_lease.ends > ?",
                        name,
                        holder,
                        Parked.micros(now.plus(HOLDS)),
                        Parked.micros(now),
                        Parked.micros(now.plus(HOLDS.multipliedBy(2))))
                == 1;
    }

    /** Whether it was held when it was last looked at. */
    boolean held() {
        return held;
    }

    /** Whether it is held, within a transaction. */
    boolean isHeld(Sql sql) {
        held =
                sql.first(
                                "select name from weft_lease where name = ? and holder = ?",
                                row -> true,
                                name,
                                holder)
                        .isPresent();
        return held;
    }

    /** Lets others have it. */
    void release() throws InterruptedException {
        held = false;
        database.write(sql ->
                sql.update("delete from weft_lease where name = ? and holder = ?", name, holder));
    }
}
