import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Takes values, but for those below zero: its log is what the others are held against. */
class Writer {

    record Write(String key, long value) {}

    static final Decider<Write, Lines.Seen, Lines.Line> LOG = Decider.of(
        "log", Lines.NOTHING,
        (write, seen) -> write.value() < 0
            ? Decision.reject("below-zero", write.value() + " is below zero")
            : Decision.emit(new Lines.Line(write.value())),
        (seen, line) -> seen.and(line.value()), Lines.WRITTEN);

    public static void main(String[] args) {
        Weft.run(App.named("writer")
            .tables(Lines.TABLE)
            .project(Projection.of("view", LOG, (event, sql) -> Lines.add(sql, "view", event)))
            .publish(LOG)
            .routes(weft -> Routes.of(
                post("/log/{key}", Write.class, Lines.Seen.class).status(201)
                    .to(write -> weft.handle(LOG, write.key(), write).orProblem(409)),
                get("/log/{key}", String.class, Lines.Seen.class).to(key -> weft.state(LOG, key)),
                get("/view/{key}", String.class, Lines.Seen.class).to(key -> Lines.of(weft, "view", key)))), args);
    }
}
