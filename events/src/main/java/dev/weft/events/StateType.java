package dev.weft.events;

import dev.weft.json.Json;
import java.util.function.Function;

/**
 * How the state of a decider is kept as JSON: the name and version of its form, which a snapshot carries, and the way there and
 * back.
 *
 * <p>The version is raised whenever {@code evolve} makes another state of the same events, or the JSON changes. A snapshot of
 * another name or version is not read; the state is made of the events again.
 *
 * @param version from 1
 * @param write pure
 * @param read pure; the other way round
 */
public record StateType<S>(
        String name, int version, Function<S, byte[]> write, Function<byte[], S> read) {

    public StateType {
        if (!name.matches("[a-z][a-z0-9.-]{0,99}"))
            throw new IllegalArgumentException(
                    "a type of state is named with up to 100 of a-z, 0-9, \".\" and \"-\", not \""
                            + name
                            + "\"");
        if (version < 1)
            throw new IllegalArgumentException(
                    "versions of a state begin with 1, " + name + " has " + version);
    }

    /** A state that can be JSON itself. */
    public static <S> StateType<S> of(String name, int version, Class<S> type) {
        return of(name, version, type, Function.identity(), Function.identity());
    }

    /** A state that is kept as a record of another class, such as one that is an {@code Optional}. */
    public static <S, K> StateType<S> of(
            String name, int version, Class<K> kept, Function<S, K> to, Function<K, S> from) {
        return new StateType<>(
                name,
                version,
                state -> Json.write(to.apply(state), kept),
                json -> from.apply(Json.read(json, kept)));
    }
}
