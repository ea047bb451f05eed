package dev.weft.gateway;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A caller's body on its way through, too large to be kept.
 *
 * <p>It knows whether anything of it was taken: until then the request can still go to another
 * instance, so a client that closes it unread leaves it open. And it knows whether it was the
 * caller that failed, so that the service is not blamed. One thread at a time.
 */
final class CallerStream extends InputStream {

    private final InputStream in;
    private final OptionalLong length;
    private boolean begun;
    private @Nullable Failure failure;

    CallerStream(Body body) {
        this.in = body.stream();
        this.length = body.length();
    }

    /** The same stream as a body, for one more attempt; nothing of it was taken yet. */
    Body body() {
        return Body.of(this, length);
    }

    boolean begun() {
        return begun;
    }

    /** What went wrong on the caller's side, if that is where it went wrong. */
    @Nullable Failure failure() {
        return failure;
    }

    @Override
    public int read() throws IOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        begun = true;
        try {
            return in.read(buffer, offset, length);
        } catch (Failure e) {
            failure = e;
            throw e;
        } catch (IOException e) {
            failure = new Failure.Malformed("the request's body broke off", e);
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (begun) in.close();
    }
}
