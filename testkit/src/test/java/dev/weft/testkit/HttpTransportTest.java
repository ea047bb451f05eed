package dev.weft.testkit;

import dev.weft.core.Transport;
import dev.weft.http.HttpTransport;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;

class HttpTransportTest extends TransportContract {

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /** The JDK keeps a pair of sockets for itself from the first one on. */
    @BeforeAll
    static void openOne() throws IOException {
        ServerSocketChannel.open().close();
    }

    @Override
    protected Transport open() {
        return new HttpTransport();
    }

    /** Open sockets, where the operating system tells. */
    @Override
    protected long held() {
        if (!Files.isDirectory(DESCRIPTORS)) return 0;
        try (var descriptors = Files.list(DESCRIPTORS)) {
            return descriptors.filter(HttpTransportTest::isSocket).count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isSocket(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
        } catch (IOException closedMeanwhile) {
            return false;
        }
    }
}
