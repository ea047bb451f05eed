package dev.weft.testkit;

import dev.weft.core.SystemTime;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * A free port for a server that goes and comes again. It lies below those that systems give to who connects: meanwhile nobody
 * gets it, least of all a client that tries to reach the server there, and would be connected with itself.
 */
public final class FreePort {

    private static final int LEAST = 12_000;
    private static final int END = 20_000;

    private FreePort() {}

    /** One of the loopback that is free right now. */
    public static int find() {
        int port;
        do port = SystemTime.INSTANCE.random().nextInt(LEAST, END);
        while (!free(port));
        return port;
    }

    private static boolean free(int port) {
        try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return true;
        } catch (BindException taken) {
            return false;
        } catch (IOException e) {
            throw new AssertionError("no port of the loopback can be had", e);
        }
    }
}
