package dev.weft.cli;

/** A command cannot do what it was asked; the message is for the person who asked, as it stands. */
final class CommandFailed extends RuntimeException {

    private static final long serialVersionUID = 1;

    CommandFailed(String message) {
        super(message);
    }

    CommandFailed(String message, Throwable cause) {
        super(message, cause);
    }

    /** The message; there always is one. */
    String text() {
        return String.valueOf(getMessage());
    }
}
