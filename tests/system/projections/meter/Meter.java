import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Adds up what is read. The test changes how much a reading counts, with the version. */
class Meter {

    static final int VERSION = 1;
    static final int FACTOR = 1;

    record Read(String key, int number) {}
    record Was(int number) {}
    record Sum(long sum) {}

    static final Decider<Read, Integer, Was> METER = Decider.of(
        "meter", 0, (read, total) -> Decision.emit(new Was(read.number())), (total, was) -> total + was.number(),
        EventType.of("was", Was.class));

    static final Table<Sum> SUMS = Table.of("sums", Sum.class);

    public static void main(String[] args) {
        Weft.run(App.named("meter")
            .project(Projection.of("sums", METER, Meter::keep)
                .tables(SUMS)
                .tables("create table if not exists reading (n bigint primary key, what text not null)",
                    "create index if not exists reading_by_what on reading (what)")
                .version(VERSION))
            .routes(weft -> Routes.of(
                post("/reads/{key}", Read.class, Map.class).status(201).to(read ->
                    Map.of("total", weft.handle(METER, read.key(), read).orProblem(409))),
                get("/sums/{key}", String.class, Sum.class).to(key -> SUMS.get(weft.database(), key)),
                post("/damages/{key}", String.class, Sum.class).to(key -> weft.database().write(sql -> {
                    SUMS.put(sql, key, new Sum(-1));
                    return new Sum(-1);
                })))), args);
    }

    static void keep(Event<Was> event, Sql sql) {
        SUMS.change(sql, event.key(), new Sum(0), before -> new Sum(before.sum() + FACTOR * event.data().number()));
        sql.update("insert into reading (n, what) values (?, ?)", event.position(), event.key());
    }
}
