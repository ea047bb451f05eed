package dev.weft.cli;

import dev.weft.core.Body;
import dev.weft.core.Failure;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.json.Json;
import dev.weft.json.RawJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** What services answer to a question that the hub passes on to each of them. */
record ServiceAnswers(List<Answered> services, List<Away> away) {

    private static final int REFUSED = 400;

    /** The answer of one service. */
    record Answered(String service, int status, RawJson answer) {}

    /** A service that does not answer. */
    record Away(String service, String error) {}

    static ServiceAnswers get(Admin admin, String system, String path, Query query) {
        return read(admin, system, Request.get(path).with(query));
    }

    /**
     * @param service the one that is asked; empty for all
     */
    static ServiceAnswers post(
            Admin admin, String system, String path, String service, Map<String, Object> what) {
        var query = service.isEmpty() ? Query.NONE : Query.NONE.and("service", service);
        return read(admin, system, Request.post(path, Body.of(Json.write(what))).with(query));
    }

    /** Refused by one service is refused; who does not answer is named on standard error. */
    static ServiceAnswers read(Admin admin, String system, Request request) {
        var bytes = admin.ask(system, request).body().bytes();
        var answers = Json.read(bytes, ServiceAnswers.class);
        for (var each : answers.services)
            if (each.status >= REFUSED)
                throw new CommandFailed(each.service + ": " + detail(each.answer));
        for (var each : answers.away)
            System.err.println("weft: " + each.service + " does not answer: " + each.error);
        return answers;
    }

    private static String detail(RawJson problem) {
        try {
            if (Json.readMap(problem.utf8()).get("detail") instanceof String said) return said;
        } catch (Failure.Malformed e) {
            // Not a problem; shown as it is.
        }
        return new String(problem.utf8(), StandardCharsets.UTF_8);
    }

    /** Each answer as this. */
    <T> List<T> as(Class<T> type) {
        return services.stream().map(each -> Json.read(each.answer.utf8(), type)).toList();
    }
}
