package dev.weft.postgres;

import dev.weft.core.SystemTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;

/** One server for all tests of this module; each case has a schema of its own. */
final class TestServer {

    private static final AtomicInteger SCHEMAS = new AtomicInteger();

    /** Begun with the first test, ended with the process. */
    private static final PostgresServer SERVER = start();

    private TestServer() {}

    private static PostgresServer start() {
        try {
            var server = PostgresServer.start(folder().resolve("server"), SystemTime.INSTANCE);
            Runtime.getRuntime().addShutdownHook(new Thread(server::close));
            return server;
        } catch (InterruptedException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A folder that other users may look into, as root's servers are theirs. */
    static Path folder() throws IOException {
        var folder = Files.createTempDirectory("weft-postgres-");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        return folder;
    }

    static String url(String schema) {
        return SERVER.url() + "?schema=" + schema;
    }

    static String freshSchema() {
        return "case_" + SCHEMAS.incrementAndGet();
    }
}
