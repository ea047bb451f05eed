package dev.weft.supervisor;

/** Which port a process is told to listen on. */
public sealed interface Port {

    /** Any; the process makes known what it took. */
    record Own() implements Port {}

    /** This one. */
    record Fixed(int number) implements Port {}

    /** One that the supervisor finds free at each start. */
    record Free() implements Port {}
}
