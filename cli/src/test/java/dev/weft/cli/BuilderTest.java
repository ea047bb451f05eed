package dev.weft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuilderTest {

    @TempDir Path folder;
    private Builder builder;

    @BeforeEach
    void make() {
        builder = new Builder(installation(), folder.resolve("build"));
    }

    /** What the tests themselves run with. */
    static Installation installation() {
        var paths =
                Stream.of(
                                System.getProperty("java.class.path", ""),
                                System.getProperty("jdk.module.path", ""))
                        .filter(path -> !path.isEmpty())
                        .flatMap(path -> Stream.of(path.split(File.pathSeparator)))
                        .filter(path -> path.contains("weft-") || path.contains("/classes"))
                        .filter(path -> !path.contains("test-classes"))
                        .distinct()
                        .toList();
        return new Installation(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                String.join(File.pathSeparator, paths),
                Optional.empty());
    }

    private Path write(String file, String text) throws IOException {
        var path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        return Files.writeString(path, text);
    }

    private ServiceFile service(String yaml) throws IOException {
        write("hello/service.yml", yaml);
        return ServiceFile.read(folder.resolve("hello"));
    }

    private String run(Built built) throws IOException {
        var output =
                Shell.run(
                        folder,
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        String.join(
                                File.pathSeparator,
                                built.classPath().stream().map(Path::toString).toList()),
                        built.main());
        assertThat(output.code()).as(output.text()).isZero();
        return output.text();
    }

    @Test
    void a_compact_source_file_becomes_a_jar_that_runs() throws Exception {
        write("hello/Hello.java", "void main() { IO.println(\"hello\"); }");
        var built = builder.build(service(""));
        assertThat(built.main()).isEqualTo("Hello");
        assertThat(built.changed()).isTrue();
        assertThat(run(built)).isEqualTo("hello");
    }

    @Test
    void weft_can_be_imported_as_a_module() throws Exception {
        write(
                "hello/Hello.java",
                "import module dev.weft.app; class Hello { public static void main(String... a)"
                        + " { System.out.println(List.of(Response.of(200))); } }");
        assertThat(builder.build(service("")).main()).isEqualTo("Hello");
    }

    @Test
    void shared_sources_and_resources_go_in_and_tests_stay_out() throws Exception {
        write(
                "contracts/Shared.java",
                "package contracts; public class Shared { public int x = 4; }");
        write("hello/test/Broken.java", "does not compile");
        write("hello/resources/words.txt", "deep");
        write(
                "hello/src/hello/Main.java",
                """
                package hello;
                public class Main {
                    public static void main(String[] args) throws Exception {
                        try (var in = Main.class.getResourceAsStream("/words.txt")) {
                            System.out.println(new String(in.readAllBytes()) + new contracts.Shared().x);
                        }
                    }
                }
                """);
        assertThat(run(builder.build(service("sources: [../contracts]\n")))).isEqualTo("deep4");
    }

    @Test
    void what_has_not_changed_is_not_compiled_again() throws Exception {
        write("hello/Hello.java", "void main() { IO.println(\"one\"); }");
        var first = builder.build(service(""));
        var jar = first.classPath().getFirst();
        Files.setLastModifiedTime(jar, FileTime.fromMillis(1_000_000));
        var second = builder.build(service(""));
        assertThat(second.changed()).isFalse();
        assertThat(second.main()).isEqualTo(first.main());
        assertThat(Files.getLastModifiedTime(jar).toMillis()).isEqualTo(1_000_000);

        write("hello/Hello.java", "void main() { IO.println(\"two\"); }");
        var third = builder.build(service(""));
        assertThat(third.changed()).isTrue();
        assertThat(third.classPath().getFirst()).isNotEqualTo(jar);
        assertThat(run(third)).isEqualTo("two");
    }

    @Test
    void an_error_is_told_with_file_line_and_caret() throws Exception {
        write("hello/Hello.java", "void main() {\n    int x = \"text\";\n}\n");
        assertThatThrownBy(() -> builder.build(service("")))
                .isInstanceOf(CommandFailed.class)
                .hasMessageContaining("hello/Hello.java:2: error: incompatible types")
                .hasMessageContaining("    int x = \"text\";\n            ^");
        try (var left = Files.list(folder.resolve("build"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void no_main_method_and_several_are_told() throws Exception {
        write("hello/A.java", "class A { void other() {} }");
        assertThatThrownBy(() -> builder.build(service("")))
                .hasMessageContaining("service.yml: no class in")
                .hasMessageContaining("has a main method");
        write("hello/A.java", "class A { static void main() {} }");
        write("hello/B.java", "class B { public static void main(String[] args) {} }");
        assertThatThrownBy(() -> builder.build(service("")))
                .hasMessageContaining("several classes have a main method: A, B; say which one");
        assertThat(builder.build(service("main: B\n")).main()).isEqualTo("B");
    }

    @Test
    void a_service_without_anything_to_run_is_told() {
        assertThatThrownBy(() -> builder.build(service("")))
                .hasMessageContaining("there is no .java file in");
    }

    @Test
    void a_build_of_its_own_is_run_once_per_change_and_its_failure_is_shown() throws Exception {
        write("hello/made.txt", "x");
        var yaml =
                """
                main: x.Y
                build:
                  command: echo run >>../runs; cp made.txt out.jar
                  jar: out.jar
                """;
        assertThat(builder.build(service(yaml)).changed()).isTrue();
        assertThat(builder.build(service(yaml.replace("out.jar", "out.jar"))).main())
                .isEqualTo("x.Y");
        assertThatThrownBy(() -> builder.build(service(yaml.replace("made.txt", "no.txt"))))
                .hasMessageContaining("service.yml: the build command")
                .hasMessageContaining("failed with exit code 1")
                .hasMessageContaining("no.txt");
    }

    @Test
    void a_jar_of_another_tool_stays_as_it_is_and_comes_back_with_its_sources() throws Exception {
        var yaml = "main: x.Y\nbuild: {command: cp made.txt out.jar, jar: out.jar}\n";
        write("hello/made.txt", "one");
        var one = builder.build(service(yaml)).classPath().getFirst();
        write("hello/made.txt", "two");
        var two = builder.build(service(yaml)).classPath().getFirst();
        assertThat(one).hasContent("one");
        assertThat(two).hasContent("two");
        write("hello/made.txt", "one");
        assertThat(builder.build(service(yaml)).classPath()).containsExactly(one);
    }

    @Test
    void a_program_of_another_kind_is_built_before_it_is_run() throws Exception {
        var yaml = "build: echo run >>../runs\nrun: {command: ./server}\n";
        write("hello/server.c", "one");
        builder.prepare(service(yaml));
        builder.prepare(service(yaml));
        assertThat(folder.resolve("runs")).hasContent("run");
        write("hello/server.c", "two");
        builder.prepare(service(yaml));
        write("hello/server.c", "one");
        builder.prepare(service(yaml));
        assertThat(folder.resolve("runs")).hasContent("run\nrun\nrun");
        assertThatThrownBy(() -> builder.prepare(service(yaml.replace("echo run", "exit 3"))))
                .hasMessageContaining("failed with exit code 3");
    }

    @Test
    void of_what_maven_says_the_errors_are_told() {
        assertThat(
                        Dependencies.errors(
                                """
                                \u001b[0m\u001b[0mWARNING: A terminally deprecated method has been called
                                [ERROR] Failed to execute goal: Could not find artifact a:b:jar:9 -> [Help 1]
                                [ERROR]\s
                                [ERROR] Re-run Maven using the -X switch to enable full debug logging.
                                """))
                .isEqualTo("    Failed to execute goal: Could not find artifact a:b:jar:9");
        assertThat(Dependencies.errors("killed")).isEqualTo("killed");
    }
}
