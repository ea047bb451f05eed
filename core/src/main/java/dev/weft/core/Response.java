package dev.weft.core;

/** The answer of an HTTP service, on any transport. Whoever receives it reads or closes the body. */
public record Response(int status, Headers headers, Body body) {

    public static Response of(int status) {
        return new Response(status, Headers.EMPTY, Body.EMPTY);
    }

    /** 200 with plain text. */
    public static Response text(String text) {
        return of(200).header("Content-Type", "text/plain; charset=utf-8").with(Body.of(text));
    }

    public Response with(Body body) {
        return new Response(status, headers, body);
    }

    public Response header(String name, String value) {
        return new Response(status, headers.set(name, value), body);
    }

    public boolean successful() {
        return status < 400;
    }

    /**
     * Whether it goes on for as long as something comes, as a stream of events and another protocol do:
     * the deadline of its call ends with its head.
     */
    public boolean lasting() {
        return status == 101 || headers.mediaType().equals("text/event-stream");
    }
}
