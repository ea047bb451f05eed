package dev.weft.core.policy;

import dev.weft.core.Backoff;
import dev.weft.core.Context;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.InterruptedUnsent;
import dev.weft.core.Refusal;
import dev.weft.core.Require;
import dev.weft.core.Service;
import dev.weft.core.Time;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Tries again what failed and may be tried again, on the caller's thread.
 *
 * <p>What may be, says the {@link Verdict}: always if the work was not begun, if the call is idempotent when it may have
 * been, else never. Between two tries lies a wait: as long as the peer asked for, behind which the backoff begins anew (what this
 * process refused itself asks our callers, not us),
 * else the backoff with full jitter. No wait would end behind the deadline, and no try begins behind it. Each try that
 * left this process counts as one of {@code attempts} and draws from the budget for the next; one that did not is free,
 * {@code unsent} times. What this process refuses because of a limit, as a {@link Throttle} does, is not tried again. The answer of a try that is not the last is discarded before the wait. What the last try brought
 * is handed on as it is.
 *
 * <p>The first try runs in the context that the call is made in, the n-th with n − 1 more attempts. The first try that left
 * this process deposits in the budget when it has ended; so who waits for an instance, and asks again and again, earns no retries. When another try is
 * allowed and not made, when a peer failed and wants no other, or behind a limit of this process, the {@link dev.weft.core.Work} is told ({@code
 * noteGaveUp}), so that nobody above begins anew.
 * InterruptedException passes at once. In the mode {@link Mode#DARK} the budget is drawn from, and the first answer
 * stands; in {@link Mode#OFF} calls are still counted for the budget, which a hedge may share.
 *
 * <p>Decisions, as {@code retry}: {@code retried}; given up for one of {@code attempts-used-up}, {@code budget-empty},
 * {@code deadline} (the wait would end behind it), {@code body-gone} (the request was a stream that is read).
 */
public final class Retry<I, O> implements Filter<I, O> {

    private enum Decision {
        RETRIED("retried"),
        ATTEMPTS_USED_UP("attempts-used-up"),
        BUDGET_EMPTY("budget-empty"),
        DEADLINE("deadline"),
        BODY_GONE("body-gone");

        private final String tallied;

        Decision(String tallied) {
            this.tallied = tallied;
        }
    }

    private final String by;
    private final Options options;
    private final Protocol<I, O> protocol;
    private final RetryBudget budget;
    private final Tally tally;
    private final Time time;

    /**
     * How often, and how long between.
     *
     * @param attempts tries in all that left this process
     * @param unsent how many tries of a call may fail before they left this process; they are not among {@code
     *     attempts}
     */
    public record Options(Mode mode, int attempts, int unsent, Backoff backoff) {

        /** 3 attempts, and 3 more that never left; 25 ms doubling to 250 ms. */
        public static final Options DEFAULT = new Options(Mode.ON, 3, 3, Backoff.CALLS);

        public Options {
            Require.between("the attempts of a retry", attempts, 1, 100);
            Require.between("the unsent tries of a retry", unsent, 0, 100);
        }
    }

    /**
     * @param by who calls, as refusals name it; what it refused itself before it began never left
     */
    public Retry(
            String by,
            Options options,
            Protocol<I, O> protocol,
            RetryBudget budget,
            Tally tally,
            Time time) {
        this.by = by;
        this.options = options;
        this.protocol = protocol;
        this.budget = budget;
        this.tally = tally;
        this.time = time;
    }

    @Override
    public O apply(I request, Service<I, O> next) throws Exception {
        var context = Context.current();
        if (context.attempt() > 1) budget.called(context.attempt());
        Outcome<O> first;
        try {
            var answer = next.call(request);
            deposit(context);
            if (options.mode() == Mode.OFF) return answer;
            var verdict = protocol.classifier().answered(answer);
            if (verdict.again() == Verdict.Again.NEVER) {
                noteFinal(context, verdict);
                return answer;
            }
            first = new Outcome<>(answer, null, verdict);
        } catch (InterruptedException e) {
            if (!(e instanceof InterruptedUnsent)) deposit(context);
            throw e;
        } catch (Exception e) {
            if (!neverLeft(e)) deposit(context);
            if (options.mode() == Mode.OFF) throw e;
            first = Outcome.failed(e, protocol);
        }
        return new Call(request, next, context, first).end();
    }

    /** The first try that left has ended: one that never did is no load that retries could be a share of. */
    private void deposit(Context context) {
        if (context.attempt() <= 1) budget.called(context.attempt());
    }

    private boolean neverLeft(@Nullable Exception failure) {
        return switch (failure) {
            case Failure.Unreachable it -> !it.sent();
            case Failure.Refused it -> !it.refusal().begun() && it.refusal().by().equals(by);
            case null, default -> false;
        };
    }

    /** A peer that says that another try is in vain means those above us too. */
    private void noteFinal(Context context, Verdict answered) {
        if (answered.again() != Verdict.Again.NEVER || answered.good()) return;
        if (options.mode() == Mode.ON) context.work().noteGaveUp();
    }

    /** One call whose first try failed. */
    private final class Call {
        private final I request;
        private final Service<I, O> next;
        private final Context context;
        private Outcome<O> last;
        private int sent;
        private int unsent;

        /** Tries since the backoff began, or began anew. */
        private int step;

        Call(I request, Service<I, O> next, Context context, Outcome<O> first) {
            this.request = request;
            this.next = next;
            this.context = context;
            this.last = first;
        }

        O end() throws Exception {
            while (allowed()) {
                count();
                var wait = waiting();
                var decision = decide(wait);
                tally.count("retry", decision.tallied);
                if (options.mode() == Mode.DARK) break;
                if (decision != Decision.RETRIED) {
                    note(decision);
                    break;
                }
                last.discard(protocol);
                if (!wait.isZero()) time.sleep(wait);
                if (context.deadline().expired()) throw tooLate();
                last = again();
            }
            if (last.failure() == null) noteFinal(context, last.verdict());
            else if (tooMuchHere() && options.mode() == Mode.ON) context.work().noteGaveUp();
            return last.get();
        }

        /** A stream that is gone, and a retry of one attempt, leave others free to try. */
        private void note(Decision givenUp) {
            boolean free =
                    givenUp == Decision.BODY_GONE
                            || (givenUp == Decision.ATTEMPTS_USED_UP && sent + unsent == 1);
            if (!free) context.work().noteGaveUp();
        }

        private boolean allowed() {
            if (Thread.currentThread().isInterrupted() || tooMuchHere()) return false;
            return switch (last.verdict().again()) {
                case ALWAYS -> true;
                case IF_IDEMPOTENT -> protocol.idempotent().test(request);
                case NEVER -> false;
            };
        }

        /** Refused by the throttle: drawing again until it lets one through would undo what it does. */
        private boolean tooMuchHere() {
            return last.failure() instanceof Failure.Refused it
                    && it.refusal().reason() == Refusal.Reason.LIMIT
                    && it.refusal().by().equals(by);
        }

        private void count() {
            if (neverLeft()) unsent++;
            else sent++;
        }

        private boolean neverLeft() {
            return Retry.this.neverLeft(last.failure());
        }

        private Duration waiting() {
            var asked = last.verdict().retryAfter();
            if (asked.isZero() || neverLeft()) return options.backoff().after(++step, time);
            step = 0;
            return asked;
        }

        private Decision decide(Duration wait) {
            boolean free = neverLeft();
            if (free ? unsent > options.unsent() : sent >= options.attempts())
                return Decision.ATTEMPTS_USED_UP;
            if (!protocol.whole().test(request)) return Decision.BODY_GONE;
            if (wait.compareTo(context.deadline().remaining()) >= 0) return Decision.DEADLINE;
            if (!free && !budget.take(context.attempt())) return Decision.BUDGET_EMPTY;
            return Decision.RETRIED;
        }

        private Exception tooLate() {
            if (last.failure() != null) return last.failure();
            return new Failure.Refused(
                    Refusal.begun(
                            by,
                            Refusal.Reason.DEADLINE,
                            "the deadline passed while waiting for try " + (sent + 1)));
        }

        private Outcome<O> again() throws InterruptedException {
            boolean first = sent == 0;
            try {
                var answer =
                        first
                                ? next.call(request)
                                : context.withAttempt(context.attempt() + sent)
                                        .call(() -> next.call(request));
                if (first) deposit(context);
                return Outcome.answered(answer, protocol);
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                if (first && !Retry.this.neverLeft(e)) deposit(context);
                return Outcome.failed(e, protocol);
            }
        }
    }
}
