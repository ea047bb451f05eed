package dev.weft.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * One mapping of a YAML file, read key by key. Whatever does not fit is a {@link CommandFailed}
 * that begins with {@code FILE:LINE:}.
 */
final class Yaml {

    private static final long MAX_FILE_BYTES = 1 << 20;
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9}) ?(ms|s|m)");

    /** A mapping without any key. */
    static final Yaml NOTHING = new Yaml(Path.of(""), 1, Map.of(), Map.of());

    private final Path file;
    private final int line;
    private final Map<String, Node> values;
    private final Map<String, Integer> lines;

    private Yaml(Path file, int line, Map<String, Node> values, Map<String, Integer> lines) {
        this.file = file;
        this.line = line;
        this.values = values;
        this.lines = lines;
    }

    /** Reads a file that holds one mapping, or nothing. */
    static Yaml read(Path file) {
        try {
            if (Files.size(file) > MAX_FILE_BYTES)
                throw new CommandFailed(file + ": is larger than " + MAX_FILE_BYTES + " bytes");
            return parse(file, Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new CommandFailed(file + ": there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new CommandFailed(file + ": is not text in UTF-8", e);
        } catch (IOException e) {
            throw new CommandFailed(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    static Yaml parse(Path file, String text) {
        try {
            var settings = LoadSettings.builder().setMaxAliasesForCollections(10).build();
            var node =
                    new Composer(
                                    settings,
                                    new ParserImpl(settings, new StreamReader(settings, text)))
                            .getSingleNode();
            if (node.isEmpty()) return new Yaml(file, 1, Map.of(), Map.of());
            return of(file, node.get());
        } catch (MarkedYamlEngineException e) {
            var at = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
            throw new CommandFailed(file + ":" + at + ": no valid YAML: " + e.getProblem(), e);
        } catch (YamlEngineException e) {
            throw new CommandFailed(file + ": no valid YAML: " + e.getMessage(), e);
        }
    }

    private static Yaml of(Path file, Node node) {
        if (!(node instanceof MappingNode mapping))
            throw wrong(file, node, "wanted \"key: value\" lines");
        var values = new LinkedHashMap<String, Node>();
        var lines = new HashMap<String, Integer>();
        for (var tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key))
                throw wrong(file, tuple.getKeyNode(), "a key is a word");
            if (values.put(key.getValue(), tuple.getValueNode()) != null)
                throw wrong(file, key, "the key \"" + key.getValue() + "\" stands here twice");
            lines.put(key.getValue(), line(key));
        }
        return new Yaml(file, line(node), values, lines);
    }

    private static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    }

    private static CommandFailed wrong(Path file, Node node, String what) {
        return new CommandFailed(file + ":" + line(node) + ": " + what);
    }

    /** Where the key stands, or the mapping if it is not there: {@code FILE:LINE}. */
    String place(String key) {
        return file + ":" + lines.getOrDefault(key, line);
    }

    /** A complaint about a key's value, or about the mapping if the key is not there. */
    CommandFailed wrong(String key, String what) {
        var node = values.get(key);
        return node == null
                ? new CommandFailed(file + ":" + line + ": " + what)
                : wrong(file, node, what);
    }

    /** Complains about a key that is not among these, naming the nearest. */
    Yaml only(String... known) {
        for (var entry : values.entrySet()) {
            if (List.of(known).contains(entry.getKey())) continue;
            var nearest = Spelling.nearest(entry.getKey(), List.of(known));
            throw wrong(
                    file,
                    entry.getValue(),
                    "unknown key \""
                            + entry.getKey()
                            + "\""
                            + nearest.map(n -> "; did you mean \"" + n + "\"?").orElse("")
                            + " (known: "
                            + String.join(", ", known)
                            + ")");
        }
        return this;
    }

    private @Nullable Node value(String key) {
        var node = values.get(key);
        return node == null || node.getTag().equals(Tag.NULL) ? null : node;
    }

    /** All keys, in the file's order. */
    List<String> keys() {
        return List.copyOf(values.keySet());
    }

    boolean has(String key) {
        return value(key) != null;
    }

    /** Whether the value is a list. */
    boolean isList(String key) {
        return value(key) instanceof SequenceNode;
    }

    /** Whether the value is a mapping. */
    boolean isMap(String key) {
        return value(key) instanceof MappingNode;
    }

    Optional<String> text(String key) {
        var node = value(key);
        return node == null ? Optional.empty() : Optional.of(text(key, node));
    }

    private String text(String key, Node node) {
        if (node instanceof ScalarNode scalar) return scalar.getValue();
        throw wrong(file, node, key + " wants one value here");
    }

    int number(String key, int otherwise, int least, int most) {
        var text = text(key);
        if (text.isEmpty()) return otherwise;
        try {
            int number = Integer.parseInt(text.get());
            if (number >= least && number <= most) return number;
        } catch (NumberFormatException e) {
            // Told below, as a number out of range is.
        }
        throw wrong(
                key,
                key
                        + " is a whole number from "
                        + least
                        + " to "
                        + most
                        + ", not \""
                        + text.get()
                        + "\"");
    }

    /** {@code 30s}, {@code 500ms}, {@code 2m}. */
    Duration duration(String key, Duration otherwise) {
        var text = text(key);
        if (text.isEmpty()) return otherwise;
        Matcher parts = DURATION.matcher(text.get());
        if (!parts.matches())
            throw wrong(key, key + " is a time such as 30s or 500ms, not \"" + text.get() + "\"");
        long number = Long.parseLong(parts.group(1));
        return switch (parts.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            default -> Duration.ofMinutes(number);
        };
    }

    /** {@code 512k}, {@code 20m}, in bytes. */
    Optional<Long> size(String key, long mostBytes) {
        var size = text(key);
        if (size.isEmpty()) return Optional.empty();
        if (!size.get().matches("[0-9]{1,7}[kKmM]"))
            throw wrong(key, key + " is a size such as 512k or 20m, not \"" + size.get() + "\"");
        int end = size.get().length() - 1;
        int shift = Character.toLowerCase(size.get().charAt(end)) == 'k' ? 10 : 20;
        long bytes = Long.parseLong(size.get().substring(0, end)) << shift;
        if (bytes > mostBytes)
            throw wrong(key, key + " is at most " + (mostBytes >> 20) + "m, not " + size.get());
        return Optional.of(bytes);
    }

    /** {@code on} or {@code off}, or as YAML has it, {@code true} or {@code false}. */
    boolean isOn(String key) {
        var text = text(key).orElse("off");
        return switch (text) {
            case "on", "true" -> true;
            case "off", "false" -> false;
            default -> throw wrong(key, key + " is on or off, not \"" + text + "\"");
        };
    }

    /** A list of texts; one text counts as a list of one. */
    List<String> texts(String key) {
        var node = value(key);
        if (node == null) return List.of();
        if (!(node instanceof SequenceNode sequence)) return List.of(text(key, node));
        var texts = new ArrayList<String>();
        for (var element : sequence.getValue()) texts.add(text(key, element));
        return texts;
    }

    /** Names with texts. */
    Map<String, String> variables(String key) {
        var map = map(key);
        var variables = new LinkedHashMap<String, String>();
        if (map.isPresent())
            map.get()
                    .values
                    .forEach((name, node) -> variables.put(name, map.get().text(name, node)));
        return variables;
    }

    Optional<Yaml> map(String key) {
        var node = value(key);
        return node == null ? Optional.empty() : Optional.of(of(file, node));
    }

    /** The whole mapping: texts, lists, mappings. */
    Map<String, Object> plain() {
        var plain = new LinkedHashMap<String, Object>();
        for (var key : values.keySet()) if (has(key)) plain.put(key, plain(key));
        return plain;
    }

    private Object plain(String key) {
        if (isMap(key)) return map(key).map(Yaml::plain).orElse(Map.of());
        return isList(key) ? texts(key) : text(key).orElse("");
    }
}
