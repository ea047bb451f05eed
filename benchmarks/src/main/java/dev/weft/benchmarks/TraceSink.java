package dev.weft.benchmarks;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/**
 * Takes spans from everybody, in whatever form, and forgets them; so that exporting them costs what it costs.
 *
 * <p>Argument: the port. POST to {@code /NAME/…} counts for NAME; GET answers with a line {@code NAME bytes} for each.
 * Nothing of Weft is in it.
 */
public final class TraceSink {

    private final Map<String, LongAdder> bytes = new ConcurrentSkipListMap<>();

    private TraceSink() {}

    public static void main(String[] arguments) throws IOException {
        var address =
                new InetSocketAddress(
                        InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
        var server = HttpServer.create(address, 0);
        server.createContext("/", new TraceSink()::answer);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (exchange.getRequestMethod().equals("GET")) {
                var counts = counts().getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, counts.length);
                exchange.getResponseBody().write(counts);
                return;
            }
            var name = exchange.getRequestURI().getPath().split("/", 3)[1];
            long size = exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
            bytes.computeIfAbsent(name, it -> new LongAdder()).add(size);
            exchange.sendResponseHeaders(200, -1);
        }
    }

    private String counts() {
        return bytes.entrySet().stream()
                .map(each -> each.getKey() + " " + each.getValue().sum() + "\n")
                .collect(Collectors.joining());
    }
}
