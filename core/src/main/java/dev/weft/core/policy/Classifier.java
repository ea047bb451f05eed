package dev.weft.core.policy;

/**
 * Says how a try ended. One classifier serves the breaker, the retry, the balancer and the metrics of a client, so that
 * they never disagree.
 */
public interface Classifier<O> {

    Verdict answered(O answer);

    Verdict failed(Throwable failure);
}
