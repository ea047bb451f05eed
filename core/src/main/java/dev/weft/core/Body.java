package dev.weft.core;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a request or an answer: at hand, or a stream that can be read once.
 *
 * <p>Whoever takes a body reads or closes it. A transport bounds the stream's length and fails
 * reading with {@link Failure.TooLarge} beyond its limit. One thread at a time.
 */
public final class Body implements AutoCloseable {

    public static final Body EMPTY = new Body(new byte[0], null, 0);

    private byte @Nullable [] bytes;
    private @Nullable InputStream stream;
    private final long length;

    private Body(byte @Nullable [] bytes, @Nullable InputStream stream, long length) {
        this.bytes = bytes;
        this.stream = stream;
        this.length = length;
    }

    /** Bytes at hand; the array is not copied and must not change any more. */
    public static Body of(byte[] bytes) {
        return bytes.length == 0 ? EMPTY : new Body(bytes, null, bytes.length);
    }

    public static Body of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * A stream; closing the body closes it.
     *
     * @param length how many bytes will come, if that is known
     */
    public static Body of(InputStream stream, OptionalLong length) {
        return new Body(null, stream, length.orElse(-1));
    }

    /** How many bytes there are, if that is known. */
    public OptionalLong length() {
        return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
    }

    /** Whether the bytes are at hand, so that the body can be read again. */
    public boolean atHand() {
        return bytes != null;
    }

    /** Whether it can be read from its start: the bytes are at hand, or nobody has taken the stream. */
    public boolean whole() {
        return bytes != null || stream != null;
    }

    /** All bytes; a stream is read to its end the first time. Not to be changed. */
    public byte[] bytes() {
        return bytes(Long.MAX_VALUE);
    }

    /**
     * As {@link #bytes()}, of a stream that has no more than so many; a longer one fails with {@link
     * Failure.TooLarge}, one that announces more before anything is read. What is at hand is in memory already, and
     * given whatever its length.
     */
    public byte[] bytes(long limitBytes) {
        var atHand = bytes;
        if (atHand != null) return atHand;
        try (var in = new BoundedInput(stream(), limitBytes, length())) {
            var read = in.readAllBytes();
            bytes = read;
            return read;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /** The bytes as a stream, to be closed by who takes it; a stream can be taken once. */
    public InputStream stream() {
        if (bytes != null) return new ByteArrayInputStream(bytes);
        var taken = stream;
        if (taken == null) throw new IllegalStateException("this body's stream was taken before");
        stream = null;
        return taken;
    }

    /**
     * A body whose stream is this one's, read through a filter; this one's is taken by that. Bytes at hand, and a
     * stream that was taken, stay as they are.
     */
    public Body through(UnaryOperator<InputStream> filter) {
        return stream == null ? this : of(filter.apply(stream()), length());
    }

    /** Drops a stream that nobody took. */
    @Override
    public void close() {
        var left = stream;
        stream = null;
        if (left == null) return;
        try {
            left.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
