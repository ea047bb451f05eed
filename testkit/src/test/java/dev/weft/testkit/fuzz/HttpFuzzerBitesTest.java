package dev.weft.testkit.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weft.core.SystemTime;
import dev.weft.testkit.fuzz.Reading.Message;
import dev.weft.testkit.fuzz.Reading.Verdict;
import dev.weft.testkit.fuzz.RequestBin.Sum;
import dev.weft.testkit.fuzz.RequestBin.Taken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers with one fault each, and what the fuzzer says of them. */
@Timeout(60)
class HttpFuzzerBitesTest {

    private static final int CASES = 1_000;

    private enum Fault {
        NONE,
        TAKES_WHAT_IS_BAD,
        GOES_ON_BEHIND_IT,
        BLAMES_ITSELF,
        SAYS_IT_TWICE,
        CLOSES,
        MUMBLES,
        LOSES_BODIES,
        READS_BODIES_AS_REQUESTS
    }

    /** Which case fails first is chance, and so is what is said of it. */
    private static void finds(Fault fault, String what) throws IOException {
        var bin = new RequestBin();
        try (var server = new Faulty(fault, bin)) {
            var fuzzer = HttpFuzzer.of(server.address()).bin(bin);
            assertThatThrownBy(() -> fuzzer.run(CASES))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("of seed 1")
                    .hasMessageContaining("sent:")
                    .hasMessageMatching("(?s).*(" + what + ").*");
        }
    }

    @Test
    void a_server_without_fault_passes() throws Exception {
        var bin = new RequestBin();
        try (var server = new Faulty(Fault.NONE, bin)) {
            var report = HttpFuzzer.of(server.address()).bin(bin).run(CASES);
            assertThat(report.cases()).isEqualTo(CASES);
            assertThat(report.byStatus()).containsOnlyKeys(0, 200, 400);
        }
    }

    @Test
    void what_is_taken_though_it_is_bad_is_found() throws Exception {
        finds(Fault.TAKES_WHAT_IS_BAD, "200");
    }

    @Test
    void what_is_taken_behind_a_bad_request_is_found() throws Exception {
        finds(Fault.GOES_ON_BEHIND_IT, " answers to | answers behind |answered with");
    }

    @Test
    void a_500_for_bad_bytes_is_found() throws Exception {
        finds(Fault.BLAMES_ITSELF, "answered with 500");
    }

    @Test
    void an_answer_too_many_is_found() throws Exception {
        finds(Fault.SAYS_IT_TWICE, " answers to | answers behind |answered with|arrived as");
    }

    @Test
    void a_good_request_without_an_answer_is_found() throws Exception {
        finds(Fault.CLOSES, "no answer");
    }

    @Test
    void an_answer_that_is_no_http_is_found() throws Exception {
        finds(Fault.MUMBLES, "answered with");
    }

    @Test
    void a_body_that_does_not_arrive_is_found() throws Exception {
        finds(Fault.LOSES_BODIES, "arrived");
    }

    @Test
    void a_request_that_nobody_sent_is_found() throws Exception {
        finds(Fault.READS_BODIES_AS_REQUESTS, "what nobody has sent arrived");
    }

    @Test
    void a_case_that_failed_fails_again_alone() throws Exception {
        try (var server = new Faulty(Fault.BLAMES_ITSELF, new RequestBin())) {
            var fuzzer = HttpFuzzer.of(server.address()).seed(7);
            var first = catchThrowableOfType(AssertionError.class, () -> fuzzer.run(CASES));
            var said = Pattern.compile("case ([0-9]+) of seed 7").matcher(first.getMessage());
            assertThat(said.find()).isTrue();
            int number = Integer.parseInt(said.group(1));
            assertThatThrownBy(() -> fuzzer.only(number).run(1))
                    .hasMessageContaining(said.group())
                    .hasMessageContaining("answered with 500");
        }
    }

    /** A server that reads by the letter, but for its fault. */
    private static final class Faulty implements AutoCloseable {
        private final Fault fault;
        private final RequestBin bin;
        private final ServerSocket listener;

        Faulty(Fault fault, RequestBin bin) throws IOException {
            this.fault = fault;
            this.bin = bin;
            this.listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
            SystemTime.INSTANCE.start("faulty", this::accept);
        }

        URI address() {
            return URI.create("http://127.0.0.1:" + listener.getLocalPort());
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }

        private void accept() {
            while (true) {
                try {
                    var socket = listener.accept();
                    SystemTime.INSTANCE.start("faulty", () -> serve(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        }

        private void serve(Socket socket) {
            try (socket) {
                var kept = new ByteArrayOutputStream();
                var buffer = new byte[16 << 10];
                int at = 0;
                for (int read = socket.getInputStream().read(buffer);
                        read >= 0;
                        read = socket.getInputStream().read(buffer)) {
                    kept.write(buffer, 0, read);
                    at = answered(socket, kept.toString(StandardCharsets.ISO_8859_1), at);
                    if (at < 0) break;
                }
                socket.shutdownOutput();
                while (socket.getInputStream().read(buffer) >= 0) kept.reset();
            } catch (IOException broken) {
                return;
            }
        }

        private int answered(Socket socket, String text, int from) throws IOException {
            int at = from;
            while (at < text.length()) {
                var message = Reading.one(text, at, Long.MAX_VALUE);
                if (message.verdict() == Verdict.CUT) return at;
                var answer = answer(message);
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
                if (answer.isEmpty() || answer.contains("Connection: close")) return -1;
                at = Math.max(message.end(), at + 1);
                if (message.last()) return -1;
            }
            return at;
        }

        private String answer(Message message) {
            if (message.verdict() == Verdict.BAD)
                return switch (fault) {
                    case BLAMES_ITSELF -> empty("500 Oh", "Connection: close\r\n");
                    case TAKES_WHAT_IS_BAD -> empty("200 OK", "Connection: close\r\n");
                    case GOES_ON_BEHIND_IT -> empty("400 No", "");
                    default -> empty("400 No", "Connection: close\r\n");
                };
            if (!List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
                    .contains(message.method())) return empty("400 No", "Connection: close\r\n");
            if (fault == Fault.CLOSES) return "";
            var target = Oracle.target(message);
            var body = message.body().getBytes(StandardCharsets.ISO_8859_1);
            var sum = Sum.of(fault == Fault.LOSES_BODIES ? new byte[0] : body);
            bin.take(new Taken(message.method(), target, message.fields(), sum, true));
            if (fault == Fault.READS_BODIES_AS_REQUESTS && message.body().startsWith("GET "))
                bin.take(
                        new Taken("GET", "/smuggled", message.fields(), Sum.of(new byte[0]), true));
            var echo = RequestBin.echo(message.method(), target, sum);
            // What stands behind it then begins as no answer does.
            int length = echo.length() - (fault == Fault.MUMBLES ? 3 : 0);
            var answer =
                    "HTTP/1.1 200 OK\r\nContent-Length: "
                            + length
                            + "\r\n\r\n"
                            + (message.method().equals("HEAD") ? "" : echo);
            return fault == Fault.SAYS_IT_TWICE ? answer + answer : answer;
        }

        private static String empty(String status, String field) {
            return "HTTP/1.1 " + status + "\r\n" + field + "Content-Length: 0\r\n\r\n";
        }
    }
}
