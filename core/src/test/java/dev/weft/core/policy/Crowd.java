package dev.weft.core.policy;

import dev.weft.core.Context;
import dev.weft.core.Criticality;
import dev.weft.core.Deadline;
import dev.weft.core.Failure;
import dev.weft.core.Filter;
import dev.weft.core.Refusal;
import dev.weft.core.SystemTime;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Requests that are worked at until the test lets them end, each on a thread of its own. */
final class Crowd {

    private final Filter<String, String> filter;

    Crowd(Filter<String, String> filter) {
        this.filter = filter;
    }

    /** One request. */
    final class Member {
        private final CountDownLatch inside = new CountDownLatch(1);
        private final CountDownLatch end = new CountDownLatch(1);
        private final FutureTask<String> call;
        private final Thread thread;

        Member(String name, Context context) {
            call =
                    new FutureTask<>(
                            () -> context.call(() -> filter.apply(name, request -> work(request))));
            thread = SystemTime.INSTANCE.start(name, call);
        }

        private String work(String request) throws InterruptedException {
            inside.countDown();
            end.await();
            return request;
        }

        /** Waits until it is worked at. */
        Member awaitInside() throws InterruptedException {
            if (!inside.await(20, TimeUnit.SECONDS)) throw new AssertionError("it did not get in");
            return this;
        }

        boolean isInside() {
            return inside.getCount() == 0;
        }

        /** Lets it end and waits for that. */
        void end() throws Exception {
            end.countDown();
            call.get(20, TimeUnit.SECONDS);
        }

        void interrupt() throws InterruptedException {
            thread.interrupt();
            thread.join(Duration.ofSeconds(20));
        }

        /** Waits until it is refused. */
        Refusal refusal() throws Exception {
            try {
                throw new AssertionError(call.get(20, TimeUnit.SECONDS) + " was not refused");
            } catch (java.util.concurrent.ExecutionException e) {
                if (e.getCause() instanceof Failure.Refused refused) return refused.refusal();
                throw e;
            }
        }
    }

    Member comes(Context context) {
        return new Member("request", context);
    }

    Member comes() {
        return comes(Criticality.NORMAL);
    }

    Member comes(Criticality criticality) {
        return comes(Context.none().with(criticality));
    }

    Member comes(Deadline deadline) {
        return comes(Context.none().with(deadline));
    }

    /** So many, all let in. */
    Member[] fill(int count) throws InterruptedException {
        var all = new Member[count];
        for (int i = 0; i < count; i++) all[i] = comes();
        for (var member : all) member.awaitInside();
        return all;
    }
}
