package dev.weft.events;

import java.time.Instant;

/**
 * The tables of a projection as one run over the log makes them; as of some moment.
 *
 * @param number counts the runs, from 1
 * @param version of the code that makes it
 * @param live whether its tables have their own names, so that whoever asks finds these
 * @param swap whether it is to become the live one when it has caught up
 * @param was whether it once was the live one
 * @param since when it was begun, or became the live one, or ceased to be
 * @param resumed when, and from which position on, a process took up the work at it
 * @param position up to where it has applied the log
 */
record Generation(
        long number,
        int version,
        boolean live,
        boolean swap,
        boolean was,
        ProjectionTables tables,
        Instant since,
        Instant resumed,
        long resumedFrom,
        long position) {

    /** The name of its checkpoint. */
    String checkpoint(String projection) {
        return live ? projection : ProjectionTables.beside(number, projection);
    }
}
