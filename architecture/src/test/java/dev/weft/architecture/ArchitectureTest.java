package dev.weft.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds all modules to the rules; see House for who may see whom. */
class ArchitectureTest {

    private static final JavaClasses OURS =
            new ClassFileImporter()
                    .withImportOption(location -> !location.contains("/test-classes/"))
                    .importPackages(House.ROOT);

    private static final List<ModuleReference> MODULES =
            Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                    .map(Path::of)
                    .flatMap(path -> ModuleFinder.of(path).findAll().stream())
                    .filter(module -> module.descriptor().name().startsWith(House.ROOT + "."))
                    .toList();

    private static final Set<String> EXPORTED =
            MODULES.stream()
                    .flatMap(module -> module.descriptor().exports().stream())
                    .filter(export -> !export.isQualified())
                    .map(export -> export.source())
                    .collect(Collectors.toSet());

    @Test
    void all_modules_are_here_to_be_checked() {
        assertThat(MODULES)
                .extracting(module -> module.descriptor().name())
                .containsExactlyInAnyOrderElementsOf(
                        House.NEEDS.keySet().stream()
                                .map(name -> House.ROOT + "." + name)
                                .toList());
    }

    @Test
    void every_module_is_null_marked() throws IOException {
        for (ModuleReference module : MODULES) {
            try (InputStream in = module.open().open("module-info.class").orElseThrow()) {
                assertThat(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1))
                        .as(module.descriptor().name())
                        .contains("Lorg/jspecify/annotations/NullMarked;");
            }
        }
    }

    @Test
    void core_needs_the_jdk_only() {
        assertThat(MODULES)
                .filteredOn(module -> module.descriptor().name().equals("dev.weft.core"))
                .flatExtracting(module -> module.descriptor().requires())
                .extracting(requires -> requires.name())
                .allMatch(name -> name.startsWith("java.") || name.equals("org.jspecify"));
    }

    @Test
    void modules_see_only_what_they_need() {
        Rules.modulesSeeOnlyWhatTheyNeed().check(OURS);
    }

    @Test
    void foreign_clients_occur_in_one_module() {
        Rules.foreignClientsOccurInOneModule().check(OURS);
    }

    @Test
    void public_signatures_name_no_foreign_type() {
        Rules.publicSignaturesNameNoForeignType(ArchitectureTest::isExported).check(OURS);
    }

    @Test
    void time_randomness_and_threads_come_from_one_place() {
        Rules.timeRandomnessAndThreadsComeFromOnePlace().check(OURS);
    }

    @Test
    void packages_have_no_cycles() {
        Rules.packagesHaveNoCycles().allowEmptyShould(true).check(OURS);
    }

    @Test
    void names_say_what_a_thing_is() {
        Rules.namesSayWhatAThingIs().check(OURS);
    }

    @Test
    void tests_neither_sleep_nor_skip_nor_mock() throws Exception {
        JavaClasses tests = new ClassFileImporter().importPaths(testsOfAllModules());
        Rules.testsNeitherSleepNorSkipNorMock().check(tests);
    }

    /** Tests are in no jar. They lie beside ours: {@code MODULE/target}, or all in one folder. */
    private static List<Path> testsOfAllModules() throws Exception {
        Path own =
                Path.of(
                        ArchitectureTest.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        boolean usual = own.endsWith(Path.of("target", "test-classes"));
        Path all = own.getParent().getParent();
        try (Stream<Path> folders = Files.walk(usual ? all.getParent() : all, 4)) {
            return folders.filter(folder -> folder.endsWith("test-classes"))
                    .filter(folder -> !folder.equals(own))
                    .filter(folder -> !usual || folder.getParent().endsWith("target"))
                    .toList();
        }
    }

    private static boolean isExported(JavaClass type) {
        return EXPORTED.contains(type.getPackageName());
    }
}
