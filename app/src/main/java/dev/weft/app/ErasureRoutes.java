package dev.weft.app;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import java.util.Optional;

/** Erases a subject of personal data in this service, at {@value #PATH}. */
final class ErasureRoutes {

    static final String PATH = About.PREFIX + "erase";

    /**
     * What is asked for.
     *
     * @param by who asks
     */
    record Erase(String subject, Optional<String> by) {
        Erase {
            Personal.requireSubject(subject);
        }
    }

    private final Surroundings in;
    private final Eraser eraser;

    ErasureRoutes(Surroundings in, Eraser eraser) {
        this.in = in;
        this.eraser = eraser;
    }

    Routes routes() {
        return Routes.of(Route.post(PATH, this::erase));
    }

    private Response erase(Request request) throws InterruptedException {
        About.requireOwner(in, request, "erase somebody here");
        var wanted = Json.read(request.body().bytes(), Erase.class);
        return About.json(eraser.erase(wanted.subject(), wanted.by().orElse("")));
    }
}
