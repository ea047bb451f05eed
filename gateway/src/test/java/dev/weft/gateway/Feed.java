package dev.weft.gateway;

import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/** A body that a test says bit by bit. */
final class Feed extends InputStream {

    final CountDownLatch closed = new CountDownLatch(1);
    private final LinkedBlockingQueue<byte[]> said = new LinkedBlockingQueue<>();
    private byte[] now = {};
    private int at;
    private boolean ended;

    void say(String text) {
        said.add(text.getBytes(StandardCharsets.US_ASCII));
    }

    void end() {
        said.add(new byte[0]);
    }

    @Override
    public int read() throws InterruptedIOException {
        var one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0];
    }

    @Override
    public int read(byte[] into, int offset, int most) throws InterruptedIOException {
        if (most == 0) return 0;
        if (at == now.length) {
            if (ended) return -1;
            try {
                now = said.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted");
            }
            at = 0;
            ended = now.length == 0;
            if (ended) return -1;
        }
        int count = Math.min(most, now.length - at);
        System.arraycopy(now, at, into, offset, count);
        at += count;
        return count;
    }

    @Override
    public int available() {
        return now.length - at;
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
