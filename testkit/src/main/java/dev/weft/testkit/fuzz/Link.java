package dev.weft.testkit.fuzz;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * One connection to a server under fuzz.
 *
 * @param raw what the operating system knows of it
 * @param talk what bytes of HTTP go through: TLS on it, or itself
 */
record Link(Socket raw, Socket talk) implements AutoCloseable {

    static Link to(URI server, Optional<SSLContext> tls) throws IOException {
        var raw = new Socket(InetAddress.getByName(server.getHost()), server.getPort());
        try {
            raw.setTcpNoDelay(true);
            raw.setSoTimeout(Math.toIntExact(HttpFuzzer.PATIENCE.toMillis()));
            if (tls.isEmpty()) return new Link(raw, raw);
            var factory = tls.get().getSocketFactory();
            return new Link(
                    raw, factory.createSocket(raw, server.getHost(), server.getPort(), true));
        } catch (IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    void send(byte[] piece) throws IOException {
        talk.getOutputStream().write(piece);
    }

    /** How many bytes came, at least one; -1 at the end. */
    int receive(byte[] into) throws IOException {
        return talk.getInputStream().read(into);
    }

    /** Says that nothing more will come. */
    void halfClose() throws IOException {
        talk.shutdownOutput();
    }

    /** Goes without a farewell, of TCP as of TLS. */
    void reset() throws IOException {
        raw.setSoLinger(true, 0);
        raw.close();
    }

    /** Sends these bytes as they are, past TLS. */
    void garble(String text) throws IOException {
        raw.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    public void close() {
        try {
            talk.close();
        } catch (IOException gone) {
            return;
        }
    }
}
