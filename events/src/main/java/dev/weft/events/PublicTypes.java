package dev.weft.events;

import dev.weft.core.Time;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which public types the versions of a service tell of which decider, as notes in the service's database: so that none of two
 * versions that run together passes over what only the other one tells.
 *
 * <p>Code notes what it tells before it does anything else. So whoever looks at the notes behind having read an event finds
 * those of the code that wrote it. Of a decider of which others tell a type that this code does not, the events are left to
 * them: to newer code for good, to older code as long as it may still be there, {@link #GRACE}. If this code was the first
 * to tell a type of that decider, older code leaves the decider to it, so it waits for nobody.
 *
 * <p>For one thread.
 */
final class PublicTypes {

    /** How long an event is left to older code; then nobody has it any more. */
    static final Duration GRACE = Duration.ofSeconds(5);

    private static final String PREFIX = "weft_public ";

    private static final String NOTED =
            "select name from weft_checkpoint where substr(name, 1, " + PREFIX.length() + ") = ?";

    /** What is told of a decider: of whose streams, and as what. */
    record Note(String decider, String type) {

        static Note of(String name) {
            int space = name.indexOf(' ', PREFIX.length());
            return new Note(name.substring(PREFIX.length(), space), name.substring(space + 1));
        }

        boolean isOf(StoredEvent event) {
            return event.stream().startsWith(decider + "-");
        }

        String name() {
            return PREFIX + decider + " " + type;
        }

        @Override
        public String toString() {
            return decider + " as " + type;
        }
    }

    private final Set<Note> own;
    private final Database database;
    private final Time time;

    /** What older code had noted before this code did. */
    private final Set<Note> older = new HashSet<>();

    /** The deciders of which this code was the first to tell a type. */
    private Set<String> first = Set.of();

    /** The event that is left to others, and since when. */
    private long leftPosition;

    private long leftNanos;

    PublicTypes(List<? extends Publication<?>> publications, Database database, Time time) {
        this.own =
                publications.stream()
                        .flatMap(each ->
                                each.types().stream()
                                        .map(type ->
                                                new Note(each.decider().name(), type.publicName())))
                        .collect(Collectors.toSet());
        this.database = database;
        this.time = time;
    }

    /** Notes what this code tells; on disk when it returns. */
    void note() throws InterruptedException {
        var added = new HashSet<Note>();
        var noted =
                database.write(sql -> {
                    added.clear();
                    for (var each : own) if (isAdded(sql, each)) added.add(each);
                    return noted(sql);
                });
        older.addAll(noted);
        older.removeAll(own);
        first = added.stream().map(Note::decider).collect(Collectors.toSet());
    }

    private static boolean isAdded(Sql sql, Note note) {
        return sql.update(
                        "insert into weft_checkpoint (name, position) values (?, 0)"
                                + " on conflict (name) do nothing",
                        note.name())
                == 1;
    }

    private static List<Note> noted(Sql sql) {
        return sql.query(NOTED, row -> Note.of(row.text("name")), PREFIX);
    }

    /** What other code tells, as of now. */
    Set<Note> others() {
        var others = new HashSet<>(database.query(NOTED, row -> Note.of(row.text("name")), PREFIX));
        others.removeAll(own);
        return others;
    }

    /** What others tell of the event's decider, if the event is theirs to tell. */
    Set<Note> ofOthers(StoredEvent event, Set<Note> others) {
        if (others.isEmpty()) return Set.of();
        var told = others.stream().filter(each -> each.isOf(event)).collect(Collectors.toSet());
        boolean isLeft =
                told.stream()
                        .anyMatch(each -> !older.contains(each) || !first.contains(each.decider));
        return isLeft ? told : Set.of();
    }

    /**
     * Leaves the event to them.
     *
     * @return false if they have had their time
     */
    boolean leave(StoredEvent event) {
        if (leftPosition != event.position()) {
            leftPosition = event.position();
            leftNanos = time.nanos();
        }
        return time.nanos() - leftNanos < GRACE.toNanos();
    }

    /** Takes older code that did not come to be gone; false if newer code is among them. */
    boolean strike(Set<Note> told) throws InterruptedException {
        if (!older.containsAll(told)) return false;
        database.write(sql -> {
            for (var each : told)
                sql.update("delete from weft_checkpoint where name = ?", each.name());
            return 0;
        });
        older.removeAll(told);
        return true;
    }
}
