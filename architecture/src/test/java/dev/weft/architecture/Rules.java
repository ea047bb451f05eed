package dev.weft.architecture;

import static com.tngtech.archunit.lang.SimpleConditionEvent.violated;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import java.time.Clock;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.Timer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The rules, each a value that can be checked against any classes. */
final class Rules {

    /** The one class that reads clocks, sleeps, draws random numbers and starts threads. */
    static final String TIME = "dev.weft.core.SystemTime";

    /** The time of a simulation starts threads too, with a scheduler of its own. */
    private static final String SIMULATED = "dev.weft.testkit.simulation.Simulation";

    private static final Pattern EMPTY_WORDS =
            Pattern.compile("Abstract.*|.*(Manager|Helper|Utils?|Impl)");

    private static final String ANY = "*";

    /** Type to the methods that only {@link #TIME} may use; its subtypes are meant too. */
    private static final Map<Class<?>, Set<String>> AMBIENT =
            Map.ofEntries(
                    Map.entry(System.class, Set.of("nanoTime", "currentTimeMillis")),
                    Map.entry(Clock.class, Set.of("system", "systemUTC", "systemDefaultZone")),
                    Map.entry(InstantSource.class, Set.of("system")),
                    Map.entry(
                            Thread.class,
                            Set.of(
                                    "sleep",
                                    "start",
                                    "startVirtualThread",
                                    "ofVirtual",
                                    "ofPlatform")),
                    Map.entry(Thread.Builder.class, Set.of(ANY)),
                    Map.entry(ThreadLocal.class, Set.of(ANY)),
                    Map.entry(Executors.class, Set.of(ANY)),
                    Map.entry(ForkJoinPool.class, Set.of(ANY)),
                    Map.entry(Timer.class, Set.of(ANY)),
                    Map.entry(TimeUnit.class, Set.of("sleep")),
                    Map.entry(Random.class, Set.of("<init>")),
                    Map.entry(SplittableRandom.class, Set.of("<init>")),
                    Map.entry(ThreadLocalRandom.class, Set.of(ANY)),
                    Map.entry(Math.class, Set.of("random")),
                    Map.entry(UUID.class, Set.of("randomUUID")));

    private Rules() {}

    static ArchRule modulesSeeOnlyWhatTheyNeed() {
        return each(
                "see only the modules that House grants",
                (type, events) -> {
                    String module = House.moduleOf(type).orElseThrow();
                    if (!House.NEEDS.containsKey(module)) {
                        events.add(violated(type, "House.NEEDS has no line for " + module));
                        return;
                    }
                    Set<String> seen = House.seenBy(module);
                    for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                        House.moduleOf(dependency.getTargetClass())
                                .filter(other -> !seen.contains(other))
                                .ifPresent(other ->
                                        events.add(
                                                violated(
                                                        type,
                                                        module
                                                                + " may not see "
                                                                + other
                                                                + ": "
                                                                + dependency.getDescription())));
                    }
                });
    }

    static ArchRule foreignClientsOccurInOneModule() {
        return each(
                "use a foreign client only in the module that owns it",
                (type, events) -> {
                    String module = House.moduleOf(type).orElseThrow();
                    for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                        JavaClass target = dependency.getTargetClass().getBaseComponentType();
                        if (House.isForeign(target)) {
                            String owner = House.ownerOf(target).orElse("nobody (House.OWNERS)");
                            if (!owner.equals(module)) {
                                events.add(
                                        violated(
                                                type,
                                                target.getPackageName()
                                                        + " belongs to "
                                                        + owner
                                                        + ": "
                                                        + dependency.getDescription()));
                            }
                        }
                    }
                });
    }

    /**
     * What is exported names types of ours and of the JDK only. The testkit is the exception: a
     * contract suite is made of JUnit and AssertJ.
     */
    static ArchRule publicSignaturesNameNoForeignType(Predicate<JavaClass> exported) {
        return each(
                "name no foreign client and no future in a public signature",
                (type, events) -> {
                    if (!isVisible(type) || !exported.test(type)) {
                        return;
                    }
                    boolean testkit = House.moduleOf(type).orElseThrow().equals("testkit");
                    Stream<Named> types =
                            Stream.of(
                                            supertypes(type),
                                            type.getFields().stream()
                                                    .filter(Rules::isVisible)
                                                    .flatMap(Rules::signature),
                                            type.getCodeUnits().stream()
                                                    .filter(Rules::isVisible)
                                                    .flatMap(Rules::signature))
                                    .flatMap(stream -> stream);
                    types.filter(named ->
                                    isFuture(named.type())
                                            || (House.isForeign(named.type()) && !testkit))
                            .forEach(named ->
                                    events.add(
                                            violated(
                                                    type,
                                                    named.where()
                                                            + " names "
                                                            + named.type().getName())));
                });
    }

    static ArchRule timeRandomnessAndThreadsComeFromOnePlace() {
        return each(
                "leave clocks, sleeping, randomness and thread starts to " + TIME,
                (type, events) -> {
                    var name = type.getName();
                    if (name.equals(TIME) || name.startsWith(TIME + "$") || name.equals(SIMULATED))
                        return;
                    for (JavaAccess<?> access : type.getAccessesFromSelf()) {
                        if (isAmbient(access.getTarget())) {
                            events.add(violated(type, access.getDescription()));
                        }
                    }
                });
    }

    static ArchRule packagesHaveNoCycles() {
        return slices().matching(House.ROOT + ".(**)").should().beFreeOfCycles();
    }

    static ArchRule namesSayWhatAThingIs() {
        return each(
                "have a name that says what they are",
                (type, events) -> {
                    if (EMPTY_WORDS.matcher(type.getSimpleName()).matches()) {
                        events.add(
                                violated(
                                        type,
                                        type.getName()
                                                + ": no Manager, Helper, Util, Impl or"
                                                + " Abstract"));
                    }
                });
    }

    /** Tests wait on conditions, run all or not at all, and use no mocks. */
    static ArchRule testsNeitherSleepNorSkipNorMock() {
        return each(
                "neither sleep nor skip nor mock",
                (type, events) -> {
                    for (JavaAccess<?> access : type.getAccessesFromSelf()) {
                        AccessTarget target = access.getTarget();
                        if (target.getName().equals("sleep")
                                && (target.getOwner().isEquivalentTo(Thread.class)
                                        || target.getOwner().isEquivalentTo(TimeUnit.class))) {
                            events.add(violated(type, access.getDescription()));
                        }
                    }
                    for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                        JavaClass target = dependency.getTargetClass();
                        if (target.getName().equals("org.junit.jupiter.api.Disabled")
                                || target.getName().equals("org.junit.jupiter.api.Assumptions")
                                || target.getPackageName()
                                        .startsWith("org.junit.jupiter.api.condition")
                                || target.getPackageName().startsWith("org.mockito")) {
                            events.add(violated(type, dependency.getDescription()));
                        }
                    }
                });
    }

    private static boolean isAmbient(AccessTarget target) {
        JavaClass owner = target.getOwner();
        if (owner.getPackageName().equals("java.time") && target.getName().equals("now")) {
            return true;
        }
        return AMBIENT.entrySet().stream()
                .filter(entry -> owner.isAssignableTo(entry.getKey()))
                .anyMatch(entry ->
                        entry.getValue().contains(target.getName())
                                || entry.getValue().contains(ANY));
    }

    private static boolean isFuture(JavaClass type) {
        return type.isEquivalentTo(CompletableFuture.class)
                || type.isEquivalentTo(CompletionStage.class)
                || type.getName().startsWith(Flow.class.getName());
    }

    private static boolean isVisible(JavaClass type) {
        return isVisible(type.getModifiers())
                && type.getEnclosingClass().map(Rules::isVisible).orElse(true);
    }

    private static boolean isVisible(JavaMember member) {
        return isVisible(member.getModifiers());
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return (modifiers.contains(JavaModifier.PUBLIC)
                        || modifiers.contains(JavaModifier.PROTECTED))
                && !modifiers.contains(JavaModifier.SYNTHETIC);
    }

    private static Stream<Named> supertypes(JavaClass type) {
        return Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream())
                .flatMap(supertype -> raw(type.getName(), supertype));
    }

    private static Stream<Named> signature(JavaField field) {
        return raw(field.getFullName(), field.getType());
    }

    private static Stream<Named> signature(JavaCodeUnit unit) {
        return Stream.of(
                        raw(unit.getFullName(), unit.getReturnType()),
                        unit.getParameterTypes().stream()
                                .flatMap(parameter -> raw(unit.getFullName(), parameter)),
                        unit.getExceptionTypes().stream()
                                .flatMap(thrown -> raw(unit.getFullName(), thrown)))
                .flatMap(stream -> stream);
    }

    private static Stream<Named> raw(String where, JavaType type) {
        return type.getAllInvolvedRawTypes().stream()
                .map(involved -> new Named(where, involved.getBaseComponentType()));
    }

    private static ArchRule each(
            String description, BiConsumer<JavaClass, ConditionEvents> condition) {
        return classes()
                .should(
                        new ArchCondition<JavaClass>(description) {
                            @Override
                            public void check(JavaClass type, ConditionEvents events) {
                                condition.accept(type, events);
                            }
                        })
                .allowEmptyShould(true);
    }

    private record Named(String where, JavaClass type) {}
}
