package dev.weft.events;

import dev.weft.core.Problem;

/** What came of a command. */
public sealed interface Outcome<S> {

    /**
     * It happened.
     *
     * @param state behind it
     * @param version of the stream behind it
     */
    record Accepted<S>(S state, long version) implements Outcome<S> {}

    /** It did not happen; see {@link Decision.Reject}. */
    record Rejected<S>(String reason, String detail) implements Outcome<S> {}

    /** The state if it happened, else a problem of this HTTP status with the reason as its type. */
    default S orProblem(int status) {
        return switch (this) {
            case Accepted<S> accepted -> accepted.state();
            case Rejected<S> rejected ->
                    throw Problem.of(status, rejected.reason(), rejected.detail()).failure();
        };
    }
}
