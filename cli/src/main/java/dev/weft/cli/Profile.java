package dev.weft.cli;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A way of running a system: what differs from the files as they stand. One is chosen by {@code --profile NAME}.
 *
 * <pre>
 * profiles:
 *   staging:
 *     store: postgres              # or sqlite, which is so without it
 *     environment: {LEVEL: debug}  # of all services; counts more than that of a service.yml
 * </pre>
 *
 * <p>{@code sqlite} and {@code postgres} are there in every system, and say nothing but where data are kept.
 *
 * @param name of the profile
 * @param store where services keep their data
 * @param environment of all services
 */
record Profile(String name, Store store, Map<String, String> environment) {

    /** Where services keep their data. */
    enum Store {
        /** Each in a file of the data folder. */
        SQLITE,

        /** Each in a schema of one database: {@link Postgres}. */
        POSTGRES;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static final Profile DEFAULT = builtIn(Store.SQLITE);

    Profile {
        environment = Map.copyOf(environment);
    }

    private static Profile builtIn(Store store) {
        return new Profile(store.word(), store, Map.of());
    }

    /** The profiles that stand below the key, beside those of every system, by name. */
    static Map<String, Profile> read(Yaml yaml, String key) {
        var profiles = new LinkedHashMap<String, Profile>();
        for (var store : Store.values()) profiles.put(store.word(), builtIn(store));
        if (!yaml.has(key)) return profiles;
        if (!yaml.isMap(key))
            throw yaml.wrong(key, "wanted " + key + ": {NAME: {store: postgres}}");
        var said = yaml.map(key).orElse(Yaml.NOTHING);
        for (var name : said.keys()) {
            if (profiles.containsKey(name))
                throw said.wrong(
                        name,
                        "the profile \"" + name + "\" is there in every system; take another name");
            var profile = said.map(name).orElse(Yaml.NOTHING).only("store", "environment");
            profiles.put(name, new Profile(name, store(profile), profile.variables("environment")));
        }
        return profiles;
    }

    private static Store store(Yaml yaml) {
        var said = yaml.text("store").orElse(Store.SQLITE.word());
        for (var store : Store.values()) if (store.word().equals(said)) return store;
        throw yaml.wrong(
                "store",
                "store is sqlite or postgres, not \""
                        + said
                        + "\"; which server that is, the environment variable "
                        + Postgres.VARIABLE
                        + " says");
    }

    /** The complaint that there is no such profile. */
    static CommandFailed unknown(String name, Collection<String> known) {
        return new CommandFailed(
                "there is no profile \""
                        + name
                        + "\""
                        + Spelling.nearest(name, known)
                                .map(it -> "; did you mean \"" + it + "\"?")
                                .orElse("")
                        + " (known: "
                        + String.join(", ", known)
                        + "; more stand under profiles: in "
                        + SystemFile.NAME
                        + ")");
    }
}
