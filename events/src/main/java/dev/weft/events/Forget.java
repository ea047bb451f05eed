package dev.weft.events;

/**
 * What a service does to its tables when a subject is erased: takes away what they hold of it in the open. Within the transaction
 * that erases, so it only uses the {@link Sql} that it is given; it may run again, also for a subject that the tables do not know.
 */
@FunctionalInterface
public interface Forget {
    void forget(Sql sql, String subject);
}
