package dev.weft.cli;

import java.io.Console;
import java.util.List;
import java.util.Optional;

/** Colours for a terminal, or none. */
record Ink(boolean colours) {

    private static final List<Integer> NAMES = List.of(36, 32, 33, 35, 34, 96, 92, 93, 95, 94);

    /** Colours if both ends of this process are a terminal and {@code NO_COLOR} is not set. */
    static Ink ofTerminal() {
        var no = System.getenv("NO_COLOR");
        if ((no != null && !no.isEmpty()) || "dumb".equals(System.getenv("TERM")))
            return new Ink(false);
        return new Ink(isTerminal());
    }

    /** Whether a person sits at both ends of this process. */
    static boolean isTerminal() {
        return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    }

    /** The text in the colour that the name always has. */
    String named(String name, String text) {
        return paint(NAMES.get(Math.floorMod(name.hashCode(), NAMES.size())), text);
    }

    String red(String text) {
        return paint(31, text);
    }

    String green(String text) {
        return paint(32, text);
    }

    String grey(String text) {
        return paint(90, text);
    }

    String bold(String text) {
        return paint(1, text);
    }

    private String paint(int code, String text) {
        return colours ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
