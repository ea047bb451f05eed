package dev.weft.core;

import java.net.URI;
import java.time.Duration;
import java.util.List;

/**
 * Carries requests to a service and answers back.
 *
 * <p>Rules for every transport, proved by the {@code TransportContract} of the test kit: each
 * request runs on a virtual thread of its own; when the caller's thread is interrupted or the
 * caller goes away, the handler's thread is interrupted; bodies beyond the limit fail with {@link
 * Failure.TooLarge}; an answer's body is always closed; a failure that escapes the handler becomes
 * a plain 500 with no detail. The context is not the transport's business: it travels as headers
 * ({@link ContextHeaders}). Only where a request came from is: {@link ContextHeaders#PEER}.
 */
public interface Transport extends AutoCloseable {

    /** Starts to serve; fails with {@link Failure.Unreachable} naming the address if it is taken. */
    Server serve(Service<Request, Response> service, ServerOptions options);

    /**
     * A client of one address. It blocks, is interruptible, and throws {@link Failure.Unreachable}
     * when there is no answer. Cheap to make and not to be closed; connections belong to the
     * transport.
     */
    Service<Request, Response> client(URI address);

    /** The numbers of its clients that nobody can set, for people to look at. */
    default List<Limit> limits() {
        return List.of();
    }

    /** One number. */
    record Limit(String name, String value, String meaning) {}

    /** Ends all servers and connections at once. */
    @Override
    void close();

    /** A running server. */
    interface Server extends AutoCloseable {

        /** Where it can be reached, with the port that was really taken. */
        URI address();

        /**
         * Serves on until no request has come for a moment, telling callers to leave with each
         * answer, then stops; at the latest after the limit, when what still runs is interrupted.
         */
        void drain(Duration limit);

        /** Stops at once: requests in work are interrupted. */
        @Override
        void close();
    }
}
