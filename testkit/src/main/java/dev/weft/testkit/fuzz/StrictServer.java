package dev.weft.testkit.fuzz;

import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.testkit.fuzz.Reading.Verdict;
import dev.weft.testkit.fuzz.RequestBin.Sum;
import dev.weft.testkit.fuzz.RequestBin.Taken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A server on a free port of the loopback that takes requests by the letter of RFC 9112 only, and hands them to a {@link RequestBin}.
 *
 * <p>Stood behind a gateway, it tells when the gateway passes on what another server might read otherwise.
 */
public final class StrictServer implements AutoCloseable {

    private static final long MAX_BODY_BYTES = 64 << 20;

    private final RequestBin bin;
    private final ServerSocket listener;
    private final Time time = SystemTime.INSTANCE;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /** Starts one. */
    public StrictServer(RequestBin bin) {
        this.bin = bin;
        try {
            listener = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        time.start("weft-strict-acceptor", this::accept);
    }

    public URI address() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (var socket : open) socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void accept() {
        while (true) {
            try {
                var socket = listener.accept();
                socket.setTcpNoDelay(true);
                open.add(socket);
                time.start("weft-strict", () -> serve(socket));
            } catch (IOException closedNow) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            var kept = new ByteArrayOutputStream();
            var buffer = new byte[16 << 10];
            for (int read = socket.getInputStream().read(buffer);
                    read >= 0;
                    read = socket.getInputStream().read(buffer)) {
                kept.write(buffer, 0, read);
                var text = kept.toString(StandardCharsets.ISO_8859_1);
                int at = answered(socket, text);
                if (at < 0) return;
                kept.reset();
                kept.write(text.substring(at).getBytes(StandardCharsets.ISO_8859_1));
            }
            ended(kept.toString(StandardCharsets.ISO_8859_1));
        } catch (IOException brokenOff) {
            // So did the request.
            return;
        } finally {
            open.remove(socket);
        }
    }

    /** Answers the requests that are whole and tells where the rest begins; -1 if it is none. */
    private int answered(Socket socket, String text) throws IOException {
        int at = 0;
        while (at < text.length()) {
            var message = Reading.one(text, at, MAX_BODY_BYTES);
            if (message.verdict() == Verdict.CUT) return at;
            if (message.verdict() == Verdict.BAD || text.startsWith("\r\n", at)) {
                bin.object(message.why() + ": " + FuzzCase.escaped(text.substring(at)));
                return -1;
            }
            var sum = Sum.of(message.body().getBytes(StandardCharsets.ISO_8859_1));
            bin.take(new Taken(message.method(), message.target(), message.fields(), sum, true));
            var body = RequestBin.echo(message.method(), message.target(), sum);
            var answer =
                    "HTTP/1.1 200 OK\r\nContent-Length: "
                            + body.length()
                            + "\r\n\r\n"
                            + (message.method().equals("HEAD") ? "" : body);
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
            at = message.end();
        }
        return at;
    }

    private void ended(String rest) {
        if (rest.isEmpty()) return;
        var message = Reading.one(rest, 0, MAX_BODY_BYTES);
        if (message.head())
            bin.take(new Taken(message.method(), message.target(), message.fields(), "", false));
    }
}
