package dev.weft.events;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Finds out at a start whether the code can read what is in the log.
 *
 * <p>Reading an event for the first time costs some 10 ms, most of it for finding the record's
 * constructor. So code that passed leaves a note among the checkpoints, and is not asked again: what
 * it appends it can read. Code is told apart by the jars that it lies in, their sizes and times;
 * classes in a folder are asked each time.
 */
final class LogCheck {

    /** So many of the log's last events are looked at. */
    static final int LAST = 500;

    private static final String NOTE = "weft_code";

    private final List<? extends Decider<?, ?, ?>> deciders;
    private final String service;
    private final EventStore log;
    private final Database database;

    LogCheck(String service, List<? extends Decider<?, ?, ?>> deciders, Storage storage) {
        this.service = service;
        this.deciders = deciders;
        this.log = storage.events();
        this.database = storage.database();
    }

    void requireReadable() throws InterruptedException {
        long head = log.head();
        if (head == 0 || deciders.isEmpty()) return;
        var code = code();
        if (code.isPresent() && code.equals(noted())) return;
        var newest = newest(head).toList();
        for (var decider : deciders) {
            var codec = new EventCodec<>(service, decider);
            for (var event : newest) if (codec.owns(event)) codec.data(event);
        }
        if (code.isPresent()) note(code.getAsLong());
    }

    /** The newest event of each version of each type. */
    private Stream<StoredEvent> newest(long head) {
        var newest = new HashMap<String, StoredEvent>();
        long from = Math.max(0, head - LAST);
        while (from < head) {
            var batch = log.log(from, LAST);
            if (batch.isEmpty()) break;
            for (var event : batch)
                newest.put(category(event) + " " + event.type() + " " + event.typeVersion(), event);
            from = batch.getLast().position();
        }
        return newest.values().stream();
    }

    private static String category(StoredEvent event) {
        return event.stream().substring(0, Math.max(0, event.stream().indexOf('-')));
    }

    private OptionalLong code() {
        var classes =
                Stream.concat(
                        Stream.of(EventCodec.class),
                        deciders.stream()
                                .flatMap(decider -> decider.events().stream())
                                .map(EventType::type));
        var jars = classes.map(LogCheck::jar).distinct().toList();
        long code = 1;
        for (var decider : deciders) {
            code = 31 * code + decider.name().hashCode();
            for (var type : decider.events())
                code = 31 * (31 * code + type.name().hashCode()) + type.version();
        }
        try {
            for (var jar : jars) {
                var path = Path.of(jar);
                if (!Files.isRegularFile(path)) return OptionalLong.empty();
                code = 31 * code + jar.hashCode();
                code = 31 * code + Files.size(path);
                code = 31 * code + Files.getLastModifiedTime(path).toMillis();
            }
            return OptionalLong.of(code);
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /** Where the class comes from; empty if that is no file. */
    private static String jar(Class<?> type) {
        var source = type.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null) return "";
        try {
            return Path.of(source.getLocation().toURI()).toString();
        } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
            return "";
        }
    }

    private OptionalLong noted() {
        return database.first(
                        "select position from weft_checkpoint where name = ?",
                        row -> OptionalLong.of(row.number("position")),
                        NOTE)
                .orElse(OptionalLong.empty());
    }

    private void note(long code) throws InterruptedException {
        database.write(sql ->
                sql.update(
                        "insert into weft_checkpoint (name, position) values (?, ?)"
                                + " on conflict (name) do update set position = excluded.position",
                        NOTE,
                        code));
    }
}
