package dev.weft.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/**
 * GETs of one URL at a constant rate, whether or not earlier ones were answered, as from many people who do not know of each
 * other.
 *
 * <p>A request's time begins when it was due, not when it was sent: what waits because others are slow, or because this
 * program was late, is not left out ("coordinated omission", Gil Tene). A request whose answer is not there within the
 * patience is given up and its connection closed. In the percentiles each failure, however fast, counts as the
 * patience; good is only what was answered with 200. A request takes an idle connection, or opens one if there are not
 * too many; else it waits for its turn, which counts too.
 *
 * <p>One thread does it all, and another wakes it when a request is due, so that it takes little from what it measures on
 * the same cores.
 *
 * <p>Arguments: URL, requests a second, patience in ms, most connections, then the lengths of the windows in s, one behind the other. In the
 * first the rate rises from nothing. Prints {@code begun}, and at the end a line for each window: {@code number sent
 * good p50_us p90_us p99_us p999_us max_us}, tab-separated. Nothing of Weft is in it.
 */
public final class OpenLoad {

    private static final long LATE = Long.MAX_VALUE;

    private final InetSocketAddress to;
    private final ByteBuffer request;
    private final long patienceNanos;
    private final double perSecond;
    private final int[] windows;
    private final int most;
    private final long[] tookNanos;
    private final Selector selector = Selector.open();

    /** The idle ones, the one used last at the top. */
    private final ArrayDeque<Connection> idle = new ArrayDeque<>();

    /** Numbers of requests that are due and have no connection, in order. */
    private final ArrayDeque<Integer> waiting = new ArrayDeque<>();

    /** In the order in which they were sent, which is that in which they were due; what has ended stays until it is the first. */
    private final ArrayDeque<Sent> sent = new ArrayDeque<>();

    private record Sent(int number, Connection on) {}

    private long startNanos;
    private int open;
    private int next;
    private int ended;

    private OpenLoad(URI url, double perSecond, Duration patience, int most, int[] windows)
            throws IOException {
        this.to = new InetSocketAddress(url.getHost(), url.getPort());
        this.perSecond = perSecond;
        this.patienceNanos = patience.toNanos();
        this.most = most;
        this.windows = windows;
        this.tookNanos = new long[before(Arrays.stream(windows).sum())];
        this.request =
                ByteBuffer.wrap(
                        ("GET "
                                        + url.getRawPath()
                                        + " HTTP/1.1\r\nHost: "
                                        + url.getAuthority()
                                        + "\r\nAccept: */*\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
    }

    public static void main(String[] arguments) throws Exception {
        var load =
                new OpenLoad(
                        URI.create(arguments[0]),
                        Double.parseDouble(arguments[1]),
                        Duration.ofMillis(Long.parseLong(arguments[2])),
                        Integer.parseInt(arguments[3]),
                        Arrays.stream(arguments).skip(4).mapToInt(Integer::parseInt).toArray());
        System.out.println("begun");
        load.send();
        load.print();
    }

    /** How many requests are due before a second: in the first window half of what the rate would be. */
    private int before(int second) {
        return (int) (perSecond * (second - windows[0] / 2.0));
    }

    /** When a request is due: in the first window the number grows with the square of the time. */
    private long dueNanos(int number) {
        double steady = number / perSecond + windows[0] / 2.0;
        double due = steady >= windows[0] ? steady : Math.sqrt(2 * windows[0] * number / perSecond);
        return startNanos + (long) (1e9 * due);
    }

    private void send() throws IOException {
        startNanos = System.nanoTime();
        Thread.ofPlatform().daemon().name("clock").start(this::wake);
        while (ended < tookNanos.length) {
            long now = System.nanoTime();
            while (next < tookNanos.length && dueNanos(next) <= now) waiting.add(next++);
            giveUp(now);
            while (!waiting.isEmpty() && (!idle.isEmpty() || open < most)) begin(waiting.remove());
            // Whoever waits in vain is due to be given up some time; a hundredth of a second is
            // close enough.
            selector.select(this::ready, 10);
        }
        for (var key : selector.keys()) key.channel().close();
        selector.close();
    }

    /** Wakes the other thread when a request is due. */
    private void wake() {
        for (int number = 0; number < tookNanos.length; number++) {
            long wait = dueNanos(number) - System.nanoTime();
            if (wait <= 0) continue;
            LockSupport.parkNanos(wait);
            selector.wakeup();
        }
    }

    private void giveUp(long now) {
        while (!waiting.isEmpty() && dueNanos(waiting.peek()) + patienceNanos < now)
            end(waiting.remove(), LATE);
        while (!sent.isEmpty()) {
            var first = sent.peek();
            boolean under = first.on.number == first.number;
            if (under && dueNanos(first.number) + patienceNanos >= now) return;
            if (under) fail(first.on);
            sent.remove();
        }
    }

    private void begin(int number) {
        var connection = idle.pollFirst();
        try {
            if (connection == null) connection = new Connection();
        } catch (IOException e) {
            end(number, LATE);
            return;
        }
        connection.number = number;
        sent.add(new Sent(number, connection));
        if (connection.channel.isConnected()) write(connection);
    }

    private void write(Connection connection) {
        try {
            // So few bytes fit into a socket that has nothing else to send.
            if (connection.channel.write(request.duplicate()) != request.limit())
                throw new IOException("a request was not taken at once");
        } catch (IOException e) {
            fail(connection);
        }
    }

    private void ready(SelectionKey key) {
        var connection = (Connection) key.attachment();
        try {
            if (key.isConnectable()) {
                connection.channel.finishConnect();
                key.interestOps(SelectionKey.OP_READ);
                write(connection);
            } else if (connection.read()) {
                int number = connection.number;
                connection.number = -1;
                long took = System.nanoTime() - dueNanos(number);
                end(number, connection.status == 200 && took <= patienceNanos ? took : LATE);
                if (connection.kept) idle.addFirst(connection);
                else connection.close();
            }
        } catch (IOException | RuntimeException e) {
            fail(connection);
        }
    }

    private void fail(Connection connection) {
        connection.close();
        idle.remove(connection);
        if (connection.number >= 0) end(connection.number, LATE);
        connection.number = -1;
    }

    private void end(int number, long took) {
        tookNanos[number] = took;
        ended++;
    }

    private void print() {
        int from = 0;
        int seconds = 0;
        for (int i = 0; i < windows.length; i++) {
            seconds += windows[i];
            int to = before(seconds);
            var sorted = Arrays.copyOfRange(tookNanos, from, to);
            Arrays.sort(sorted);
            long good = Arrays.stream(sorted).filter(took -> took != LATE).count();
            System.out.printf(
                    "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d%n",
                    i,
                    sorted.length,
                    good,
                    micros(sorted, 0.5),
                    micros(sorted, 0.9),
                    micros(sorted, 0.99),
                    micros(sorted, 0.999),
                    micros(sorted, 1));
            from = to;
        }
    }

    private long micros(long[] sorted, double part) {
        long nanos = sorted[(int) Math.ceil(part * sorted.length) - 1];
        return (nanos == LATE ? patienceNanos : nanos) / 1_000;
    }

    /** A connection on which one request at a time is answered. */
    private final class Connection {

        private final SocketChannel channel = SocketChannel.open();
        private final ByteBuffer got = ByteBuffer.allocate(1 << 16);
        private int number = -1;
        private int status;
        private boolean kept;

        Connection() throws IOException {
            open++;
            try {
                channel.configureBlocking(false);
                channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
                boolean connected = channel.connect(to);
                channel.register(
                        selector, connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
            } catch (IOException e) {
                close();
                throw e;
            }
        }

        /** Reads what there is, and tells whether an answer is whole by that; then status and kept are of it. */
        boolean read() throws IOException {
            if (channel.read(got) < 0) throw new IOException("the connection ended");
            if (number < 0) throw new IOException("an answer that nobody asked for");
            if (whole()) {
                got.clear();
                return true;
            }
            if (got.hasRemaining()) return false;
            throw new IOException("an answer of more than " + got.capacity() + " bytes");
        }

        private boolean whole() {
            var text = new String(got.array(), 0, got.position(), StandardCharsets.ISO_8859_1);
            int body = text.indexOf("\r\n\r\n") + 4;
            if (body < 4) return false;
            var head = text.substring(0, body).toLowerCase(Locale.ROOT);
            status = Integer.parseInt(head, 9, 12, 10);
            kept = !head.contains("\r\nconnection: close");
            if (head.contains("\r\ntransfer-encoding: chunked"))
                return text.endsWith("\r\n0\r\n\r\n");
            int length = head.indexOf("\r\ncontent-length:");
            if (length < 0) return true;
            int end = head.indexOf('\r', length + 2);
            return text.length() - body
                    == Integer.parseInt(head.substring(length + 17, end).strip());
        }

        void close() {
            open--;
            try {
                channel.close();
            } catch (IOException e) {
                // It is gone in any case.
            }
        }
    }
}
