package dev.weft.cli;

import dev.weft.core.Body;
import dev.weft.core.Query;
import dev.weft.core.Request;
import dev.weft.core.SystemTime;
import dev.weft.core.Time;
import dev.weft.events.Projections;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Which projection of which running system a command is about. */
final class ProjectionChoice {

    private static final Duration LOOK = Duration.ofMillis(100);

    @Mixin SystemChoice system = new SystemChoice();

    @Parameters(
            index = "0",
            paramLabel = "SERVICE.NAME",
            description = "The projection, as books.shelf.")
    String projection = "";

    private String service() {
        int dot = projection.indexOf('.');
        if (dot <= 0 || dot == projection.length() - 1)
            throw new CommandFailed(
                    "a projection is named by its service and its name, as books.shelf, not \""
                            + projection
                            + "\"");
        return projection.substring(0, dot);
    }

    private Query query() {
        return Query.NONE
                .and("service", service())
                .and("name", projection.substring(projection.indexOf('.') + 1));
    }

    /** What its service says to that question. */
    <T> T ask(Admin admin, RunningSystem running, String what, Query more, Class<T> type) {
        return only(
                running,
                admin,
                Request.get("/admin/projections/" + what).with(and(query(), more)),
                type);
    }

    /** Has something done to it, and tells how it is then. */
    Projections.View change(Admin admin, RunningSystem running, String what, Query more) {
        return only(
                running,
                admin,
                Request.post("/admin/projections/" + what, Body.EMPTY).with(and(query(), more)),
                Projections.View.class);
    }

    private static Query and(Query query, Query more) {
        var all = query;
        for (var each : more.all().entrySet())
            for (var value : each.getValue()) all = all.and(each.getKey(), value);
        return all;
    }

    private <T> T only(RunningSystem running, Admin admin, Request request, Class<T> type) {
        return ServiceAnswers.read(admin, running.admin(), request).as(type).stream()
                .findFirst()
                .orElseThrow(() -> new CommandFailed("there is no projection " + projection));
    }

    /** Looks at it until it is as wanted; empty if the time is over before. */
    Optional<Projections.View> await(
            Admin admin,
            RunningSystem running,
            double seconds,
            Predicate<Projections.View> wanted) {
        Time time = SystemTime.INSTANCE;
        var name = projection.substring(projection.indexOf('.') + 1);
        long endNanos = time.nanos() + Math.round(seconds * 1e9);
        while (true) {
            var view =
                    ProjectionsList.listings(admin, running, service()).stream()
                            .flatMap(listing -> listing.projections().stream())
                            .filter(it -> it.name().equals(name))
                            .filter(wanted)
                            .findFirst();
            if (view.isPresent() || time.nanos() - endNanos >= 0) return view;
            try {
                time.sleep(LOOK);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandFailed("interrupted; it goes on without this command", e);
            }
        }
    }

    /** The generation beside the live one. */
    static Optional<Projections.Tables> beside(Projections.View view) {
        return view.generations().stream().filter(it -> !it.state().equals("live")).findFirst();
    }

    /** The number of the live generation. */
    static long live(Projections.View view) {
        return view.generations().getFirst().generation();
    }
}
