package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.SystemTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class OwnAgeTest {

    @Test
    void agrees_with_the_jdk_to_the_second_that_it_rounds_to() {
        var now = SystemTime.INSTANCE.now();
        var jdk =
                Duration.between(ProcessHandle.current().info().startInstant().orElseThrow(), now);
        assertThat(OwnAge.at(now)).isBetween(jdk.minusMillis(1_100), jdk.plusMillis(1_100));
    }
}
