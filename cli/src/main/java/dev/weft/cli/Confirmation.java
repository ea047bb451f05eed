package dev.weft.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Asks whoever sits at the terminal before something is done that cannot be undone. */
final class Confirmation {

    private Confirmation() {}

    /**
     * Returns if the answer is yes; {@link CommandFailed} if not, or if nobody can be asked.
     *
     * @param question such as {@code drop 2 events for ever?}
     * @param otherwise what is said when the answer is no
     */
    static void ask(String question, String otherwise) {
        if (!Ink.isTerminal()) throw new CommandFailed(question + " Say --yes.");
        System.out.print(question + " [y/N] ");
        System.out.flush();
        try {
            var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            var answer = in.readLine();
            if (answer == null || !answer.strip().toLowerCase(Locale.ROOT).startsWith("y"))
                throw new CommandFailed(otherwise);
        } catch (IOException e) {
            throw new CommandFailed(otherwise + ": " + e.getMessage(), e);
        }
    }
}
