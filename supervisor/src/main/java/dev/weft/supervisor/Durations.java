package dev.weft.supervisor;

import java.time.Duration;
import java.util.Locale;

/** Durations for people: {@code 420 ms}, {@code 3.2 s}, {@code 30 s}, {@code 4 min}. */
final class Durations {

    private Durations() {}

    static String text(Duration duration) {
        long ms = duration.toMillis();
        if (ms < 1_000) return ms + " ms";
        if (ms < 120_000 && ms % 1_000 == 0) return ms / 1_000 + " s";
        if (ms < 120_000) return String.format(Locale.ROOT, "%.1f s", ms / 1_000.0);
        return ms / 60_000 + " min";
    }
}
