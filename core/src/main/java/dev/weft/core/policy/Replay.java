package dev.weft.core.policy;

import dev.weft.core.Body;
import dev.weft.core.Filter;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Service;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;

/**
 * Keeps small bodies of requests, so that they can be sent again; stands around {@link Retry} and {@link Hedge}.
 *
 * <p>A stream is read ahead by at most {@link #MAX_BYTES}. If it ends by then, its bytes are at hand ({@link
 * Body#atHand}); else it goes on as a stream that begins with what was read, and its request is not tried again once
 * anybody took that stream ({@link Body#whole}). A body that is known to be longer, or is another protocol's, is not touched. While it reads ahead,
 * the call has not begun.
 */
public final class Replay implements Filter<Request, Response> {

    /** The longest body that is kept: 64 KiB. */
    public static final int MAX_BYTES = 64 * 1024;

    public Replay() {}

    @Override
    public Response apply(Request request, Service<Request, Response> next) throws Exception {
        var body = request.body();
        if (request.upgrade() || body.atHand() || body.length().orElse(0) > MAX_BYTES)
            return next.call(request);
        return next.call(request.with(keep(body)));
    }

    private static Body keep(Body body) {
        var length = body.length();
        var stream = body.stream();
        try {
            var begin = stream.readNBytes(MAX_BYTES + 1);
            if (begin.length > MAX_BYTES) return Body.of(joined(begin, stream), length);
            stream.close();
            return Body.of(begin);
        } catch (IOException e) {
            close(stream, e);
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            close(stream, e);
            throw e;
        }
    }

    private static void close(InputStream stream, Exception because) {
        try {
            stream.close();
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }

    private static InputStream joined(byte[] begin, InputStream rest) {
        return new SequenceInputStream(new ByteArrayInputStream(begin), rest);
    }
}
