package dev.weft.core;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What stands in the way of one that waits for everything to be done.
 *
 * @param service whose it is
 * @param by {@code projection NAME}, {@code publication}, {@code listener NAME}, {@code subscription NAME}, {@code instance
 *     ID}, …
 * @param source whose log is meant
 * @param position in it that is waited for
 * @param applied up to where of the source everything is dealt with
 * @param attempt how often it has failed in a row
 * @param error the event that fails and why
 * @param parked whether it does not go on before somebody sees to it
 */
public record Blocked(
        Optional<String> service,
        String by,
        Optional<String> source,
        Optional<Long> position,
        Optional<Long> applied,
        Optional<Integer> attempt,
        Optional<String> error,
        Optional<Boolean> parked) {

    /** Something that is no event's fault. */
    public static Blocked of(String service, String by, String error) {
        return of(by, error).in(service);
    }

    /** Something that is no event's fault, and of no one service. */
    public static Blocked of(String by, String error) {
        return new Blocked(
                Optional.empty(),
                by,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(error),
                Optional.empty());
    }

    /** The same as a service's own. */
    public Blocked in(String service) {
        return new Blocked(
                Optional.of(service), by, source, position, applied, attempt, error, parked);
    }

    /** Whether it does not go on before somebody sees to it, so that there is no point in waiting. */
    public boolean stays() {
        return parked.orElse(false);
    }

    /**
     * {@code loans: listener copies is stuck at books=9, attempt 9: boom}; {@code loans: listener
     * copies has parked: book-added books/9/0: boom (attempt 15)}.
     */
    public String text() {
        var who = service.map(it -> it + ": ").orElse("") + by;
        var failing = error.filter(it -> !it.isEmpty());
        if (source.filter(it -> !it.isEmpty()).isEmpty())
            return who + failing.map(it -> ": " + it).orElse("");
        var at = source.get() + "=" + position.orElse(0L);
        if (stays())
            return who
                    + " has "
                    + failing.orElse("parked " + at)
                    + attempt.map(n -> " (attempt " + n + ")").orElse("");
        return failing.map(it ->
                        who
                                + " is stuck at "
                                + at
                                + attempt.map(n -> ", attempt " + n).orElse("")
                                + ": "
                                + it)
                .orElseGet(() -> who + " is at " + applied.orElse(0L) + ", not yet at " + at);
    }

    /** Each on a line of its own, to be set behind what is said before them. */
    public static String lines(List<Blocked> blocked) {
        return blocked.stream().map(each -> "\n  " + each.text()).collect(Collectors.joining());
    }
}
