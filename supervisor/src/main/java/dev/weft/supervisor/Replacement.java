package dev.weft.supervisor;

/** What came of putting new processes in the place of a service's old ones. */
public sealed interface Replacement {

    /** The new ones run, the old ones are gone. */
    record Done() implements Replacement {}

    /** A new one did not become ready; what ran before and was not replaced yet runs on. */
    record Kept(String why) implements Replacement {}

    /** A new one is not ready and there is no old one any more; it is started until it is ready. */
    record Unready(String why) implements Replacement {}
}
