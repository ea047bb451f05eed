package dev.weft.cli;

import dev.weft.core.Body;
import dev.weft.core.Headers;
import dev.weft.core.Method;
import dev.weft.core.Request;
import dev.weft.core.SystemTime;
import dev.weft.json.Json;
import dev.weft.supervisor.ProcessState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sends one request into a running system. */
@Command(
        name = "call",
        mixinStandardHelpOptions = true,
        customSynopsis = {
            "weft call [OPTIONS] [METHOD] PATH",
            "weft call [OPTIONS] SERVICE METHOD PATH"
        },
        description = {
            "Sends a request through the gateway, or straight to an instance of SERVICE.",
            "",
            "Prints the answer's body; its status and trace go to standard error. Exits with 1 if"
                    + " the status is 400 or more."
        })
final class Call implements Callable<Integer> {

    @Parameters(arity = "1..3", paramLabel = "ARG", hidden = true)
    List<String> what = List.of();

    @Mixin SystemChoice choice = new SystemChoice();

    @Option(
            names = {"-d", "--body"},
            paramLabel = "JSON",
            description = "The request's body; @FILE reads it from a file.")
    @Nullable String body;

    @Option(
            names = {"-H", "--header"},
            paramLabel = "NAME: VALUE",
            description = "A header; may be repeated.")
    List<String> headers = List.of();

    @Option(
            names = {"-i", "--include"},
            description = "Prints the answer's headers, too.")
    boolean include;

    @Spec @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var request = request();
        boolean looks = request.method() == Method.GET || request.method() == Method.HEAD;
        var system = looks ? choice.find() : choice.findToChange();
        try (var admin = new Admin(system)) {
            var address = what.size() == 3 ? instance(admin, what.getFirst()) : system.gateway();
            var time = SystemTime.INSTANCE;
            long begun = time.nanos();
            var answer = admin.call(address, request);
            var text = answer.body().text();
            long ms = Duration.ofNanos(time.nanos() - begun).toMillis();
            var trace = answer.headers().get("Weft-Trace");
            System.err.println(
                    answer.status()
                            + "  "
                            + ms
                            + " ms"
                            + trace.map(t -> "  trace " + t).orElse(""));
            if (include) {
                answer.headers().forEach((name, value) -> System.out.println(name + ": " + value));
                System.out.println();
            }
            if (!text.isEmpty())
                System.out.println(isJson(answer.headers()) ? PrettyJson.of(text) : text);
            return answer.successful() ? 0 : 1;
        }
    }

    private static boolean isJson(Headers headers) {
        return headers.get("Content-Type").orElse("").contains("json");
    }

    private Request request() throws IOException {
        var path = what.getLast();
        if (!path.startsWith("/")) throw wrong("a path begins with \"/\", not \"" + path + "\"");
        var request =
                Request.of(what.size() == 1 ? Method.GET : method(what.get(what.size() - 2)), path)
                        .header("Accept", "application/json");
        for (var header : headers) {
            int colon = header.indexOf(':');
            if (colon < 1) throw wrong("a header is \"Name: value\", not \"" + header + "\"");
            request =
                    request.header(
                            header.substring(0, colon).strip(),
                            header.substring(colon + 1).strip());
        }
        if (body == null) return request;
        if (request.headers().get("Content-Type").isEmpty())
            request = request.header("Content-Type", "application/json");
        return request.with(
                body.startsWith("@")
                        ? Body.of(Files.readAllBytes(Path.of(body.substring(1))))
                        : Body.of(body));
    }

    private Method method(String name) {
        try {
            return Method.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw wrong(
                    "there is no method \"" + name + "\"; there are " + List.of(Method.values()));
        }
    }

    private RuntimeException wrong(String message) {
        return spec == null
                ? new CommandFailed(message)
                : new ParameterException(spec.commandLine(), message);
    }

    private static String instance(Admin admin, String service) {
        var all = Json.readList(admin.supervisor("/admin/processes"), ProcessState.class);
        return all.stream()
                .filter(p -> p.service().equals(service))
                .filter(p -> p.state() == ProcessState.State.READY)
                .findFirst()
                .orElseThrow(() ->
                        new CommandFailed(
                                "no instance of "
                                        + service
                                        + " is ready; there are "
                                        + all.stream()
                                                .map(p ->
                                                        p.service()
                                                                + " ("
                                                                + p.state()
                                                                        .name()
                                                                        .toLowerCase(Locale.ROOT)
                                                                + ")")
                                                .toList()))
                .address();
    }
}
