package dev.weft.app;

import dev.weft.events.Erasing;
import java.util.Optional;

/**
 * Erases subjects of personal data in one service, with the answers that are kept of it. The service's listeners are made with it, so
 * it can erase only once they are.
 */
final class Eraser {

    private record Ready(Erasing erasing, Answers answers) {}

    private volatile Optional<Ready> ready = Optional.empty();

    void ready(Erasing erasing, Answers answers) {
        ready = Optional.of(new Ready(erasing, answers));
    }

    /** The answers go last, when nobody makes any more of what was known of the subject. */
    Erasing.Erased erase(String subject, String by) throws InterruptedException {
        var parts =
                ready.orElseThrow(
                        () -> new IllegalStateException("the service is still being put together"));
        var erased = parts.erasing.erase(subject, by);
        parts.answers.blank();
        return erased;
    }
}
