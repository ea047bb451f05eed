package dev.weft.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class BearerTokenTest {

    private static final Service<Request, Response> GUARDED =
            BearerToken.required("secret").then(request -> Response.of(204));

    private static Request showing(String authorization) {
        return Request.get("/").header("Authorization", authorization);
    }

    @Test
    void lets_those_pass_that_show_the_token_however_they_write_the_scheme() throws Exception {
        for (var shown : List.of("Bearer secret", "bearer secret", "BEARER  secret "))
            assertThat(GUARDED.call(showing(shown)).status()).as(shown).isEqualTo(204);
    }

    @Test
    void tells_all_others_what_to_send_and_not_what_was_wanted() {
        for (var request :
                List.of(
                        Request.get("/"),
                        showing("Bearer other"),
                        showing("Bearer secret2"),
                        showing("Bearer"),
                        showing("Basic secret"),
                        showing("secret")))
            assertThatThrownBy(() -> GUARDED.call(request))
                    .isInstanceOfSatisfying(
                            Failure.Answered.class,
                            e -> {
                                assertThat(e.problem().status()).isEqualTo(401);
                                assertThat(e.problem().detail())
                                        .contains("Authorization: Bearer")
                                        .doesNotContain("secret");
                            });
    }
}
