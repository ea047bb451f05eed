import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Hears of each value, by effects: one appends it to the log of this service, one does something that may be done twice. */
class Relay {

    static final Decider<Long, Lines.Seen, Lines.Line> ECHO = Decider.of(
        "echo", Lines.NOTHING, (value, seen) -> Decision.emit(new Lines.Line(value)),
        (seen, line) -> seen.and(line.value()), Lines.ECHOED);

    public static void main(String[] args) {
        Weft.run(App.named("relay")
            .tables(Lines.TABLE)
            .listen(weft -> Listener.effect("echo").on(Lines.WRITTEN,
                event -> weft.handle(ECHO, event.key(), event.data().value())))
            .listen(weft -> Listener.effect("outside").on(Lines.WRITTEN, event -> weft.database().write(sql -> {
                Lines.add(sql, "outside", event);
                return true;
            })))
            .publish(ECHO)
            .routes(weft -> Routes.of(
                get("/echo/{key}", String.class, Lines.Seen.class).to(key -> weft.state(ECHO, key)),
                get("/outside/{key}", String.class, Lines.Seen.class).to(key -> Lines.of(weft, "outside", key)))), args);
    }
}
