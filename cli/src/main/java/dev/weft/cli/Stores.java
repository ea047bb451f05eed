package dev.weft.cli;

import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * Where the parts of a system keep their data.
 *
 * @param service the URL of a service's storage, by its name; may hold a password
 * @param place where that is, in words, without a password
 * @param hub the folder of the hub's file, which knows how far each service's log was published and so belongs to these logs
 */
record Stores(UnaryOperator<String> service, String place, Path hub) {

    /** A file for each in the data folder. */
    static Stores sqlite(Path data) {
        return new Stores(name -> "sqlite:" + data.resolve(name + ".db"), data.toString(), data);
    }

    /** The URL of a service's storage; may hold a password. */
    String of(String name) {
        return service.apply(name);
    }

    @Override
    public String toString() {
        return place;
    }
}
