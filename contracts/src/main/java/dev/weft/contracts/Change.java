package dev.weft.contracts;

import java.util.List;

/**
 * A difference between what was promised and what is.
 *
 * @param service whose promise it is
 * @param place {@code event order-placed}, {@code POST /products, input}, {@code GET /products/{id}, answer}
 * @param field {@code lines[].product_id}; empty if it is all of it
 * @param what changed, for people
 * @param breaking whether somebody who relied on it can fail
 * @param consumers who is known to rely on it: listeners, {@code cart.copies}, and services that call
 */
public record Change(
        String service,
        String place,
        String field,
        String what,
        boolean breaking,
        List<String> consumers) {

    public Change {
        consumers = List.copyOf(consumers);
    }

    /** {@code product: event price-changed, price: was a number (decimal), is a text; cart.copies relies on it}. */
    @Override
    public String toString() {
        return service
                + ": "
                + place
                + (field.isEmpty() ? "" : ", " + field)
                + ": "
                + what
                + (consumers.isEmpty()
                        ? ""
                        : "; "
                                + String.join(", ", consumers)
                                + (consumers.size() == 1 ? " relies" : " rely")
                                + " on it");
    }
}
