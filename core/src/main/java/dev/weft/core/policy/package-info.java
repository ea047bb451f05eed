/**
 * Policies of calls: retry, hedge, breaker, balancer, limits. Each is a small class that can be used alone and as a
 * {@link dev.weft.core.Filter}; it takes its clock and its chance from a {@link dev.weft.core.Time} and is safe for
 * many threads.
 *
 * <p>What they have in common: a {@link dev.weft.core.policy.Verdict} says how a try ended, the same for all of
 * them; a {@link dev.weft.core.policy.Mode} switches each on, off or dark; a {@link dev.weft.core.policy.Tally} hears
 * of each decision. Which of them stand around a call, in which order and with which numbers, is data: the stack.
 */
package dev.weft.core.policy;
