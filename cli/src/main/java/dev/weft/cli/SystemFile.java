package dev.weft.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What {@code weft.yml} says: a system and its services.
 *
 * <pre>
 * name: shop                     # the folder's name
 * services: [product, cart]      # all folders below that hold a service.yml
 * gateway: {port: 8080}          # and more, see GatewaySettings
 * hub: {port: 8090}
 * tests: tests                   # where weft test finds tests
 * profiles: {}                   # other ways of running it, see Profile
 * </pre>
 *
 * @param folder absolute
 * @param tests absolute; need not be there
 * @param profiles by name
 */
record SystemFile(
        Path folder,
        String name,
        List<ServiceFile> services,
        GatewaySettings gateway,
        int hubPort,
        Path tests,
        Map<String, Profile> profiles) {

    static final String NAME = "weft.yml";
    static final int HUB_PORT = 8090;

    SystemFile {
        services = List.copyOf(services);
    }

    /** Reads the folder's {@code weft.yml} and each service's {@code service.yml}. */
    static SystemFile read(Path given) {
        var folder = given.toAbsolutePath().normalize();
        if (!Files.isDirectory(folder))
            throw new CommandFailed(
                    given + ": there is no such folder; wanted one with a " + NAME + " in it");
        var file = folder.resolve(NAME);
        if (!Files.exists(file))
            throw new CommandFailed(
                    given
                            + ": there is no "
                            + NAME
                            + " in this folder; a system is a folder with a "
                            + NAME
                            + " (it may be empty) and a folder with a "
                            + ServiceFile.NAME
                            + " for each service");
        var yaml = Yaml.read(file).only("name", "services", "gateway", "hub", "tests", "profiles");
        var folders = new ArrayList<Path>();
        for (var service : yaml.texts("services")) {
            var path = folder.resolve(service).normalize();
            if (!Files.exists(path.resolve(ServiceFile.NAME)))
                throw yaml.wrong(
                        "services",
                        "the service \"" + service + "\" has no " + path.resolve(ServiceFile.NAME));
            folders.add(path);
        }
        if (!yaml.has("services")) folders.addAll(withServices(folder));
        if (folders.isEmpty())
            throw new CommandFailed(
                    file
                            + ": no service: there is no folder with a "
                            + ServiceFile.NAME
                            + " beside it");
        var services = folders.stream().map(ServiceFile::read).toList();
        var seen = new HashMap<String, ServiceFile>();
        for (var service : services) {
            var twin = seen.put(service.name(), service);
            if (twin != null)
                throw new CommandFailed(
                        service.file()
                                + ": "
                                + twin.file()
                                + " has the same name, "
                                + service.name());
        }
        return new SystemFile(
                folder,
                yaml.text("name").orElse(folderName(folder)),
                services,
                part(yaml, "gateway")
                        .map(it -> GatewaySettings.read(it, folder))
                        .orElse(GatewaySettings.DEFAULT),
                part(yaml, "hub")
                        .map(map -> map.only("port").number("port", HUB_PORT, 1, 65_535))
                        .orElse(HUB_PORT),
                folder.resolve(yaml.text("tests").orElse(Tests.FOLDER)).normalize(),
                Profile.read(yaml, "profiles"));
    }

    private static Optional<Yaml> part(Yaml yaml, String key) {
        if (yaml.has(key) && !yaml.isMap(key))
            throw yaml.wrong(
                    key,
                    "wanted "
                            + key
                            + ": {port: "
                            + (yaml.isList(key) ? "N" : yaml.text(key).orElse("N"))
                            + "}");
        return yaml.map(key);
    }

    /** The profile of this name. */
    Profile profile(String name) {
        var profile = profiles.get(name);
        if (profile == null) throw Profile.unknown(name, profiles.keySet());
        return profile;
    }

    /** The names of the services. */
    Set<String> names() {
        return services.stream().map(ServiceFile::name).collect(Collectors.toUnmodifiableSet());
    }

    /** The port that it names for the gateway, or the usual one. */
    int gatewayPort() {
        return gateway.options().server().port();
    }

    private static List<Path> withServices(Path folder) {
        try (var inside = Files.list(folder)) {
            return inside.filter(path -> Files.exists(path.resolve(ServiceFile.NAME)))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CommandFailed(folder + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** The folder's own name in the letters that a name may have. */
    static String folderName(Path folder) {
        var last = folder.getFileName();
        var name = last == null ? "" : last.toString().toLowerCase(Locale.ROOT);
        return name.replaceAll("[^a-z0-9-]+", "-");
    }
}
