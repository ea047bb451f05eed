package dev.weft.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Ports of this machine's loopback. */
final class Ports {

    private Ports() {}

    /**
     * Complains if somebody else listens there, or nobody can.
     *
     * @param what wants it: "the gateway"
     * @param remedy how to take another
     */
    static void requireFree(int port, String what, String remedy) {
        if (port < 1 || port > 65_535)
            throw new CommandFailed(
                    "a port is a number from 1 to 65535, not " + port + " (for " + what + ")");
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        } catch (IOException e) {
            throw new CommandFailed(
                    "port " + port + " for " + what + " is in use" + whose(port) + "; " + remedy,
                    e);
        }
    }

    private static String whose(int port) {
        for (var system : Systems.ofThisUser().all())
            if (system.admin().endsWith(":" + port) || system.gateway().endsWith(":" + port))
                return " by the system "
                        + system.name()
                        + " (process "
                        + system.pid()
                        + " in "
                        + system.folder()
                        + ")";
        return "";
    }

    /** A port that is free right now. */
    static int free() throws IOException {
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return socket.getLocalPort();
        }
    }
}
