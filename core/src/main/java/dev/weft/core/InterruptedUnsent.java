package dev.weft.core;

/** The interruption of a call of which nothing was written yet, so that making it again is always safe. */
public final class InterruptedUnsent extends InterruptedException {

    private static final long serialVersionUID = 1;
    private final boolean connecting;

    /**
     * @param connecting whether it was the peer that was waited for, which did not take the connection; else it was
     *     something on this side, such as a connection that is free
     */
    public InterruptedUnsent(String message, boolean connecting) {
        super(message);
        this.connecting = connecting;
    }

    public boolean connecting() {
        return connecting;
    }
}
