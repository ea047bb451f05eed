package dev.weft.core.client;

/**
 * What a layer of a client does. Layers stand in this order, the outermost first.
 *
 * <p>A retry is above the balancer, so that it meets another instance. A hedge is below the retry, so that they do not
 * multiply. The breaker is above the time limit of a try, so that it sees what took too long. After Finagle's client
 * stack.
 */
public enum Role {
    /** A span and the figures of the call as the caller sees it. */
    TRACE,
    /** The time that the call has in all. */
    DEADLINE,
    /** Small bodies are kept, to be sent again. */
    REPLAY,
    RETRY,
    HEDGE,
    THROTTLE,
    /** How many tries at the service may be under way. */
    BULKHEAD,
    BALANCER,
    BREAKER,
    /** A span and the figures of one try at one instance. */
    ATTEMPT,
    /** The time that one try has. */
    TRY_TIMEOUT,
    TRANSPORT
}
