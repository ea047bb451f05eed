import module dev.weft.app;

/** What the services tell each other, and how they keep what they saw. */
class Lines {

    record Line(long value) {}

    /** The values of one key, in order. */
    record Seen(List<Long> values) {
        Seen and(long value) {
            return new Seen(Stream.concat(values.stream(), Stream.of(value)).toList());
        }
    }

    static final Seen NOTHING = new Seen(List.of());
    static final EventType<Line> WRITTEN = EventType.of("written", Line.class);
    static final EventType<Line> ECHOED = EventType.of("echoed", Line.class);

    /** Each reader's lines, numbered within reader and key. */
    static final String TABLE = "create table if not exists line (reader varchar(20) not null, key varchar(100) not null,"
        + " number bigint not null, value bigint not null, primary key (reader, key, number))";

    /** Knows nothing of what is there already: done twice it is there twice. */
    static void add(Sql sql, String reader, Event<Line> event) {
        long last = sql.first("select coalesce(max(number), 0) as last from line where reader = ? and key = ?",
            row -> row.number("last"), reader, event.key()).orElseThrow();
        sql.update("insert into line (reader, key, number, value) values (?, ?, ?, ?)",
            reader, event.key(), last + 1, event.data().value());
    }

    static Seen of(Weft weft, String reader, String key) {
        return new Seen(weft.database().query("select value from line where reader = ? and key = ? order by number",
            row -> row.number("value"), reader, key));
    }
}
