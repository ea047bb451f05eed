package dev.weft.events;

import dev.weft.json.Personal;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;

/**
 * The people whose {@link Personal} values a service stores: each value is sealed with the key of its subject, and who is
 * erased loses the key, so that nobody can read what was stored of them, wherever it lies.
 *
 * <p>An erased subject stays erased: what comes of it later reads as erased, and no new value of it is stored. Many threads, and
 * several processes on one database, may use it at once.
 */
public interface Subjects {

    /** Of a storage that seals nothing, where nobody can be erased. */
    Subjects NONE =
            new Subjects() {
                @Override
                public byte[] sealed(String place, byte[] json, Sql sql) {
                    return json;
                }

                @Override
                public byte[] opened(String place, byte[] json) {
                    return json;
                }

                @Override
                public long known() {
                    return 0;
                }

                @Override
                public long erasures() {
                    return 0;
                }

                @Override
                public List<Erased> since(long known, int max) {
                    return List.of();
                }

                @Override
                public boolean moved(long known, Sql sql) {
                    return false;
                }

                @Override
                public Erasure erase(String subject, String by, Consumer<Sql> copies) {
                    throw new IllegalStateException(
                            "this storage seals no personal data; open it by Storage.open");
                }
            };

    /**
     * That a subject was erased.
     *
     * @param at when it was done first
     * @param by who asked for it then
     * @param repeated whether it had been erased before
     */
    record Erasure(String subject, Instant at, String by, boolean repeated) {}

    /** Who was erased as which one, from 1. */
    record Erased(long number, String subject) {}

    /**
     * The JSON with its personal values sealed, to be stored within the transaction. Values of erased subjects are left out.
     *
     * @param place where it is to be stored; a value that is moved to another place cannot be opened
     */
    byte[] sealed(String place, byte[] json, Sql sql);

    /**
     * The JSON with its personal values opened; those of erased subjects are left out, also where they were not sealed. Not to
     * be called within a transaction.
     *
     * @throws dev.weft.core.Failure.Unreadable if a value was changed, or moved here from elsewhere
     */
    byte[] opened(String place, byte[] json);

    /** How many erasures this process knows of. What is opened from now on is without at least those. */
    long known();

    /**
     * How many erasures there are; one of another process shows within {@link SealedStorage#LEASE}, once this one has met personal
     * data. What is kept in memory from before the last one is to be read anew.
     */
    long erasures();

    /** Who was erased beyond those that were known, in order, at most so many; as the database says now. */
    List<Erased> since(long known, int max);

    /**
     * Whether somebody was erased beyond those that were known: then what was opened since is to be read anew, and not to be
     * written within this transaction.
     */
    boolean moved(long known, Sql sql);

    /** What is kept of a failure: not its words, which may quote somebody who was erased since so many were known. */
    default String unquoted(Throwable failure, long known, Sql sql) {
        return moved(known, sql) ? failure.getClass().getName() : failure.toString();
    }

    /**
     * Erases a subject; again, if that was done before. When it returns no process opens what was sealed for it any more.
     *
     * @param by who asks for it, up to 200 characters
     * @param copies what is done in the same transaction about copies that are not sealed
     */
    Erasure erase(String subject, String by, Consumer<Sql> copies) throws InterruptedException;
}
