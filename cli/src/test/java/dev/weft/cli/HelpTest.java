package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What {@code weft COMMAND --help} says. */
class HelpTest {

    @Test
    void every_command_and_what_is_below_it_says_what_it_does_and_how_it_is_called() {
        assertThat(Main.commandLine().getSubcommands())
                .containsKeys("dev", "run", "up", "down", "ps", "logs", "call", "traces", "settle");
        says("weft", Main.commandLine());
    }

    private static void says(String name, CommandLine command) {
        if (command.getCommandSpec().usageMessage().hidden()) return;
        var usage = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
        assertThat(usage).startsWith("Usage: " + name).contains("--help");
        assertThat(command.getCommandSpec().usageMessage().description()).as(name).isNotEmpty();
        command.getSubcommands().forEach((below, its) -> says(name + " " + below, its));
    }
}
