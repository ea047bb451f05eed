package dev.weft.benchmarks;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
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
 * <p>Arguments: URL, requests a second, patience in ms, most connections, then the lengths of the windows in s, one behind the other. In the
 * first the rate rises from nothing. Prints {@code begun}, and at the end a line for each window: {@code number sent
 * good p50_us p90_us p99_us p999_us max_us}, tab-separated. Nothing of Weft is in it.
 */
public final class OpenLoad {

    private static final long LATE = Long.MAX_VALUE;

    private final URI url;
    private final byte[] request;
    private final Duration patience;
    private final long[] tookNanos;
    private final CountDownLatch left;
    private final ConcurrentLinkedDeque<Connection> idle = new ConcurrentLinkedDeque<>();

    /** A request under way has one: its connection. */
    private final Semaphore places;

    private OpenLoad(URI url, Duration patience, int connections, int requests) {
        this.url = url;
        this.patience = patience;
        this.places = new Semaphore(connections, true);
        this.tookNanos = new long[requests];
        this.left = new CountDownLatch(requests);
        this.request =
                ("GET "
                                + url.getRawPath()
                                + " HTTP/1.1\r\nHost: "
                                + url.getAuthority()
                                + "\r\nAccept: */*\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII);
    }

    public static void main(String[] arguments) throws Exception {
        double perSecond = Double.parseDouble(arguments[1]);
        var windows = Arrays.stream(arguments).skip(4).mapToInt(Integer::parseInt).toArray();
        var load =
                new OpenLoad(
                        URI.create(arguments[0]),
                        Duration.ofMillis(Long.parseLong(arguments[2])),
                        Integer.parseInt(arguments[3]),
                        (int) before(Arrays.stream(windows).sum(), perSecond, windows[0]));
        System.out.println("begun");
        load.send(perSecond, windows[0]);
        load.print(perSecond, windows);
    }

    /** How many requests are due before a second: in the first window half of what the rate would be. */
    private static double before(int second, double perSecond, int rises) {
        return perSecond * (second - rises / 2.0);
    }

    /** When a request is due: in the first window the number grows with the square of the time. */
    private static double due(int number, double perSecond, int rises) {
        double steady = number / perSecond + rises / 2.0;
        return steady >= rises ? steady : Math.sqrt(2 * rises * number / perSecond);
    }

    private void send(double perSecond, int rises) throws InterruptedException {
        long startNanos = System.nanoTime();
        for (int i = 0; i < tookNanos.length; i++) {
            int number = i;
            long dueNanos = startNanos + (long) (1e9 * due(i, perSecond, rises));
            for (long wait = dueNanos - System.nanoTime();
                    wait > 0;
                    wait = dueNanos - System.nanoTime()) LockSupport.parkNanos(wait);
            Thread.ofVirtual().start(() -> measure(number, dueNanos));
        }
        if (!left.await(2 * patience.toMillis() + 10_000, TimeUnit.MILLISECONDS))
            throw new IllegalStateException(left.getCount() + " requests did not end");
    }

    private void measure(int number, long dueNanos) {
        long took = LATE;
        try {
            if (ask(dueNanos) == 200) took = System.nanoTime() - dueNanos;
        } catch (IOException | InterruptedException e) {
            // Not answered in time, or broken off: late for ever.
        } finally {
            tookNanos[number] = took > patience.toNanos() ? LATE : took;
            left.countDown();
        }
    }

    private int ask(long dueNanos) throws IOException, InterruptedException {
        if (!places.tryAcquire(millisLeft(dueNanos), TimeUnit.MILLISECONDS))
            throw new IOException("no connection got free in time");
        try {
            var connection = idle.pollFirst();
            return ask(
                    connection != null ? connection : new Connection(url, millisLeft(dueNanos)),
                    dueNanos);
        } finally {
            places.release();
        }
    }

    private int ask(Connection connection, long dueNanos) throws IOException {
        try {
            int status = connection.ask(request, millisLeft(dueNanos));
            if (connection.kept) idle.addFirst(connection);
            else connection.close();
            return status;
        } catch (IOException e) {
            connection.close();
            throw e;
        }
    }

    private int millisLeft(long dueNanos) throws IOException {
        long leftNanos = dueNanos + patience.toNanos() - System.nanoTime();
        if (leftNanos < 1_000_000) throw new IOException("its time is over");
        return (int) (leftNanos / 1_000_000);
    }

    private void print(double perSecond, int[] windows) {
        int from = 0;
        int seconds = 0;
        for (int i = 0; i < windows.length; i++) {
            seconds += windows[i];
            int to = (int) before(seconds, perSecond, windows[0]);
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
        return (nanos == LATE ? patience.toNanos() : nanos) / 1_000;
    }

    /** A connection on which one request at a time is answered. */
    private static final class Connection {

        private final Socket socket = new Socket();
        private final InputStream in;
        private boolean kept = true;

        Connection(URI to, int timeoutMs) throws IOException {
            try {
                socket.setTcpNoDelay(true);
                socket.connect(new InetSocketAddress(to.getHost(), to.getPort()), timeoutMs);
                in = new BufferedInputStream(socket.getInputStream());
            } catch (IOException e) {
                close();
                throw e;
            }
        }

        int ask(byte[] request, int timeoutMs) throws IOException {
            socket.setSoTimeout(timeoutMs);
            socket.getOutputStream().write(request);
            int status = Integer.parseInt(line().split(" ", 3)[1]);
            long length = 0;
            boolean chunked = false;
            for (var line = line(); !line.isEmpty(); line = line()) {
                var header = line.toLowerCase(Locale.ROOT);
                if (header.startsWith("content-length:"))
                    length = Long.parseLong(header.substring(15).strip());
                else if (header.startsWith("transfer-encoding:"))
                    chunked = header.contains("chunked");
                else if (header.startsWith("connection:") && header.contains("close")) kept = false;
            }
            if (chunked) skipChunks();
            else in.skipNBytes(length);
            return status;
        }

        private void skipChunks() throws IOException {
            long size;
            do {
                size = Long.parseLong(line().split(";", 2)[0].strip(), 16);
                in.skipNBytes(size);
                line();
            } while (size > 0);
        }

        private String line() throws IOException {
            var line = new StringBuilder(64);
            while (true) {
                int c = in.read();
                if (c < 0) throw new EOFException("the connection ended");
                if (c == '\n') return line.toString();
                if (c != '\r') line.append((char) c);
            }
        }

        void close() {
            try {
                socket.close();
            } catch (IOException e) {
                // It is gone in any case.
            }
        }
    }
}
