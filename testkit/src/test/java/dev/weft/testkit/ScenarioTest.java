package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventQuery;
import dev.weft.events.EventType;
import org.junit.jupiter.api.Test;

class ScenarioTest {

    public record Changed(long by) {}

    private static final Scenario<Long, Long, Changed> PURSE =
            Scenario.of(
                    Decider.of(
                            "purse",
                            0L,
                            (amount, held) ->
                                    amount == 0
                                            ? Decision.nothing()
                                            : held + amount < 0
                                                    ? Decision.reject(
                                                            "too-little", "it holds " + held)
                                                    : Decision.emit(new Changed(amount)),
                            (held, event) -> held + event.by(),
                            EventType.of("changed", Changed.class)));

    @Test
    void says_what_a_command_brings_about_and_the_state_behind_it() {
        assertThat(PURSE.state()).isZero();
        var rich = PURSE.given(new Changed(5)).given(new Changed(2));
        assertThat(rich.when(-4L).then(new Changed(-4))).isEqualTo(3);
        assertThat(rich.when(0L).thenNothing()).isEqualTo(7);
        assertThat(rich.when(-8L).thenRejected("too-little")).isEqualTo("it holds 7");
        assertThat(rich.state()).isEqualTo(7);
    }

    @Test
    void fails_when_something_else_happens() {
        assertThatThrownBy(() -> PURSE.when(1L).then(new Changed(2)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("what 1 brings about")
                .hasMessageContaining("by=2");
        assertThatThrownBy(() -> PURSE.when(1L).thenNothing()).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> PURSE.when(-1L).then(new Changed(-1)))
                .hasMessage("-1 was rejected: too-little, it holds 0");
        assertThatThrownBy(() -> PURSE.when(-1L).thenNothing()).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> PURSE.when(1L).thenRejected("too-little"))
                .hasMessageContaining("1 was not rejected as too-little, but brought about");
        assertThatThrownBy(() -> PURSE.when(-1L).thenRejected("too-much"))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void says_what_a_decision_is_held_against() {
        var taken = EventQuery.ALL.tagged("name:1");
        var names =
                Scenario.of(
                        Decider.<Long, Long, Changed>of(
                                "name",
                                0L,
                                (name, state) ->
                                        Decision.unless(taken, "taken", "it is taken")
                                                .emit(new Changed(name)),
                                (state, event) -> event.by(),
                                EventType.of("changed", Changed.class)));
        assertThat(names.when(1L).unless()).containsExactly(taken);
        assertThat(PURSE.when(1L).unless()).isEmpty();
        assertThat(PURSE.when(-1L).unless()).isEmpty();
    }

    public record Unwritable(Object[] parts) {}

    @Test
    void fails_on_an_event_that_no_log_could_keep() {
        var odd =
                Scenario.of(
                        Decider.<Long, Long, Unwritable>of(
                                "odd",
                                0L,
                                (command, state) -> Decision.emit(new Unwritable(new Object[0])),
                                (state, event) -> state,
                                EventType.of("odd", Unwritable.class)));
        assertThatThrownBy(() -> odd.when(1L)).isInstanceOf(IllegalArgumentException.class);
    }
}
