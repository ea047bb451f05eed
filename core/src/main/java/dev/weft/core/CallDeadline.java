package dev.weft.core;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The deadline of calls of one peer, over head and body of its answers: {@link Cancellation#ofCalls}. What fails here is told
 * with the peer's name.
 */
final class CallDeadline implements Filter<Request, Response> {

    private final String by;
    private final String peer;
    private final Time time;
    private final Cancellation.Broken broken;
    private final boolean headsOnly;

    CallDeadline(String by, String peer, Time time, Cancellation.Broken broken, boolean headsOnly) {
        this.headsOnly = headsOnly;
        this.by = by;
        this.peer = peer;
        this.time = time;
        this.broken = broken;
    }

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var deadline = Context.current().deadline();
        if (deadline == Deadline.NEVER) return next.call(request);
        var call = new Call(deadline, deadline.remaining(), time.nanos());
        if (call.limit.isZero())
            throw new Failure.Refused(
                    Refusal.notBegun(
                            by,
                            Refusal.Reason.DEADLINE,
                            "the deadline had passed before " + peer + " was called"));
        var answer = head(call, request, next);
        if (answer.lasting()) return answer;
        var body = answer.body();
        var watched = body.through(in -> new Watched(in, call, body.length()));
        return watched == body ? answer : answer.with(watched);
    }

    private Response head(Call call, Request request, Service<Request, Response> next)
            throws Exception {
        var cancellation = new Cancellation();
        var timer = time.schedule(call.limit, () -> cancellation.cancel("deadline"));
        try (cancellation) {
            return named(next.call(request));
        } catch (InterruptedException | Failure.Unreachable e) {
            if (cancellation.reason().isEmpty() && !othersDeadline(e, call))
                throw e instanceof Failure.Unreachable it ? it.of(peer) : e;
            throw switch (e) {
                case InterruptedUnsent it when it.connecting() -> call.noConnection(it);
                case InterruptedUnsent it -> call.late(false, it.getMessage());
                case Failure.Unreachable it when !it.sent() -> it.of(peer);
                case Failure.Unreachable it -> call.late(true, null);
                default -> call.late(true, e.getMessage());
            };
        } finally {
            timer.cancel();
        }
    }

    /** An answer that failed, with who did unless it says so itself. */
    private Response named(Response answer) {
        if (answer.status() < 500
                || answer.headers().get(ContextHeaders.FAILED).isPresent()
                || answer.headers().get(ContextHeaders.REFUSED).isPresent()) return answer;
        return answer.header(ContextHeaders.FAILED, peer);
    }

    /** Those above us mostly have the same deadline, and may be the ones whose timer interrupts first. */
    private static boolean othersDeadline(Exception e, Call call) {
        if (!(e instanceof InterruptedException) || !call.deadline.expired()) return false;
        Thread.currentThread().interrupt();
        return true;
    }

    /** One call, and by when it has to be over. */
    private final class Call {
        private final Deadline deadline;
        private final Duration limit;
        private final long begunNanos;

        Call(Deadline deadline, Duration limit, long begunNanos) {
            this.deadline = deadline;
            this.limit = limit;
            this.begunNanos = begunNanos;
        }

        /** Not a refusal: it is the peer that failed, and another may be tried. */
        Failure.Unreachable noConnection(InterruptedException cause) {
            return new Failure.Unreachable(
                            "it took no connection within " + limit.toMillis() + " ms",
                            false,
                            cause)
                    .of(peer);
        }

        Failure.Refused late(boolean begun, @Nullable String known) {
            return new Failure.Refused(
                    new Refusal(
                            by,
                            Refusal.Reason.DEADLINE,
                            begun,
                            Duration.ZERO,
                            "the deadline passed after "
                                    + limit.toMillis()
                                    + " ms, calling "
                                    + peer
                                    + (known == null ? "" : "; " + known)));
        }
    }

    /** A body that is read. One thread at a time. */
    private final class Watched extends InputStream {
        private final InputStream in;
        private final Call call;
        private final OptionalLong length;
        private long readBytes;

        Watched(InputStream in, Call call, OptionalLong length) {
            this.in = in;
            this.call = call;
            this.length = length;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            if (!headsOnly && call.deadline.expired()) throw late();
            int count = in.available() > 0 ? in.read(into, offset, most) : wait(into, offset, most);
            if (count > 0) readBytes += count;
            return count;
        }

        private int wait(byte[] into, int offset, int most) throws IOException {
            if (headsOnly) return unbounded(into, offset, most);
            var cancellation = new Cancellation();
            var timer =
                    time.schedule(call.deadline.remaining(), () -> cancellation.cancel("deadline"));
            try (cancellation) {
                return in.read(into, offset, most);
            } catch (IOException | RuntimeException e) {
                if (cancellation.reason().isEmpty() && !call.deadline.expired()) {
                    if (e instanceof Failure it && !Thread.currentThread().isInterrupted())
                        tell(it);
                    if (e instanceof Failure.Unreachable it) throw it.of(peer);
                    throw e;
                }
                var late = late();
                tell(late);
                throw late;
            } finally {
                timer.cancel();
            }
        }

        private int unbounded(byte[] into, int offset, int most) throws IOException {
            try {
                return in.read(into, offset, most);
            } catch (Failure e) {
                if (!Thread.currentThread().isInterrupted()) tell(e);
                throw e instanceof Failure.Unreachable it ? it.of(peer) : e;
            }
        }

        private void tell(Failure failure) {
            broken.broke(failure, Duration.ofNanos(time.nanos() - call.begunNanos));
        }

        private Failure.Refused late() {
            return call.late(
                    true,
                    readBytes
                            + (length.isPresent() ? " of " + length.getAsLong() : "")
                            + " bytes of the answer's body had come");
        }

        @Override
        public int available() throws IOException {
            return in.available();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
