package dev.weft.cli;

import dev.weft.app.App;
import dev.weft.app.Weft;
import dev.weft.core.Problem;
import dev.weft.core.Require;
import dev.weft.core.Routes;
import dev.weft.events.Decider;
import dev.weft.events.Decision;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.Projection;
import dev.weft.events.Table;
import dev.weft.http.Endpoint;
import java.math.BigDecimal;
import java.util.Optional;

/** A small service that does a bit of everything, so that training sees everything. */
final class TrainingApp {

    record Write(String id, String text, Optional<BigDecimal> amount) {
        Write {
            Require.text("text", text, 100);
        }
    }

    record Note(String id, String text, Optional<BigDecimal> amount) {}

    record Written(String id, String text, Optional<BigDecimal> amount) {}

    private static final EventType<Written> WRITTEN = EventType.of("note-written", Written.class);

    private static final Decider<Write, Optional<Note>, Written> NOTE =
            Decider.of("note", Optional.empty(), TrainingApp::decide, TrainingApp::evolve, WRITTEN);

    private static final Table<Written> SEEN = Table.of("seen", Written.class);
    private static final Table<Note> NOTES = Table.of("note", Note.class);

    private TrainingApp() {}

    private static Decision<Written> decide(Write write, Optional<Note> before) {
        return before.isPresent()
                ? Decision.reject("note-exists", "there is a note " + write.id())
                : Decision.emit(new Written(write.id(), write.text(), write.amount()));
    }

    private static Optional<Note> evolve(Optional<Note> before, Written event) {
        return Optional.of(new Note(event.id(), event.text(), event.amount()));
    }

    static App app(String name) {
        return App.named(name)
                .tables(SEEN, NOTES)
                .project(
                        Projection.of(
                                "notes",
                                NOTE,
                                (event, sql) ->
                                        NOTES.put(
                                                sql,
                                                event.key(),
                                                new Note(
                                                        event.data().id(),
                                                        event.data().text(),
                                                        event.data().amount()))))
                .publish(NOTE)
                .listen(
                        Listener.transactional("seen")
                                .on(
                                        WRITTEN,
                                        (event, sql) -> SEEN.put(sql, event.key(), event.data())))
                .listen(weft -> Listener.effect("loud").on(WRITTEN, event -> weft.newId()))
                .routes(TrainingApp::routes);
    }

    private static Routes routes(Weft weft) {
        return Routes.of(
                Endpoint.post("/notes", Write.class, Note.class)
                        .status(201)
                        .to(write ->
                                weft.handle(NOTE, write.id(), write).orProblem(409).orElseThrow()),
                Endpoint.get("/notes/{id}", String.class, Note.class)
                        .to(id ->
                                weft.state(NOTE, id)
                                        .orElseThrow(() -> Problem.notFound("note", id))),
                Endpoint.get("/seen/{id}", String.class, Written.class)
                        .to(id -> SEEN.get(weft.database(), id)));
    }
}
