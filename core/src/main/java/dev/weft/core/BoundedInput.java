package dev.weft.core;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;

/** A stream that fails with {@link Failure.TooLarge} when it turns out longer than its limit. */
public final class BoundedInput extends FilterInputStream {

    private final long limitBytes;
    private long leftBytes;

    /**
     * @param declared the length that was announced: beyond the limit, the first read fails
     */
    public BoundedInput(InputStream in, long limitBytes, OptionalLong declared) {
        super(in);
        this.limitBytes = limitBytes;
        this.leftBytes = declared.orElse(0) > limitBytes ? -1 : limitBytes;
    }

    @Override
    public int read() throws IOException {
        check();
        int read = in.read();
        if (read >= 0) count(1);
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        check();
        int read = in.read(buffer, offset, length);
        if (read > 0) count(read);
        return read;
    }

    @Override
    public long skip(long bytes) throws IOException {
        check();
        long skipped = in.skip(bytes);
        count(skipped);
        return skipped;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void count(long bytes) {
        leftBytes -= bytes;
        check();
    }

    private void check() {
        if (leftBytes < 0)
            throw new Failure.TooLarge(
                    "the body is larger than the limit of " + limitBytes + " bytes");
    }
}
