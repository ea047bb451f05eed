package dev.weft.core.client;

/**
 * What a layer of a client does. Layers stand in this order, the outermost first.
 *
 * <p>A retry is above the balancer, so that it meets another instance. A hedge is below the retry, so that they do not
 * multiply. The breaker is above the time limit of a try, so that it sees what took too long. After Finagle's client
 * stack.
 */
public enum Role {
    TRACE,
    DEADLINE,
    REPLAY,
    RETRY,
    HEDGE,
    THROTTLE,
    BALANCER,
    ATTEMPT,
    BREAKER,
    TRY_TIMEOUT,
    TRANSPORT
}
