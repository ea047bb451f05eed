package dev.weft.events;

import java.math.BigDecimal;
import java.util.Optional;

/** One row of a query's result. Columns go by name; a column that is not there is an error. */
public interface Row {

    /** Text; fails on null. */
    String text(String column);

    Optional<String> optionalText(String column);

    long number(String column);

    /** An exact number kept as text. */
    BigDecimal decimal(String column);

    byte[] bytes(String column);
}
