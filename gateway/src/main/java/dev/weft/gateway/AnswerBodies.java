package dev.weft.gateway;

import dev.weft.core.Cancellation;
import dev.weft.core.Failure;
import dev.weft.core.Response;
import dev.weft.core.Time;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The bodies of answers on their way through: each may take as long as it likes, but not be silent
 * for too long.
 *
 * <p>The deadline of a request is for the head of its answer. A body of which nothing comes is cut, so
 * that nobody takes it for a whole one. A stream of events has no end of its own, so that one is ended
 * as if the service had ended it, and all are when the gateway stops: its caller sees a whole answer
 * and comes back, the service sees that its caller has gone.
 */
final class AnswerBodies {

    private final Duration idle;
    private final Time time;
    private final Set<Watched> streams = ConcurrentHashMap.newKeySet();
    private volatile boolean over;

    AnswerBodies(Streams options, Time time) {
        this.idle = options.idle();
        this.time = time;
    }

    /** The answer with its body watched. */
    Response watched(Response response) {
        boolean lasting = response.lasting();
        var body = response.body().through(in -> new Watched(in, lasting));
        return body == response.body() ? response : response.with(body);
    }

    /** How many streams of events there are. */
    int streams() {
        return streams.size();
    }

    /** Ends all streams of events that there are and will be. */
    void end() {
        over = true;
        streams.forEach(Watched::end);
    }

    /** One body. One thread at a time, but for {@link #end}. */
    private final class Watched extends FilterInputStream {

        private final boolean lasting;

        /** The waiting that is to be broken off when the gateway stops. */
        private volatile Optional<Cancellation> waiting = Optional.empty();

        private boolean ended;

        Watched(InputStream in, boolean lasting) {
            super(in);
            this.lasting = lasting;
            if (lasting) streams.add(this);
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int most) throws IOException {
            if (most == 0) return 0;
            if (ended || (lasting && over)) return -1;
            int count = in.available() > 0 ? in.read(into, offset, most) : wait(into, offset, most);
            if (count < 0) ended = true;
            return count;
        }

        private int wait(byte[] into, int offset, int most) throws IOException {
            var cancellation = new Cancellation();
            var timer = time.schedule(idle, () -> cancellation.cancel("idle"));
            waiting = Optional.of(cancellation);
            try (cancellation) {
                if (lasting && over) return -1;
                return in.read(into, offset, most);
            } catch (IOException | RuntimeException e) {
                if (cancellation.reason().isEmpty()) throw e;
                if (lasting) return -1;
                throw new Failure.Unreachable(
                        "nothing of an answer's body came for "
                                + idle.toMillis()
                                + " ms, so it was cut; the limit is streams: {idle: …}",
                        true,
                        e);
            } finally {
                waiting = Optional.empty();
                timer.cancel();
            }
        }

        void end() {
            waiting.ifPresent(it -> it.cancel("the gateway stops"));
        }

        @Override
        public void close() throws IOException {
            streams.remove(this);
            super.close();
        }
    }
}
