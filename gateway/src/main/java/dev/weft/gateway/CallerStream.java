package dev.weft.gateway;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.policy.Replay;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A caller's body on its way through, too large to be kept.
 *
 * <p>Its beginning is kept, as much as a client reads ahead before it sends anything ({@link Replay}):
 * while no more than that was taken, the request can still go to another instance, whole. And it knows
 * whether it was the caller that failed, so that the service is not blamed. One thread at a time.
 */
final class CallerStream {

    /** What is read ahead to see that it is too much. */
    private static final int KEPT_BYTES = Replay.MAX_BYTES + 1;

    private final InputStream in;
    private final OptionalLong length;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private boolean whole = true;
    private @Nullable Failure failure;

    CallerStream(Body body) {
        this.in = body.stream();
        this.length = body.length();
    }

    /** The same stream as a body, from its start, for one more attempt; while it is {@link #whole}. */
    Body body() {
        if (!whole) throw new IllegalStateException("the begin of this body is gone");
        return Body.of(new Attempt(), length);
    }

    /** Whether it can still be given from its start. */
    boolean whole() {
        return whole;
    }

    /** What went wrong on the caller's side, if that is where it went wrong. */
    @Nullable Failure failure() {
        return failure;
    }

    /** What one attempt reads: what was kept, then the caller's own. */
    private final class Attempt extends InputStream {
        private final InputStream begin = new ByteArrayInputStream(kept.toByteArray());

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int most) throws IOException {
            if (begin.available() > 0) return begin.read(buffer, offset, most);
            int count = take(buffer, offset, most);
            if (count > 0) keep(buffer, offset, count);
            return count;
        }

        /** Leaves it open while another attempt may come. */
        @Override
        public void close() throws IOException {
            if (!whole) in.close();
        }
    }

    private int take(byte[] buffer, int offset, int most) throws IOException {
        try {
            return in.read(buffer, offset, most);
        } catch (Failure e) {
            failure = e;
            throw e;
        } catch (IOException e) {
            failure = new Failure.Malformed("the request's body broke off", e);
            throw e;
        }
    }

    private void keep(byte[] buffer, int offset, int count) {
        if (!whole) return;
        whole = kept.size() + count <= KEPT_BYTES;
        if (whole) kept.write(buffer, offset, count);
        else kept.reset();
    }
}
