package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Instance;
import dev.weft.core.Method;
import dev.weft.core.ServerOptions;
import dev.weft.http.HttpTransport;
import dev.weft.testkit.fuzz.Complaints;
import dev.weft.testkit.fuzz.HttpFuzzer;
import dev.weft.testkit.fuzz.RequestBin;
import dev.weft.testkit.fuzz.StrictServer;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The gateway under fuzz, before a server that takes nothing but what is right; {@code -Dweft.fuzz.seed} and {@code
 * -Dweft.fuzz.case} run one case again.
 */
@Timeout(120)
class GatewayFuzzTest {

    private static final int CONNECTIONS = 16;
    private static final int CASES = 2_000;
    private static final ServerOptions LIMITS =
            new ServerOptions(
                    "127.0.0.1", 0, 1 << 20, 16 << 10, CONNECTIONS, Duration.ofSeconds(5));

    @Test
    void what_is_behind_gets_what_was_meant_and_nothing_else() throws Exception {
        var bin = new RequestBin();
        try (var around = new Surroundings(new HttpTransport());
                var behind = new StrictServer(bin);
                var complaints = new Complaints()) {
            around.registry.register(
                    new Instance(
                            "bin", "bin-1", behind.address(), Instance.State.READY, everything()));
            var fuzzer =
                    HttpFuzzer.of(around.gateway(Surroundings.options().server(LIMITS)).address())
                            .bin(bin)
                            .seed(Long.getLong("weft.fuzz.seed", 1))
                            .only(Integer.getInteger("weft.fuzz.case", -1));
            var report = fuzzer.run(CASES);
            fuzzer.answersOn(CONNECTIONS);
            assertThat(report.resets()).isLessThan(CASES / 100);
            assertThat(complaints.all()).as(report.toString()).isEmpty();
            assertThat(report.byStatus()).containsKeys(200, 400, 413, 431, 501, 505);
        }
    }

    private static List<String> everything() {
        return Stream.of(Method.values()).map(method -> method + " /{rest...}").toList();
    }
}
