package dev.weft.core;

import java.util.Map;

/**
 * Something to be logged that has fields: people read its text, {@link #toString}, machines its
 * fields, which a log of JSON has beside those of every line.
 *
 * <p>It is logged as a parameter: {@code LOG.log(Level.INFO, "{0}", line)}.
 */
public interface LogFields {

    /** By their names in the Elastic Common Schema; texts, numbers, booleans. */
    Map<String, Object> fields();

    /** The text of the line. */
    @Override
    String toString();
}
