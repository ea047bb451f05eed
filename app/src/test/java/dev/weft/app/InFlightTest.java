package dev.weft.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Load;
import dev.weft.core.Request;
import dev.weft.core.Response;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

class InFlightTest {

    @Test
    void the_load_is_what_is_worked_on_until_it_is_answered_or_fails() throws Exception {
        var inFlight = new InFlight();
        var loads = new ArrayList<Integer>();
        inFlight.apply(
                Request.get("/"),
                outer ->
                        inFlight.apply(
                                outer,
                                inner -> {
                                    loads.add(inFlight.load().orElseThrow().inFlight());
                                    return Response.of(204);
                                }));
        assertThatThrownBy(() ->
                        inFlight.apply(
                                Request.get("/"),
                                request -> {
                                    loads.add(inFlight.load().orElseThrow().inFlight());
                                    throw new IllegalStateException("as the test wants it");
                                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(loads).containsExactly(2, 1);
        assertThat(inFlight.load()).contains(new Load(0, 0));
    }
}
