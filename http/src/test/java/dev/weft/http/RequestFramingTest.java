package dev.weft.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What of a connection's bytes reaches the parser, and in which pieces. */
class RequestFramingTest {

    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String CHUNKED =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    private static RequestFraming framing(String... pieces) {
        var left = new ArrayDeque<byte[]>();
        for (var piece : pieces) left.add(piece.getBytes(StandardCharsets.ISO_8859_1));
        return new RequestFraming(left::poll, "http", 200, 400, 1000);
    }

    private static @Nullable String next(RequestFraming framing) {
        var bytes = framing.get();
        return bytes == null ? null : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static List<String> all(String... pieces) {
        var all = new ArrayList<String>();
        var framing = framing(pieces);
        for (var one = next(framing); one != null; one = next(framing)) all.add(one);
        return all;
    }

    private static String[] singly(String text) {
        return text.split("(?<=.)", -1);
    }

    @Test
    void each_request_is_handed_on_for_itself() {
        var post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
        assertThat(all(GET + post + "hello" + GET)).containsExactly(GET, post, "hello", GET);
    }

    @Test
    void a_head_is_handed_on_as_a_whole_however_it_comes() {
        assertThat(all(singly(GET + GET))).containsExactly(GET, GET);
    }

    @Test
    void empty_lines_before_a_request_are_forgiven() {
        assertThat(all("\r\n" + GET)).containsExactly(GET);
        assertThat(all("\r", "\n", GET)).containsExactly(GET);
        assertThat(all("\r\n\r\n\r", "\n" + GET)).containsExactly(GET);
        refused(400, "\r" + GET);
    }

    @Test
    void chunks_are_framed_anew_as_they_come_without_extensions_and_trailers() {
        assertThat(all(CHUNKED + "5;a=b\r\nhel", "lo\r\n0\r\nX: y\r\n\r\n" + GET))
                .containsExactly(CHUNKED, "3\r\nhel\r\n", "2\r\nlo\r\n", "0\r\n\r\n", GET);
        assertThat(String.join("", all(singly(CHUNKED + "005 ; a = \"b\"\r\nhello\r\n00\r\n\r\n"))))
                .isEqualTo(CHUNKED + "1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n");
    }

    @Test
    void what_other_parsers_may_read_in_another_way_is_refused() {
        for (var head :
                List.of(
                        "GET / HTTP/1.1\nHost: a\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nX: y\nContent-Length: 5\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length\u000b: 5\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
                        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                        "GET / HTTP/1.1\r\n\r\n",
                        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
                        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
                        "GET /\u00e4 HTTP/1.1\r\nHost: a\r\n\r\n",
                        "G\0T / HTTP/1.1\r\nHost: a\r\n\r\n")) refused(400, head);
    }

    @Test
    void a_target_with_the_host_of_the_request_is_its_path() {
        assertThat(all("GET http://a:80/b?c HTTP/1.1\r\nHost: A:80\r\n\r\n" + GET))
                .containsExactly("GET /b?c HTTP/1.1\r\nHost: A:80\r\n\r\n", GET);
        assertThat(all(singly("GET HTTP://a HTTP/1.1\r\nX: y\r\nHost:  a \r\n\r\n" + GET)))
                .containsExactly("GET / HTTP/1.1\r\nX: y\r\nHost:  a \r\n\r\n", GET);
        assertThat(all("GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n"))
                .containsExactly("GET /?b HTTP/1.1\r\nHost: a\r\n\r\n");
        for (var target :
                List.of(
                        "http://a:81/",
                        "http://",
                        "http:///b",
                        "http:/a/",
                        "https://a/",
                        "ftp://a/",
                        "http://u@a/",
                        "http://a#b",
                        "http://a/#b",
                        "http://a.b/"))
            refused(400, "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    @Test
    void a_body_has_one_length_or_is_chunked() {
        for (var field :
                List.of(
                        "Content-Length: 5\r\nContent-Length: 5",
                        "Content-Length: 5, 5",
                        "Content-Length: +5",
                        "Content-Length:",
                        "Content-Length: 9999999999999999999",
                        "Content-Length: 5\r\nTransfer-Encoding: chunked",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                        "Transfer-Encoding: chunked, chunked",
                        "Transfer-Encoding: xchunked",
                        "Transfer-Encoding: identity",
                        "Transfer-Encoding: \u000bchunked",
                        "Transfer-Encoding:"))
            refused(400, "POST / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\nhello");
    }

    @Test
    void bad_chunks_are_refused_and_stay_so() {
        for (var body :
                List.of(
                        "5\r\nhelloXX0\r\n\r\n",
                        "5\r\nhello\n0\r\n\r\n",
                        "5\r\nhello!\r\n0\r\n\r\n",
                        "5\nhello\r\n0\r\n\r\n",
                        "\r\n",
                        "-5\r\n",
                        "0x5\r\n",
                        "5 \r\n",
                        "5;\n5\r\n",
                        "fffffffffffffffff\r\n",
                        "3e9\r\n",
                        "5;" + "x".repeat(2000) + "\r\n",
                        "0".repeat(5000),
                        "0\r\nX : y\r\n\r\n",
                        "0\r\n" + "X: y\r\n".repeat(100) + "\r\n")) {
            var framing = framing(CHUNKED + body + GET);
            assertThat(next(framing)).isEqualTo(CHUNKED);
            for (int i = 0; i < 3; i++)
                assertThatThrownBy(() -> drain(framing))
                        .as(body)
                        .isInstanceOf(RequestException.class);
        }
    }

    private static void drain(RequestFraming framing) {
        while (next(framing) != null) assertThat(next(framing)).isNotEqualTo(GET);
    }

    @Test
    void what_is_too_long_is_refused_before_it_ends() {
        refused(414, "GET /" + "a".repeat(300));
        refused(431, "GET / HTTP/1.1\r\nX: " + "a".repeat(500));
        refused(431, "GET / HTTP/1.1\r\n" + "X: y\r\n".repeat(100) + "\r\n");
    }

    @Test
    void other_versions_and_methods_in_small_letters_are_not_served() {
        refused(505, "GET / HTTP/1.0\r\n\r\n");
        refused(505, "PRI / HTTP/2.0\r\n\r\nSM\r\n\r\n");
        refused(400, "GET / HTTP/11\r\n\r\n");
        refused(501, "get / HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    @Test
    void a_head_that_is_cut_ends_the_connection() {
        var framing = framing("GET / HT");
        assertThatThrownBy(framing::get).isInstanceOf(CloseConnectionException.class);
    }

    @Test
    void headers_beyond_ascii_are_kept_as_they_came() {
        var framing = framing("GET / HTTP/1.1\r\nHost: a\r\nX:  \u00c3\u00a4 \r\n\r\n" + GET);
        framing.get();
        assertThat(framing.headers()).hasToString("[Host: a, X: \u00c3\u00a4]");
        framing.get();
        assertThat(framing.headers()).isNull();
    }

    @Test
    void what_is_no_http_any_more_passes_as_it_comes() {
        var framing = framing(GET + "\0anything", "\n\n");
        assertThat(next(framing)).isEqualTo(GET);
        framing.end();
        assertThat(next(framing)).isEqualTo("\0anything");
        assertThat(next(framing)).isEqualTo("\n\n");
        assertThat(next(framing)).isNull();
    }

    private static void refused(int status, String text) {
        assertThatThrownBy(() -> all(text))
                .as(text)
                .isInstanceOfSatisfying(
                        RequestException.class,
                        e -> assertThat(e.status().code()).isEqualTo(status));
        assertThatThrownBy(() -> all(singly(text))).isInstanceOf(RequestException.class);
    }
}
