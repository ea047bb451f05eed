package dev.weft.testkit;

import dev.weft.core.SystemTime;
import dev.weft.events.Decider;
import dev.weft.events.EventCodec;
import dev.weft.events.EventType;
import dev.weft.events.Origin;
import dev.weft.events.StoredEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Samples of what was ever stored, so that code which cannot read them any more fails a test and not a service.
 *
 * <p>A folder has a file of JSON for each type of event and version of it, {@code item-added.1.json}, or several, {@code
 * item-added.1.empty.json}. They are written once, when a version is new, and stay.
 */
public final class EventSamples {

    private static final Pattern FILE =
            Pattern.compile("([a-z][a-z0-9.-]*?)\\.([1-9][0-9]{0,8})(\\.[a-z0-9-]+)?\\.json");

    private EventSamples() {}

    /**
     * Reads all samples as the decider's code does, lifted to the newest version, by their files' names. An {@link
     * AssertionError} names each that is not read, each that is of no type or version of the decider, and each version before
     * a type's newest that has none.
     */
    public static <E> Map<String, E> read(Decider<?, ?, E> decider, Path folder)
            throws IOException {
        var codec = new EventCodec<>("samples", decider);
        var missing = new TreeSet<String>();
        for (var type : decider.events()) missing.addAll(older(type));
        var read = new TreeMap<String, E>();
        var wrong = new TreeSet<String>();
        try (var files = Files.newDirectoryStream(folder, "*.json")) {
            for (var file : files) {
                var name = file.getFileName().toString();
                var parts = FILE.matcher(name);
                if (!parts.matches()) {
                    wrong.add(name + " is not named as TYPE.VERSION.json");
                    continue;
                }
                missing.remove(parts.group(1) + "." + parts.group(2) + ".json");
                try {
                    read.put(
                            name,
                            codec.data(
                                    stored(
                                            decider.stream("sample"),
                                            parts.group(1),
                                            Integer.parseInt(parts.group(2)),
                                            Files.readAllBytes(file))));
                } catch (RuntimeException e) {
                    wrong.add(name + ": " + e.getMessage());
                }
            }
        }
        for (var name : missing)
            wrong.add(
                    name
                            + " is missing; store there what events of that version look like in the log");
        if (!wrong.isEmpty())
            throw new AssertionError(
                    "samples of "
                            + decider.name()
                            + " in "
                            + folder
                            + ":\n"
                            + String.join("\n", wrong));
        return read;
    }

    private static Set<String> older(EventType<?> type) {
        var names = new TreeSet<String>();
        for (int version = 1; version < type.version(); version++)
            names.add(type.name() + "." + version + ".json");
        return names;
    }

    private static StoredEvent stored(String stream, String type, int version, byte[] data) {
        return new StoredEvent(
                1,
                stream,
                1,
                type,
                version,
                data,
                Set.of(),
                SystemTime.INSTANCE.now(),
                Origin.NONE);
    }
}
