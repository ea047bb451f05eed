package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Problem;
import dev.weft.events.Call;
import dev.weft.events.EventType;
import dev.weft.events.Next;
import dev.weft.events.Saga;
import dev.weft.http.Endpoint;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SagaScenarioTest {

    public record Rang(String door) {}

    public record Fetch(String who) {}

    public record Came(String who, int after) {}

    public record Visit(String door, String stage) {}

    private static final EventType<Rang> RANG = EventType.of("rang", Rang.class);
    private static final EventType<Rang> LEFT = EventType.of("left", Rang.class);
    private static final Call<Fetch, Came> FETCH =
            Call.of("fetch", "house", Endpoint.post("/fetch", Fetch.class, Came.class));
    private static final Saga<Visit> VISIT =
            Saga.of("visit", Visit.class)
                    .begin(
                            RANG,
                            Rang::door,
                            rang ->
                                    Next.to(new Visit(rang.door(), "rang"))
                                            .call(FETCH, new Fetch("ann"))
                                            .after(Duration.ofMinutes(1), "nobody"))
                    .on(
                            LEFT,
                            Rang::door,
                            (visit, left) ->
                                    visit.stage().equals("rang")
                                            ? Next.to(new Visit(visit.door(), "left")).done()
                                            : Next.unexpected())
                    .answered(
                            FETCH,
                            (visit, asked, came) ->
                                    Next.to(
                                            new Visit(
                                                    visit.door(),
                                                    asked.who() + " came after " + came.after())))
                    .refused(FETCH, (visit, problem) -> Next.to(visit).done())
                    .due("nobody", visit -> Next.to(visit).giveUp(FETCH).done());

    private static final SagaScenario<Visit> RINGING =
            SagaScenario.of(VISIT).hears(RANG, new Rang("front"));

    @Test
    void says_what_comes_of_each_input() {
        RINGING.then(
                Next.to(new Visit("front", "rang"))
                        .call(FETCH, new Fetch("ann"))
                        .after(Duration.ofMinutes(1), "nobody"));
        assertThat(RINGING.answers(FETCH, new Came("ann", 7)).state().stage())
                .isEqualTo("ann came after 7");
        RINGING.refuses(FETCH, Problem.of(404, "nobody-there", "no"))
                .then(Next.to(new Visit("front", "rang")).done())
                .thenDone();
        RINGING.due("nobody").thenDone().answers(FETCH, new Came("ann", 7)).thenUnexpected();
    }

    @Test
    void what_a_reaction_has_no_use_for_is_unexpected() {
        SagaScenario.of(VISIT).hears(LEFT, new Rang("front")).thenUnexpected();
        RINGING.hears(RANG, new Rang("front")).thenUnexpected();
        SagaScenario.of(VISIT, new Visit("front", "inside"))
                .hears(LEFT, new Rang("front"))
                .thenUnexpected();
    }

    @Test
    void what_does_not_hold_is_said() {
        assertThatThrownBy(() -> RINGING.then(Next.to(new Visit("front", "rang"))))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("front");
        assertThatThrownBy(RINGING::thenDone).isInstanceOf(AssertionError.class);
    }

    @Test
    void what_a_saga_tells_is_declared() {
        var telling =
                Saga.of("telling", Visit.class)
                        .begin(
                                RANG,
                                Rang::door,
                                rang ->
                                        Next.to(new Visit("front", "told"))
                                                .publish(LEFT.of("front", rang)));
        assertThatThrownBy(() -> SagaScenario.of(telling).hears(RANG, new Rang("front")))
                .hasMessageContaining("telling publishes left behind rang")
                .hasMessageContaining("publishes(");
        SagaScenario.of(telling.publishes(LEFT))
                .hears(RANG, new Rang("front"))
                .then(
                        Next.to(new Visit("front", "told"))
                                .publish(LEFT.of("front", new Rang("front"))));
    }

    @Test
    void calls_and_timers_that_lead_nowhere_are_refused() {
        var base = Saga.of("lost", Visit.class);
        var calling =
                base.begin(
                        RANG,
                        Rang::door,
                        rang -> Next.to(new Visit("a", "b")).call(FETCH, new Fetch("ann")));
        assertThatThrownBy(() -> SagaScenario.of(calling).hears(RANG, new Rang("front")))
                .hasMessageContaining("answered(");
        var timing =
                base.begin(
                        RANG,
                        Rang::door,
                        rang -> Next.to(new Visit("a", "b")).after(Duration.ZERO, "nobody"));
        assertThatThrownBy(() -> SagaScenario.of(timing).hears(RANG, new Rang("front")))
                .hasMessageContaining("due(\"nobody\"");
        var both = VISIT.due("again", visit -> Next.to(visit).call(FETCH, new Fetch("ann")).done());
        assertThatThrownBy(() -> SagaScenario.of(both, new Visit("a", "b")).due("again"))
                .hasMessageContaining("wait for its answer");
        assertThatThrownBy(() -> VISIT.due("nobody", Next::to)).hasMessageContaining("twice");
        var hopeful = calling.answered(FETCH, (visit, came) -> Next.to(visit));
        assertThatThrownBy(() -> SagaScenario.of(hopeful).hears(RANG, new Rang("front")))
                .hasMessageContaining("lost calls fetch of house")
                .hasMessageContaining("refused(");
    }

    @Test
    void an_event_that_begins_an_instance_is_not_taken_by_it_too() {
        assertThatThrownBy(() -> VISIT.on(RANG, Rang::door, (visit, rang) -> Next.to(visit)))
                .hasMessageContaining("visit reacts twice to the same: rang");
        assertThatThrownBy(
                        () -> VISIT.begin(LEFT, Rang::door, left -> Next.to(new Visit("a", "b"))))
                .hasMessageContaining("visit reacts twice to the same: left");
    }
}
