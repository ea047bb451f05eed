package dev.weft.testkit.fuzz;

import dev.weft.testkit.fuzz.FuzzCase.Ending;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Makes the cases: one to four requests for a connection, mostly one of them odd, sometimes the bytes of all. */
final class Grammar {

    private static final RandomGeneratorFactory<RandomGenerator> RANDOM =
            RandomGeneratorFactory.of("L64X128MixRandom");

    private static final String[] METHODS = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"
    };

    private static final String[] ODD_METHODS = {
        "",
        "get",
        "GETT",
        "G ET",
        "GE\0T",
        "TRACE",
        "CONNECT",
        "PRI",
        "BREW",
        "GET\t",
        "G\u00c9T",
        "(GET)",
        "\u00ff\u00fe",
        "GET,POST",
        "X".repeat(300),
        "X".repeat(9000),
        "POST\u00a0",
        "M-SEARCH",
        "\rGET"
    };

    private static final String[] ODD_TARGETS = {
        "",
        "*",
        "http://a/b",
        "HTTP://A:80/b?c",
        "https://user:secret@a/b",
        "a:80",
        "a",
        "//",
        "//evil/x",
        "/..",
        "/../../etc/passwd",
        "/a/./b",
        "/%",
        "/%2",
        "/%zz",
        "/%00",
        "/%2e%2e/x",
        "/%2f",
        "/%c0%af",
        "/%ff%fe",
        "/a\0b",
        "/\u00e4",
        "/\u00c3\u00a4",
        "/a#b",
        "/#",
        "/a?#",
        "/a b",
        "/a\tb",
        "/a\\b",
        "/a?b?c",
        "/?",
        "?",
        "/a;b=c",
        "/a|b",
        "/<x>",
        "/\"",
        "/{x}",
        "/^`",
        "/a\rb",
        "/a\nb",
        "/_weft/health",
        "/%5fweft/health",
        "ftp://x",
        "/" + "a".repeat(5000),
        "/" + "a".repeat(20_000),
        "/" + "%41".repeat(2000),
        "/a/".repeat(900),
        "/?" + "a=b&".repeat(1500),
        "/\u007f",
        "/.",
        "/a/..;/b",
        "/%E4%B8%AD",
        "http://",
        "http:///x",
        "://",
        "/a?%",
        "/a?x=%zz",
        "/\u0001"
    };

    private static final String[] ODD_VERSIONS = {
        "",
        "HTTP/1.0",
        "HTTP/0.9",
        "HTTP/2.0",
        "HTTP/2",
        "HTTP/1.2",
        "HTTP/1.9",
        "HTTP/3",
        "http/1.1",
        "HTTP/1.1 ",
        " HTTP/1.1",
        "HTTP/11",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/1.10",
        "HTTP/ 1.1",
        "HTTP/1,1",
        "HTTP/-1.1",
        "HTTPS/1.1",
        "HTTP/1.1\0",
        "HTTP/1.1x",
        "HTTP\\1.1",
        "HTTP/\u0661.1",
        "HTTP/9999999999.1",
        "HTTP/1.1 HTTP/1.1",
        "RTSP/1.0"
    };

    private static final String[] ODD_FIELDS = {
        "Host: a",
        "Host: b",
        "Host:",
        "Host : a",
        "hOsT: a",
        "X: \r\n folded",
        "X:\r\n\tfolded",
        " X: y",
        "\tX: y",
        "X : y",
        "X\t: y",
        ": y",
        ":",
        "no colon",
        "",
        "X\0: y",
        "X: \0",
        "X: a\0b",
        "X: a\rb",
        "X: a\nb",
        "X: a\r\rb",
        "X: \u0001",
        "X: \u007f",
        "X: \u001b[31m",
        "X\u00e4: y",
        "X: \u00e4",
        "X: \u00c3\u00a4",
        "X: \u00ff\u00fe",
        "X(: y",
        "X@: y",
        "X y: z",
        "X\u000b: y",
        "X: y\u000b",
        "X:y",
        "X:\t y \t",
        "X:",
        "X: ",
        "X:\t",
        "X::y",
        "X: :",
        "\r",
        "\n",
        "Content-Length : 3",
        "Content-Length\t: 3",
        " Content-Length: 3",
        "Content_Length: 3",
        "Transfer_Encoding: chunked",
        "Content-Length\u00a0: 3",
        "\0Content-Length: 3",
        "Transfer-Encoding : chunked",
        "X: y\r",
        "X: y\n",
        "X\r: y",
        "Connection: close",
        "Connection: keep-alive",
        "Connection: Host",
        "Connection: Content-Length",
        "Connection: Transfer-Encoding",
        "Connection: close, x-fuzz",
        "Connection: ,,,",
        "Connection: \0",
        "Connection: upgrade",
        "Keep-Alive: timeout=99999999999",
        "Proxy-Connection: keep-alive",
        "TE: trailers",
        "TE: chunked",
        "Trailer: Host",
        "Trailer: Content-Length",
        "Max-Forwards: 0",
        "Max-Forwards: -1",
        "Range: bytes=0-",
        "Content-Encoding: gzip",
        "Content-Encoding: x",
        "Content-Type: \u0000",
        "Content-Type: ;;;",
        "Accept: */*;q=nan",
        "Accept-Encoding: " + "gzip,".repeat(200),
        "Cookie: " + "a=b; ".repeat(300),
        "X-HTTP-Method-Override: DELETE",
        "Via: 1.1 a",
        "X-Forwarded-For: 1.2.3.4, \u00ff",
        "X-Forwarded-Host: evil/x",
        "Forwarded: for=\"[::1\"",
        "Forwarded: " + "for=a,".repeat(500),
        "X-Real-IP: x",
        "Origin: null",
        "Authorization: Bearer ",
        "Authorization: Bearer a.b.c",
        "Authorization: " + "x".repeat(3000),
        "Authorization: Basic !",
        "Access-Control-Request-Method: \u0080",
        "Sec-WebSocket-Key: x",
        "HTTP2-Settings: AAMAAABkAAQAAP__"
    };

    private static final String[] ODD_LENGTHS = {
        "",
        "+5",
        "-5",
        "-0",
        "0x5",
        "5.0",
        "5e0",
        "5 5",
        "5,5",
        "5, 5",
        "5,6",
        "5;5",
        "05",
        "00000000000000000005",
        "five",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551621",
        "4294967301",
        "99999999999999999999999999999999",
        "2147483648",
        "\u0665",
        "5\0",
        "\u000b5",
        "5\u000b",
        "5\u00a0",
        "\"5\"",
        "5_0",
        "5,",
        ",5",
        "0,5",
        "1000000000000000000",
        "5\r\n 5",
        "null",
        "NaN",
        "\u00b9",
        "5\r"
    };

    private static final String[] ODD_CODINGS = {
        "chunked, chunked",
        "chunked,chunked",
        "xchunked",
        "chunked;q=1",
        "chunked;q=",
        "chunked;",
        "chunke",
        "chunkedd",
        "Chunked",
        "CHUNKED",
        " chunked ",
        "\tchunked",
        "\u000bchunked",
        "chunked\u000b",
        "chunked\0",
        "\"chunked\"",
        "'chunked'",
        "identity",
        "identity, chunked",
        "chunked, identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "",
        ",",
        ", chunked",
        "chunked,",
        "chunked\r\nTransfer-Encoding: identity",
        "identity\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "\r\nTransfer-Encoding: chunked",
        "\r\n chunked",
        "x\r\n chunked",
        "chun\tked",
        "chun ked",
        "ch\u00fanked",
        "\u0441hunked",
        "chunked\u00a0",
        "deflate",
        "cow",
        "chunked, cow",
        "trailers",
        "\nchunked",
        "\rchunked"
    };

    private static final String[] ODD_SIZES = {
        "",
        "0x5",
        "+5",
        "-5",
        "-0",
        "5 ",
        " 5",
        "5\t",
        "5;",
        "5;a",
        "5;a=b",
        "5 ; a = \"b\"",
        "5;a=\"b",
        "5;\0",
        "5;\u0001",
        "5;a\rb",
        "5;a\nb",
        "05",
        "0000000000000000000000000000005",
        "g",
        "5g",
        "5.",
        "\u0665",
        "80000000",
        "7fffffff",
        "ffffffff",
        "100000005",
        "fffffffffffffffff",
        "8000000000000000",
        "7fffffffffffffff",
        "10000000000000005",
        "5,5",
        "5 5",
        "5\r",
        "5\0",
        "00",
        "-",
        "5;" + "x".repeat(300),
        "5;" + "x".repeat(6000),
        "5;" + "a=b;".repeat(400),
        "5" + " ".repeat(500),
        "5;" + "x".repeat(60_000),
        "\"5\"",
        "5:",
        "5=a",
        "5#",
        "1e0"
    };

    private static final String[] ODD_TRAILERS = {
        "X-Trailer: y\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Host: evil\r\n",
        "x-fuzz-0: stolen\r\n",
        "Authorization: x\r\n",
        "weft-caller: root\r\n",
        "no colon\r\n",
        " folded\r\n",
        "X : y\r\n",
        ": y\r\n",
        "X: \0\r\n",
        "X: y\n",
        "X: y\r",
        "GET /smuggled HTTP/1.1\r\nHost: a\r\n",
        "X: " + "y".repeat(3000) + "\r\n",
        "X: y\r\n".repeat(200),
        "X: y\r\n".repeat(9000),
        "\n",
        "\r"
    };

    private static final String[] ODD_CONTEXT = {
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "traceparent: 00-0-0-0",
        "traceparent: ff",
        "traceparent:",
        "traceparent: 00-00000000000000000000000000000000-0000000000000000-00",
        "traceparent: " + "0".repeat(3000),
        "traceparent: 00-\u00e4",
        "tracestate: a=" + "b".repeat(600),
        "tracestate: =,=,=",
        "tracestate: \u00ff",
        "tracestate: " + "a=b,".repeat(400),
        "baggage: a=b",
        "baggage: =",
        "baggage: a=%zz",
        "baggage: " + "a=b,".repeat(900),
        "baggage: a=\u00e4",
        "baggage: ;;,,==",
        "baggage: %00=%00",
        "weft-deadline-ms: 5000",
        "weft-deadline-ms: -1",
        "weft-deadline-ms: 99999999999999999999",
        "weft-deadline-ms: x",
        "weft-deadline-ms:",
        "weft-deadline-ms: 0",
        "weft-deadline-ms: 1",
        "weft-deadline-ms: 0x10",
        "weft-deadline-ms: 9223372036854775807",
        "weft-attempt: -1",
        "weft-attempt: 2147483648",
        "weft-attempt: x",
        "weft-attempt: 99",
        "weft-criticality: none",
        "weft-criticality: CRITICAL",
        "weft-criticality: \u00e4",
        "weft-caller: root",
        "weft-caller: ;=",
        "weft-peer: 6.6.6.6",
        "weft-after: x",
        "Weft-After: " + "9".repeat(400),
        "Weft-Receipt: x",
        "weft-retryable: maybe",
        "weft-refused: x",
        "b3: 0",
        "b3: 1-1-1",
        "b3: " + "a".repeat(400),
        "Idempotency-Key:",
        "Idempotency-Key: " + "k".repeat(3000),
        "Idempotency-Key: \u00e4",
        "Idempotency-Key: \"a\"",
        "X-B3-TraceId: x",
        "Retry-After: -1"
    };

    private static final String[] EXPECTS = {
        "100-continue",
        "100-Continue",
        "100-continue, 100-continue",
        "101-continue",
        "",
        "200-ok",
        "\0",
        "100-continue;q=1",
        "x=y"
    };

    private static final String[] UPGRADES = {
        "h2c",
        "foo/2, bar",
        "TLS/1.0",
        "",
        ",",
        "\0",
        "HTTP/2.0",
        "WebSocket-ish",
        "h2c\r\nUpgrade: h2c",
        "x".repeat(2000)
    };

    private static final String[] SCRAPS = {
        "\r\n",
        "\n",
        "\r",
        "\0",
        " ",
        "\t",
        ":",
        ",",
        ";",
        "\r\n\r\n",
        "\r\n ",
        "0\r\n\r\n",
        "\u00ff",
        "%",
        "/",
        "HTTP/1.1",
        "GET ",
        "Host: a\r\n",
        "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n",
        "\u00e2\u0080\u00a8",
        "-",
        "+",
        "9",
        "\u0016\u0003\u0001",
        "\u0080"
    };

    private final long seed;
    private final int number;
    private final String host;
    private final List<String> paths;
    private final RandomGenerator random;

    private Grammar(long seed, int number, String host, List<String> paths) {
        this.seed = seed;
        this.number = number;
        this.host = host;
        this.paths = paths;
        random = RANDOM.create(seed * 0x9e3779b97f4a7c15L + number);
    }

    /**
     * @param host what the good ones have as {@code Host}
     * @param paths what they ask for; "/fuzz" for any
     */
    static FuzzCase make(long seed, int number, String host, List<String> paths) {
        return new Grammar(seed, number, host, paths).make();
    }

    private FuzzCase make() {
        var kind = "good";
        var text = new StringBuilder();
        int before = random.nextInt(3);
        for (int i = 0; i < before; i++) text.append(good(i));
        switch (random.nextInt(11)) {
            case 0 -> text.append(good(before));
            case 1, 2 -> {
                kind = "request line";
                text.append(oddLine(before));
            }
            case 3, 4 -> {
                kind = "header";
                text.append(oddFields(before));
            }
            case 5 -> {
                kind = "length";
                text.append(oddLength(before));
            }
            case 6 -> {
                kind = "chunks";
                text.append(oddChunks(before));
            }
            case 7 -> {
                kind = "coding";
                text.append(oddCoding(before));
            }
            case 8 -> {
                kind = "smuggling";
                text.append(smuggled(before));
            }
            case 9 -> {
                kind = "context";
                text.append(context(before));
            }
            default -> {
                kind = "mutation";
                text.append(good(before)).append(good(before + 1));
                for (int i = 1 + random.nextInt(4); i > 0; i--) mutate(text);
            }
        }
        if (chance(3)) text.append(good(before + 2));
        if (chance(12)) {
            kind += ", mutated";
            mutate(text);
        }
        if (chance(10)) {
            kind += ", cut";
            text.setLength(random.nextInt(text.length() + 1));
        }
        int end = random.nextInt(400);
        var ending = end < 40 ? Ending.RESET : end == 40 ? Ending.WAIT : Ending.HALF_CLOSE;
        return new FuzzCase(seed, number, kind, pieces(text.toString()), ending);
    }

    private boolean chance(int oneIn) {
        return random.nextInt(oneIn) == 0;
    }

    private String of(String[] all) {
        return all[random.nextInt(all.length)];
    }

    private String path(int i) {
        return paths.get(random.nextInt(paths.size())) + "/" + number + "/" + i;
    }

    private String start(String method, int i) {
        return method
                + " "
                + path(i)
                + " HTTP/1.1\r\nHost: "
                + host
                + "\r\nx-fuzz-"
                + i
                + ": "
                + number
                + "\r\n";
    }

    private String letters(int most) {
        int length = random.nextInt(most + 1);
        var text = new StringBuilder();
        for (int i = 0; i < length; i++) text.append((char) ('a' + random.nextInt(26)));
        return text.toString();
    }

    private String bodied(String method, int i, String fields, String body) {
        return start(method, i) + fields + "Content-Length: " + body.length() + "\r\n\r\n" + body;
    }

    private String good(int i) {
        var method = of(METHODS);
        return switch (random.nextInt(7)) {
            case 0, 1 -> start(method, i) + "\r\n";
            case 2 -> start(method, i) + "Accept: */*\r\nx-fuzz-more: " + letters(40) + "\r\n\r\n";
            case 3 -> bodied("POST", i, "", letters(60));
            case 4 -> bodied("PUT", i, "Expect: 100-continue\r\n", letters(3000));
            case 5 ->
                    start("POST", i)
                            + "Transfer-Encoding: chunked\r\n\r\n"
                            + chunks(letters(200))
                            + "0\r\n\r\n";
            // What a body holds is no request, however much it looks like one.
            default ->
                    bodied(
                            "POST",
                            i,
                            "",
                            "GET /smuggled/" + number + " HTTP/1.1\r\nHost: a\r\n\r\n");
        };
    }

    private String chunks(String body) {
        var text = new StringBuilder();
        for (int at = 0; at < body.length(); ) {
            int count = 1 + random.nextInt(body.length() - at);
            text.append(Integer.toHexString(count))
                    .append("\r\n")
                    .append(body, at, at + count)
                    .append("\r\n");
            at += count;
        }
        return text.toString();
    }

    private String oddLine(int i) {
        var rest = "Host: " + host + "\r\n\r\n";
        return switch (random.nextInt(7)) {
            case 0 -> of(ODD_METHODS) + " " + path(i) + " HTTP/1.1\r\n" + rest;
            case 1, 2 -> of(METHODS) + " " + of(ODD_TARGETS) + " HTTP/1.1\r\n" + rest;
            case 3 -> "GET " + path(i) + " " + of(ODD_VERSIONS) + "\r\n" + rest;
            case 4 -> "GET " + path(i) + "\r\n" + (chance(2) ? rest : "");
            case 5 -> "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
            default -> of(SCRAPS) + start("GET", i) + "\r\n";
        };
    }

    private String oddFields(int i) {
        var text = new StringBuilder("GET " + path(i) + " HTTP/1.1\r\n");
        if (!chance(12)) text.append("Host: ").append(chance(6) ? of(SCRAPS) : host).append("\r\n");
        switch (random.nextInt(10)) {
            case 0 -> text.append(("x-fuzz-" + i + ": y\r\n").repeat(random.nextInt(400)));
            case 1 ->
                    text.append("x-fuzz-" + i + ": ")
                            .append("y".repeat(random.nextInt(40_000)))
                            .append("\r\n");
            case 2 -> text.append("x".repeat(random.nextInt(20_000))).append(": y\r\n");
            default -> {
                for (int n = 1 + random.nextInt(3); n > 0; n--)
                    text.append(of(ODD_FIELDS)).append(chance(15) ? "\n" : "\r\n");
            }
        }
        return text.append("\r\n").toString();
    }

    private String oddLength(int i) {
        var body = letters(20);
        if (chance(3)) {
            int length = Math.max(0, body.length() + random.nextInt(-5, 40));
            return start("POST", i) + "Content-Length: " + length + "\r\n\r\n" + body;
        }
        if (chance(4))
            return start("POST", i)
                    + "Content-Length: "
                    + of(ODD_LENGTHS)
                    + "\r\nContent-Length: "
                    + of(ODD_LENGTHS)
                    + "\r\n\r\n"
                    + body;
        if (chance(6))
            return bodied(of(METHODS), i, "Content-Length: " + body.length() + "\r\n", body);
        if (chance(8))
            return start("POST", i)
                    + "Content-Length: "
                    + random.nextLong(1L << 40)
                    + "\r\n\r\n"
                    + body;
        return start(of(METHODS), i) + "Content-Length: " + of(ODD_LENGTHS) + "\r\n\r\nhello";
    }

    private String oddChunks(int i) {
        var text = new StringBuilder(start("POST", i) + "Transfer-Encoding: chunked\r\n\r\n");
        text.append(chunks(letters(50)));
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> text.append(of(ODD_SIZES)).append("\r\nhello\r\n0\r\n\r\n");
            case 3 -> text.append("5\r\nhello").append(of(SCRAPS)).append("0\r\n\r\n");
            case 4 -> text.append("5\r\nhelloXX0\r\n\r\n");
            case 5 -> text.append("0\r\n").append(of(ODD_TRAILERS)).append("\r\n");
            case 6 -> text.append(chance(2) ? "0\n\n" : chance(2) ? "0\r\n" : "5\nhello\n0\n\n");
            default -> text.append("4\r\nhello\r\n0\r\n\r\n");
        }
        return text.toString();
    }

    private String oddCoding(int i) {
        return start(of(METHODS), i)
                + (chance(8) ? "transfer-ENCODING" : "Transfer-Encoding")
                + ": "
                + of(ODD_CODINGS)
                + "\r\n"
                + (chance(4) ? "Content-Length: 10\r\n" : "")
                + "\r\n"
                + chunks(letters(30))
                + "0\r\n\r\n";
    }

    private String smuggled(int i) {
        var inner = "GET /smuggled/" + number + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
        var chunked = "Transfer-Encoding: chunked\r\n";
        return switch (random.nextInt(9)) {
            // CL.TE and TE.CL
            case 0 ->
                    start("POST", i)
                            + "Content-Length: "
                            + (5 + inner.length())
                            + "\r\n"
                            + chunked
                            + "\r\n0\r\n\r\n"
                            + inner;
            case 1 ->
                    start("POST", i)
                            + chunked
                            + "Content-Length: 4\r\n\r\n"
                            + chunks(inner)
                            + "0\r\n\r\n";
            // TE.TE: one of them only looks like it.
            case 2 ->
                    start("POST", i)
                            + chunked
                            + "Transfer-Encoding: "
                            + of(ODD_CODINGS)
                            + "\r\n\r\n0\r\n\r\n"
                            + inner;
            case 3 ->
                    start("POST", i)
                            + "Transfer-Encoding"
                            + of(SCRAPS)
                            + ": chunked\r\nContent-Length: "
                            + inner.length()
                            + "\r\n\r\n"
                            + inner;
            // CL.0 and 0.CL
            case 4 -> bodied(of(METHODS), i, "", inner);
            case 5 ->
                    start("POST", i)
                            + "Content-Length: 0\r\nContent-Length: "
                            + inner.length()
                            + "\r\n\r\n"
                            + inner;
            // Between chunks, behind them, in a size.
            case 6 -> start("POST", i) + chunked + "\r\n1\r\nZ" + of(SCRAPS) + "0\r\n\r\n" + inner;
            case 7 ->
                    start("POST", i)
                            + chunked
                            + "\r\n1;\n"
                            + inner.length()
                            + "\r\nZ\r\n0\r\n\r\n"
                            + inner;
            default ->
                    start("GET", i)
                            + "X: y"
                            + of(SCRAPS)
                            + "Content-Length: "
                            + inner.length()
                            + "\r\n\r\n"
                            + inner;
        };
    }

    private String context(int i) {
        if (chance(5)) return bodied("POST", i, "Expect: " + of(EXPECTS) + "\r\n", letters(30));
        if (chance(5))
            return start("GET", i)
                    + "Connection: "
                    + (chance(2) ? "upgrade" : "upgrade, close")
                    + "\r\nUpgrade: "
                    + of(UPGRADES)
                    + "\r\n\r\n";
        var text = new StringBuilder(start(of(METHODS), i));
        for (int n = 1 + random.nextInt(3); n > 0; n--) text.append(of(ODD_CONTEXT)).append("\r\n");
        return text.append("\r\n").toString();
    }

    private void mutate(StringBuilder text) {
        if (text.isEmpty()) return;
        int at = random.nextInt(text.length());
        int end = Math.min(text.length(), at + 1 + random.nextInt(chance(3) ? 40 : 3));
        switch (random.nextInt(6)) {
            case 0 -> text.setCharAt(at, (char) (text.charAt(at) ^ (1 << random.nextInt(8))));
            case 1 -> text.setCharAt(at, (char) random.nextInt(256));
            case 2 -> text.delete(at, end);
            case 3 -> text.insert(at, text.substring(at, end));
            case 4 -> text.insert(at, of(SCRAPS));
            default -> {
                var moved = text.substring(at, end);
                text.delete(at, end);
                text.insert(random.nextInt(text.length() + 1), moved);
            }
        }
    }

    /** As one, or cut at random or where it hurts; small ones sometimes byte by byte. */
    private List<byte[]> pieces(String text) {
        var cuts = new ArrayList<Integer>();
        int style = random.nextInt(10);
        if (style == 0 && text.length() < 400) for (int i = 1; i < text.length(); i++) cuts.add(i);
        else if (style < 4)
            for (int n = random.nextInt(6); n > 0; n--) cuts.add(random.nextInt(text.length() + 1));
        else if (style == 4) {
            for (int i = 0; i < text.length() && cuts.size() < 40; i++)
                if ("\r\n:".indexOf(text.charAt(i)) >= 0 && chance(3)) cuts.add(i + 1);
        }
        cuts.add(text.length());
        cuts.sort(null);
        var pieces = new ArrayList<byte[]>();
        int at = 0;
        for (int cut : cuts) {
            if (cut == at) continue;
            pieces.add(text.substring(at, cut).getBytes(StandardCharsets.ISO_8859_1));
            at = cut;
        }
        return pieces;
    }
}
