import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Enters each value into its tables, from the writer and again from the relay: each once, though nothing here looks for it. */
class Ledger {

    public static void main(String[] args) {
        Weft.run(App.named("ledger")
            .tables(Lines.TABLE)
            .listen(Listener.transactional("books").on(Lines.WRITTEN, (event, sql) -> Lines.add(sql, "books", event)))
            .listen(Listener.transactional("copies").on(Lines.ECHOED, (event, sql) -> Lines.add(sql, "copies", event)))
            .routes(weft -> Routes.of(
                get("/books/{key}", String.class, Lines.Seen.class).to(key -> Lines.of(weft, "books", key)),
                get("/copies/{key}", String.class, Lines.Seen.class).to(key -> Lines.of(weft, "copies", key)))), args);
    }
}
