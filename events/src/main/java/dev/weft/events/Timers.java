package dev.weft.events;

import dev.weft.core.Failure;
import dev.weft.core.Time;
import dev.weft.json.Json;
import dev.weft.json.PersonalJson;
import java.time.Duration;
import java.time.Instant;

/**
 * Public events that are told later.
 *
 * <p>A timer is a row in the service's database, set and taken back within its transactions: it is there with whatever else they
 * do, or not at all. When it is due its event is written into the service's log and published like any other, once, whichever
 * process does it; listeners hear it, the service's own too. Events of one key are told in the order in which they are due, at
 * most {@link TimerRunner#LOOK} late while the service runs, and as soon as it runs again otherwise.
 *
 * <p>A timer is known by its name, its event's type and key: setting it again moves it. Due is by the wall clock. Safe for many
 * threads.
 */
public final class Timers {

    /** The longest key, in characters. */
    public static final int MAX_KEY = 400;

    /** The most timers of one type of event and one key that wait at a time. */
    public static final int MAX_OF_KEY = 1_000;

    /** The longest name of a timer, in characters. */
    public static final int MAX_NAME = 200;

    private final Database database;
    private final Time time;

    /** Timers of the service that keeps this database. */
    public Timers(Database database, Time time) {
        this.database = database;
        this.time = time;
    }

    /** Sets a timer within a transaction. */
    public void at(Instant due, PublicEvent<?> event, Sql sql) {
        at("", due, event, sql);
    }

    /** Sets a timer for so long from now within a transaction. */
    public void after(Duration wait, PublicEvent<?> event, Sql sql) {
        at(time.now().plus(wait), event, sql);
    }

    /** Sets a timer for so long from now. */
    public void after(Duration wait, PublicEvent<?> event) throws InterruptedException {
        at(time.now().plus(wait), event);
    }

    /** Sets a timer. */
    public void at(Instant due, PublicEvent<?> event) throws InterruptedException {
        database.write(sql -> {
            at(due, event, sql);
            return true;
        });
    }

    /**
     * Sets a timer with a name within a transaction: several events of one type and key may wait under different names.
     *
     * @param name up to {@value #MAX_NAME} characters
     */
    public void at(String name, Instant due, PublicEvent<?> event, Sql sql) {
        var type = event.type().publicName();
        var data = kept(event);
        requireText("the name of a timer", name, 0, MAX_NAME);
        if (TimerRows.ofKey(type, event.key(), MAX_OF_KEY, sql) >= MAX_OF_KEY
                && !TimerRows.has("", name(event.type().name(), name), event.key(), sql))
            throw new IllegalArgumentException(
                    MAX_OF_KEY
                            + " timers of type "
                            + type
                            + " wait for the key "
                            + event.key()
                            + " already; let one of them set the next");
        TimerRows.set(
                new TimerRows.Timer(
                        "",
                        name(event.type().name(), name),
                        event.key(),
                        type,
                        Parked.micros(due),
                        0,
                        data,
                        Origin.withoutKey(),
                        0),
                sql);
    }

    /** Takes a timer back within a transaction; false if it has gone off already, or was not set. */
    public boolean cancel(EventType<?> type, String key, Sql sql) {
        return cancel("", type, key, sql);
    }

    /** Takes a timer with a name back within a transaction. */
    public boolean cancel(String name, EventType<?> type, String key, Sql sql) {
        return TimerRows.remove("", name(type.name(), name), key, sql);
    }

    private static String name(String type, String name) {
        return name.isEmpty() ? type : type + "/" + name;
    }

    /** Its data, to be kept until it is due; fails if it has personal values. */
    static byte[] kept(PublicEvent<?> event) {
        return withoutPersonal("the event " + event.type().name(), checked(event));
    }

    /** What is kept beside the log is not sealed. */
    static byte[] withoutPersonal(String what, byte[] json) {
        if (PersonalJson.isIn(json))
            throw new IllegalArgumentException(
                    what
                            + " has personal values, which would not be sealed while it is kept; keep the person's id and look"
                            + " the rest up");
        return json;
    }

    /** Its data; fails if it could not be told. */
    static byte[] checked(PublicEvent<?> event) {
        requireText("the key of an event that is told later", event.key(), 1, MAX_KEY);
        var data = Json.write(event.data());
        if (data.length > Bus.MAX_DATA_BYTES)
            throw new Failure.TooLarge(
                    "the event "
                            + event.type().name()
                            + " "
                            + event.key()
                            + " has "
                            + data.length
                            + " bytes of data; the bus takes at most "
                            + Bus.MAX_DATA_BYTES
                            + ": publish where the data can be fetched instead");
        return data;
    }

    private static void requireText(String what, String text, int least, int most) {
        if (text.length() < least || text.length() > most || !EventStore.isStorable(text))
            throw new IllegalArgumentException(
                    what
                            + " has "
                            + least
                            + " to "
                            + most
                            + " characters, neither the character 0 nor half of a surrogate pair; this one has "
                            + text.length());
    }
}
