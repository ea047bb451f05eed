package dev.weft.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.assertj.core.api.AbstractAssert;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/**
 * A rule that finds nothing in an offender would let everything pass. Public, so that its nested
 * offenders are.
 */
public class RulesBiteTest {

    @Test
    void a_module_without_a_line_in_the_house_is_noticed() {
        assertThat(offences(Rules.modulesSeeOnlyWhatTheyNeed(), Sleeper.class)).hasSize(1);
    }

    @Test
    void a_foreign_client_outside_its_module_is_noticed() {
        assertThat(offences(Rules.foreignClientsOccurInOneModule(), Revealing.class))
                .anyMatch(offence -> offence.contains("belongs to testkit"));
    }

    @Test
    void a_foreign_type_or_a_future_in_a_signature_is_noticed_also_as_type_argument() {
        assertThat(offences(Rules.publicSignaturesNameNoForeignType(type -> true), Revealing.class))
                .hasSize(2);
    }

    @Test
    void what_is_not_exported_may_name_foreign_types() {
        assertThat(
                        offences(
                                Rules.publicSignaturesNameNoForeignType(type -> false),
                                Revealing.class))
                .isEmpty();
    }

    @Test
    void clocks_sleeping_randomness_and_threads_are_noticed() {
        assertThat(offences(Rules.timeRandomnessAndThreadsComeFromOnePlace(), Sleeper.class))
                .hasSize(9);
    }

    @Test
    void a_sleeping_or_skipped_test_is_noticed() {
        assertThat(offences(Rules.testsNeitherSleepNorSkipNorMock(), Sleeper.class)).hasSize(1);
        assertThat(offences(Rules.testsNeitherSleepNorSkipNorMock(), Skipped.class)).hasSize(1);
        assertThat(offences(Rules.testsNeitherSleepNorSkipNorMock(), Revealing.class)).isEmpty();
    }

    @Test
    void empty_words_in_names_are_noticed() {
        assertThat(offences(Rules.namesSayWhatAThingIs(), AbstractThing.class)).hasSize(1);
        assertThat(offences(Rules.namesSayWhatAThingIs(), ThingHelper.class)).hasSize(1);
        assertThat(offences(Rules.namesSayWhatAThingIs(), Sleeper.class)).isEmpty();
    }

    @Test
    void a_failed_rule_fails_the_test() {
        assertThatThrownBy(() ->
                        Rules.namesSayWhatAThingIs()
                                .check(new ClassFileImporter().importClasses(ThingHelper.class)))
                .isInstanceOf(AssertionError.class);
    }

    private static List<String> offences(ArchRule rule, Class<?> offender) {
        EvaluationResult result = rule.evaluate(new ClassFileImporter().importClasses(offender));
        return result.getFailureReport().getDetails();
    }

    static final class Sleeper {

        final Supplier<Instant> clock = Instant::now;
        final ThreadLocal<String> local = new ThreadLocal<>();

        long sleep() throws InterruptedException {
            Thread.sleep(1);
            Thread.ofVirtual().start(() -> {});
            Executors.newVirtualThreadPerTaskExecutor().close();
            return System.nanoTime() + new Random().nextLong() + UUID.randomUUID().hashCode();
        }
    }

    /** Offends by its signatures. */
    public abstract static class Revealing {

        /** For subclasses. */
        protected Revealing() {}

        /** Shows a future. */
        public abstract CompletableFuture<String> later();

        /** Shows a foreign type as an argument. */
        public abstract void check(List<? extends AbstractAssert<?, ?>> asserts);

        /** Is fine. */
        public abstract List<String> names();
    }

    static final class Skipped {

        @Disabled("an offender")
        void test() {}
    }

    static final class AbstractThing {}

    static final class ThingHelper {}
}
