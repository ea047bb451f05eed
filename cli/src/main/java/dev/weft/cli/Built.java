package dev.weft.cli;

import java.nio.file.Path;
import java.util.List;

/**
 * A service that is ready to be run.
 *
 * @param classPath its jar and what it depends on, to come behind Weft's own
 * @param main the class to run
 * @param changed false if it was there from an earlier time
 */
record Built(List<Path> classPath, String main, boolean changed) {
    Built {
        classPath = List.copyOf(classPath);
    }
}
