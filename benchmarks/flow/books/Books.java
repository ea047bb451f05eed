import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Sums sales up in a table; a sale is handled when that is committed. */
class Books {
    static final Heard HEARD = new Heard();

    public static void main(String[] args) {
        Weft.run(App.named("books")
            .tables("create table if not exists total (product text primary key, units bigint not null)")
            .listen(Listener.transactional("totals").within(Heard.SOLD, (event, transaction) -> {
                transaction.sql().update("insert into total values (?, 1) on conflict (product) do update set units = total.units + 1",
                    event.key());
                transaction.behind(() -> HEARD.handled(event.key(), event.data()));
            }))
            .routes(Routes.of(
                get("/books/{round}", String.class, Heard.Figures.class)
                    .to(round -> HEARD.figures(Integer.parseInt(round))))),
            args);
    }
}
