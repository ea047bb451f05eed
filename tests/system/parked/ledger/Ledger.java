import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Keeps what was sold, in the order in which it came, and fails for what is less than nothing. */
class Ledger {

    record Sold(int amount) {
        void require() {
            if (amount < 0) throw new IllegalStateException("sold for " + amount);
        }
    }

    static final EventType<Sold> SOLD = EventType.of("sold", Sold.class);
    static final Backoff SOON = new Backoff(Duration.ofMillis(10), Duration.ofMillis(10));

    public static void main(String[] args) {
        Weft.run(App.named("ledger")
            .tables("create table if not exists entry (number integer primary key, key text not null, amount integer not null)",
                "create table if not exists posted (number integer primary key, key text not null, amount integer not null)")
            .listen(Listener.transactional("books").attempts(3, SOON).on(SOLD, (event, sql) -> {
                sql.update("insert into entry (key, amount) values (?, ?)", event.key(), event.data().amount());
                event.data().require();
            }))
            .listen(weft -> Listener.effect("post").attempts(3, SOON).on(SOLD, event -> {
                event.data().require();
                weft.database().write(sql -> sql.update(
                    "insert into posted (key, amount) values (?, ?)", event.key(), event.data().amount()));
            }))
            .routes(weft -> Routes.of(
                get("/entries/{key}", String.class, String.class).to(key -> amounts(weft, "entry", key)),
                get("/posted/{key}", String.class, String.class).to(key -> amounts(weft, "posted", key)))), args);
    }

    static String amounts(Weft weft, String table, String key) {
        return String.join(" ", weft.database().query("select amount from " + table + " where key = ? order by number",
            row -> row.text("amount"), key));
    }
}
