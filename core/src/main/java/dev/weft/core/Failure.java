package dev.weft.core;

import org.jspecify.annotations.Nullable;

/**
 * What can go wrong in Weft, as one closed family of unchecked exceptions.
 *
 * <p>Adaptors translate what their client throws at their border and keep it as the cause. Messages
 * name the value, the limit and the remedy.
 */
public abstract sealed class Failure extends RuntimeException {

    private static final long serialVersionUID = 1;

    private Failure(@Nullable String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Somebody said no: a policy, a limit, a deadline. */
    public static final class Refused extends Failure {
        private static final long serialVersionUID = 1;
        private final transient Refusal refusal;

        public Refused(Refusal refusal) {
            super(
                    refusal.by()
                            + " refused ("
                            + refusal.reason().wireName()
                            + "): "
                            + refusal.detail(),
                    null);
            this.refusal = refusal;
        }

        public Refusal refusal() {
            return refusal;
        }
    }

    /** A problem that is the answer: the handler's own, or the one that a called service gave. */
    public static final class Answered extends Failure {
        private static final long serialVersionUID = 1;
        private final transient Problem problem;
        private final String by;

        /** The handler's own. */
        public Answered(Problem problem) {
            this(problem, "");
        }

        /**
         * What a called service answered.
         *
         * @param by where it failed: service/instance, be it one behind the service that was called; empty if it is not
         *     known or did not fail
         */
        public Answered(Problem problem, String by) {
            super(
                    problem.status()
                            + " "
                            + problem.type()
                            + ": "
                            + problem.detail()
                            + (by.isEmpty() ? "" : " (failed at " + by + ")"),
                    null);
            this.problem = problem;
            this.by = by;
        }

        public Problem problem() {
            return problem;
        }

        /** Which service failed, with its instance; empty if it is not known, or none did. */
        public String by() {
            return by;
        }
    }

    /** A peer that could not be reached or went away; {@link #sent} tells what it may have seen. */
    public static final class Unreachable extends Failure {
        private static final long serialVersionUID = 1;
        private final boolean sent;
        private final boolean tried;
        private final String peer;

        public Unreachable(String message, boolean sent, @Nullable Throwable cause) {
            this(message, sent, true, cause, "");
        }

        private Unreachable(
                String message,
                boolean sent,
                boolean tried,
                @Nullable Throwable cause,
                String peer) {
            super(message, cause);
            this.sent = sent;
            this.tried = tried;
            this.peer = peer;
        }

        /** The call waited in this process, for a free connection, until its time for that was over. */
        public static Unreachable untried(String message) {
            return new Unreachable(message, false, false, null, "");
        }

        /** This failure, of a call of that peer, service/instance: a transport knows only its address. */
        public Unreachable of(String peer) {
            if (!this.peer.isEmpty()) return this;
            var told = new Unreachable(peer + ": " + getMessage(), sent, tried, getCause(), peer);
            told.setStackTrace(getStackTrace());
            return told;
        }

        /** Who was called, service/instance; empty if it is not known. */
        public String peer() {
            return peer;
        }

        /** False if it waited in this process only, which says nothing of the peer. */
        public boolean tried() {
            return tried;
        }

        /** False if nothing of the request was written, so that trying again is always safe. */
        public boolean sent() {
            return sent;
        }
    }

    /** Input that cannot be read: bad JSON, a wrong type, a missing field. */
    public static final class Malformed extends Failure {
        private static final long serialVersionUID = 1;

        public Malformed(String message) {
            super(message, null);
        }

        public Malformed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** More bytes than the limit that the message names. */
    public static final class TooLarge extends Failure {
        private static final long serialVersionUID = 1;

        public TooLarge(String message) {
            super(message, null);
        }
    }

    /** A stream is not at the version that the writer expected: read it again and decide anew. */
    public static final class Conflict extends Failure {
        private static final long serialVersionUID = 1;

        public Conflict(String message) {
            super(message, null);
        }
    }

    /**
     * What a service stored itself does not fit the code that reads it, so the fault is neither the
     * caller's nor the store's.
     */
    public static final class Unreadable extends Failure {
        private static final long serialVersionUID = 1;
        private final String kind;

        /**
         * @param kind of what was stored: {@code event}, {@code row}
         */
        public Unreadable(String kind, String message, @Nullable Throwable cause) {
            super(message, cause);
            this.kind = kind;
        }

        public String kind() {
            return kind;
        }
    }

    /** A store could not read or write; what was not acknowledged did not happen. */
    public static final class Storage extends Failure {
        private static final long serialVersionUID = 1;
        private final boolean away;

        /** One that what was asked of the store may be to blame for. */
        public Storage(String message, @Nullable Throwable cause) {
            this(message, false, cause);
        }

        /**
         * @param away whether it was the store as a whole that failed
         */
        public Storage(String message, boolean away, @Nullable Throwable cause) {
            super(message, cause);
            this.away = away;
        }

        /**
         * Whether the store as a whole could not be used, so that anything else asked of it would have
         * failed as well: what was asked is not to blame.
         */
        public boolean away() {
            return away;
        }
    }
}
