package dev.weft.gateway.jwt;

import dev.weft.core.Failure;
import dev.weft.core.Service;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a file or a URL, of at most a mebibyte; redirects are followed, but not from https to http. */
final class KeyReader implements Service<URI, byte[]> {

    private static final int MAX_BYTES = 1 << 20;

    @Override
    public byte[] call(URI location) throws IOException, InterruptedException {
        return "file".equals(location.getScheme()) ? file(Path.of(location)) : url(location);
    }

    private static byte[] file(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            var bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES)
                throw new Failure.TooLarge(
                        "it is larger than the limit of " + MAX_BYTES + " bytes");
            return bytes;
        } catch (NoSuchFileException e) {
            throw new IOException("there is no such file", e);
        }
    }

    private static byte[] url(URI url) throws IOException, InterruptedException {
        // This is seldom done, so nothing is kept between.
        var client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NORMAL).build();
        try {
            var request = HttpRequest.newBuilder(url).header("Accept", "application/json").build();
            var answer =
                    client.send(
                            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BYTES));
            if (answer.statusCode() != 200)
                throw new IOException("it was answered with " + answer.statusCode());
            return answer.body();
        } finally {
            client.shutdownNow();
        }
    }
}
