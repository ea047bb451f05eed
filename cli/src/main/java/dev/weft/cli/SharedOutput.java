package dev.weft.cli;

import dev.weft.supervisor.Logs;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The standard output of a process that several services share: whole lines go to the logs under
 * the name of the service whose code is printing, which is the nearest caller that comes from a
 * service's class loader.
 */
final class SharedOutput extends OutputStream {

    private static final StackWalker STACK =
            StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private final Logs logs;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);

    SharedOutput(Logs logs) {
        this.logs = logs;
    }

    @Override
    public synchronized void write(int one) {
        if (one == '\n' || line.size() == Logs.MAX_LINE_BYTES) endLine();
        if (one != '\n') line.write(one);
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) write(bytes[i]);
    }

    private void endLine() {
        var text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        try {
            logs.add(printing(), "", text);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String printing() {
        return STACK.walk(frames ->
                frames.map(frame -> frame.getDeclaringClass().getClassLoader())
                        .filter(Guest::isServices)
                        .map(ClassLoader::getName)
                        .findFirst()
                        .orElse("weft"));
    }
}
