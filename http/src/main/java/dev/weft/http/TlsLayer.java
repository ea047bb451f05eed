package dev.weft.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.ServerConnectionException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * TLS on one accepted connection, between its socket and who reads and writes it: 1.2 and 1.3, {@code
 * http/1.1} where the client names protocols, no certificate of the client.
 *
 * <p>Behind the handshake one thread may read while another one writes, each blocking in the socket.
 * What the reader has to send itself (an answer to new keys, an alert) waits for the writer. A
 * connection that rests holds no buffer. The lock puts records in order and is held while they are
 * written: who wants to end a writer that is stuck closes the socket.
 */
final class TlsLayer implements Supplier<byte[]>, DataWriter {

    private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};
    private static final String[] PROTOCOLS = {"http/1.1"};
    private static final byte[] NO_BYTES = {};
    private static final ByteBuffer NOTHING = ByteBuffer.wrap(NO_BYTES);

    private final HelidonSocket socket;
    private final SSLEngine engine;
    private final ReentrantLock sending = new ReentrantLock();

    /** What has come and was not read yet; of the reading thread. */
    private ByteBuffer in = NOTHING;

    /** Whether anything came at all; of the reading thread. */
    private boolean spoken;

    /** Whether the peer ended the connection without saying so by TLS. */
    private volatile boolean cut;

    TlsLayer(HelidonSocket socket, SSLContext certificate) {
        this.socket = socket;
        // Without the peer's name, which Helidon's looks up by reverse DNS.
        this.engine = certificate.createSSLEngine();
        engine.setUseClientMode(false);
        var parameters = engine.getSSLParameters();
        parameters.setProtocols(VERSIONS);
        parameters.setApplicationProtocols(PROTOCOLS);
        parameters.setUseCipherSuitesOrder(true);
        engine.setSSLParameters(parameters);
    }

    /** Why no handshake came about; what the peer can be told, it has been told. */
    static final class NoHandshake extends Exception {
        private static final long serialVersionUID = 1L;

        /** Whether the peer just came and went, as a look at the port does. */
        private final boolean silent;

        NoHandshake(String why, boolean silent) {
            super(why, null, false, false);
            this.silent = silent;
        }

        boolean silent() {
            return silent;
        }
    }

    /** Blocks until both sides have keys; whoever wants to bound that closes the socket. */
    void handshake() throws NoHandshake {
        try {
            if (!fill()) throw new NoHandshake("it ended before a handshake", true);
            if (speaksPlainHttp()) {
                refusePlainHttp();
                throw new NoHandshake("it was asked in HTTP without TLS", false);
            }
            engine.beginHandshake();
            while (true) {
                switch (engine.getHandshakeStatus()) {
                    case FINISHED, NOT_HANDSHAKING -> {
                        return;
                    }
                    case NEED_TASK -> runTasks();
                    case NEED_WRAP -> send(NOTHING);
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                        if (unwrap() == null)
                            throw new NoHandshake("it ended amid the handshake", false);
                    }
                }
            }
        } catch (SSLException e) {
            tellWhy();
            throw new NoHandshake(String.valueOf(e.getMessage()), false);
        } catch (RuntimeException e) {
            throw new NoHandshake("it broke off amid the handshake", !spoken);
        }
    }

    private void runTasks() {
        for (var task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask())
            task.run();
    }

    /** A handshake begins with the byte 22; a request with a letter. */
    private boolean speaksPlainHttp() {
        byte first = in.get(in.position());
        return first >= 'A' && first <= 'Z' && in.remaining() > 3;
    }

    private void refusePlainHttp() {
        var text = "this port speaks HTTPS only; ask for https:// in place of http://\n";
        var answer =
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                        + "Content-Length: "
                        + text.length()
                        + "\r\n\r\n"
                        + text;
        socket.write(BufferData.create(answer));
    }

    /** At least one byte of what the peer has sent; null at the end of it. */
    @Override
    public byte @Nullable [] get() {
        try {
            var bytes = unwrap();
            while (bytes != null && bytes.length == 0) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_WRAP -> send(NOTHING); // the peer has new keys, and wants new ones
                    case NEED_TASK ->
                            throw new SSLHandshakeException("a second handshake is not taken");
                    case FINISHED, NOT_HANDSHAKING, NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {}
                }
                bytes = unwrap();
            }
            return bytes;
        } catch (SSLException e) {
            tellWhy();
            throw new UncheckedIOException(e);
        }
    }

    /** The data of one record, empty for a record of another kind; null at the end. */
    private byte @Nullable [] unwrap() throws SSLException {
        var data = ByteBuffer.allocate(in.remaining());
        while (true) {
            switch (engine.unwrap(in, data).getStatus()) {
                case OK -> {
                    return data.position() == 0
                            ? NO_BYTES
                            : Arrays.copyOf(data.array(), data.position());
                }
                case CLOSED -> {
                    return null;
                }
                case BUFFER_UNDERFLOW -> {
                    if (!fill()) {
                        cut = true;
                        return null;
                    }
                    if (data.capacity() < in.remaining())
                        data = ByteBuffer.allocate(in.remaining());
                }
                case BUFFER_OVERFLOW ->
                        data =
                                ByteBuffer.allocate(
                                        Math.max(
                                                engine.getSession().getApplicationBufferSize(),
                                                2 * data.capacity()));
            }
        }
    }

    /** Adds what the socket has next; says whether there was anything. */
    private boolean fill() {
        var bytes = socket.get();
        if (bytes == null) return false;
        spoken = true;
        in =
                in.hasRemaining()
                        ? ByteBuffer.allocate(in.remaining() + bytes.length)
                                .put(in)
                                .put(bytes)
                                .flip()
                        : ByteBuffer.wrap(bytes);
        return true;
    }

    /** Whether the peer ended the connection without a farewell, so that something may be missing. */
    boolean cut() {
        return cut;
    }

    /** Sends all of it, or what the engine itself has to say if it is nothing. */
    private void send(ByteBuffer data) throws SSLException {
        sending.lock();
        try {
            var out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
            do {
                switch (engine.wrap(data, out).getStatus()) {
                    case BUFFER_OVERFLOW, BUFFER_UNDERFLOW ->
                            out = ByteBuffer.allocate(2 * out.capacity());
                    case CLOSED -> {
                        write(out);
                        if (data.hasRemaining())
                            throw new SSLException("the connection was closed");
                    }
                    case OK -> write(out);
                }
            } while (data.hasRemaining());
        } finally {
            sending.unlock();
        }
    }

    private void write(ByteBuffer out) {
        out.flip();
        var bytes = new byte[out.remaining()];
        out.get(bytes);
        out.clear();
        if (bytes.length > 0) socket.write(BufferData.create(bytes));
    }

    /** Sends the alert that the engine has ready, if it can. */
    private void tellWhy() {
        try {
            if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) send(NOTHING);
        } catch (SSLException | RuntimeException e) {
            // It is gone already.
            return;
        }
    }

    @Override
    public void write(BufferData... buffers) {
        write(BufferData.create(buffers));
    }

    @Override
    public void write(BufferData buffer) {
        var bytes = new byte[buffer.available()];
        buffer.read(bytes);
        try {
            send(ByteBuffer.wrap(bytes));
        } catch (SSLException e) {
            throw new ServerConnectionException("writing failed", e);
        }
    }

    @Override
    public void writeNow(BufferData... buffers) {
        write(buffers);
    }

    @Override
    public void writeNow(BufferData buffer) {
        write(buffer);
    }

    /** Says that nothing more comes; may block as any writing does. The socket stays open. */
    @Override
    public void close() {
        engine.closeOutbound();
        try {
            send(NOTHING);
        } catch (SSLException | RuntimeException e) {
            // It is gone already.
            return;
        }
    }
}
