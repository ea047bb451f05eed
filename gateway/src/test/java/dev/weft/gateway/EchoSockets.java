package dev.weft.gateway;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;

/** A server of WebSockets (RFC 6455) that sends back each message; at {@code /closed} it lets nobody in. */
final class EchoSockets implements AutoCloseable {

    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int CLOSE = 8;

    private final ServerSocket server;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    /** The heads of requests that came. */
    final LinkedBlockingQueue<String> heads = new LinkedBlockingQueue<>();

    /** A word for each connection that has ended. */
    final LinkedBlockingQueue<String> ended = new LinkedBlockingQueue<>();

    EchoSockets() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Surroundings.TIME.start("echo", this::accept);
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getLocalPort());
    }

    /** Cuts all connections. */
    void cut() throws IOException {
        for (var socket : open) socket.close();
    }

    private void accept() {
        try {
            while (true) {
                var socket = server.accept();
                open.add(socket);
                Surroundings.TIME.start("echo", () -> serve(socket));
            }
        } catch (IOException closed) {
            return;
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            var in = new DataInputStream(socket.getInputStream());
            var out = socket.getOutputStream();
            var head = head(in);
            heads.add(head);
            if (head.startsWith("GET /closed")) {
                out.write(
                        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
                                .getBytes(StandardCharsets.US_ASCII));
                return;
            }
            out.write(
                    ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                    + "Sec-WebSocket-Accept: "
                                    + accept(head)
                                    + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            echo(in, out);
            ended.add("closed");
        } catch (IOException | NoSuchAlgorithmException e) {
            ended.add("cut");
        } finally {
            open.remove(socket);
        }
    }

    private static String head(DataInputStream in) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) head.append((char) in.readUnsignedByte());
        return head.toString();
    }

    private static String accept(String head) throws NoSuchAlgorithmException {
        var key = "";
        for (var line : head.split("\r\n", -1))
            if (line.regionMatches(true, 0, "Sec-WebSocket-Key:", 0, 18))
                key = line.substring(18).strip();
        return Base64.getEncoder()
                .encodeToString(
                        MessageDigest.getInstance("SHA-1")
                                .digest((key + GUID).getBytes(StandardCharsets.US_ASCII)));
    }

    private static void echo(DataInputStream in, OutputStream out) throws IOException {
        while (true) {
            int first = in.readUnsignedByte();
            int length = in.readUnsignedByte();
            if (length < 128) throw new EOFException("what a client sends is masked");
            long size = length & 127;
            if (size == 126) size = in.readUnsignedShort();
            else if (size == 127) size = in.readLong();
            var mask = in.readNBytes(4);
            var data = in.readNBytes((int) size);
            for (int i = 0; i < data.length; i++) data[i] ^= mask[i % 4];
            out.write(frame(first, data));
            if ((first & 15) == CLOSE) return;
        }
    }

    private static byte[] frame(int first, byte[] data) {
        int header = data.length < 126 ? 2 : data.length < 65536 ? 4 : 10;
        var frame = new byte[header + data.length];
        frame[0] = (byte) first;
        frame[1] = (byte) (header == 2 ? data.length : header == 4 ? 126 : 127);
        for (int i = header - 1, left = data.length; header > 2 && i > 1; i--, left >>>= 8)
            frame[i] = (byte) left;
        System.arraycopy(data, 0, frame, header, data.length);
        return frame;
    }

    @Override
    public void close() throws IOException {
        server.close();
        cut();
    }
}
