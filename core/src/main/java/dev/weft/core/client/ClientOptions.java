package dev.weft.core.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The numbers of a client, each with where it came from. Immutable; what nobody set has its default.
 *
 * @param values what was set, by the setting's name
 */
public record ClientOptions(Map<String, Value> values) {

    /**
     * A number and its source.
     *
     * @param value of the setting's type
     * @param source who said so: {@code code}, a file
     */
    public record Value(Object value, String source) {}

    /** The source of what nobody set. */
    public static final String STANDARD = "default";

    public static final ClientOptions DEFAULT = new ClientOptions(Map.of());

    public ClientOptions {
        values = Map.copyOf(values);
    }

    /** The setting's value. */
    @SuppressWarnings("unchecked")
    public <T> T get(Setting<T> setting) {
        var value = values.get(setting.name());
        return value == null ? setting.standard() : (T) value.value();
    }

    /** Who set it; {@link #STANDARD} if nobody did. */
    public String source(Setting<?> setting) {
        var value = values.get(setting.name());
        return value == null ? STANDARD : value.source();
    }

    /** The setting's value as a file would say it. */
    public <T> String text(Setting<T> setting) {
        return setting.printer().apply(get(setting));
    }

    /** With this value, said in code. */
    public <T> ClientOptions with(Setting<T> setting, T value) {
        return with(setting, value, "code");
    }

    /**
     * With this value; fails with {@link IllegalArgumentException} if a file could not say it.
     *
     * @param source who says so
     */
    public <T> ClientOptions with(Setting<T> setting, T value, String source) {
        return read(setting, setting.printer().apply(value), source);
    }

    /**
     * With a value as a file says it; fails with {@link IllegalArgumentException} naming the source, the setting, the
     * value and what is possible.
     */
    public ClientOptions read(String name, String text, String source) {
        for (var setting : Setting.ALL)
            if (setting.name().equals(name)) return read(setting, text, source);
        throw new IllegalArgumentException(
                source
                        + ": a call has no setting \""
                        + name
                        + "\"; there are "
                        + Setting.ALL.stream()
                                .map(Setting::name)
                                .collect(Collectors.joining(", ")));
    }

    private <T> ClientOptions read(Setting<T> setting, String text, String source) {
        T value;
        try {
            value = Objects.requireNonNull(setting.reader().apply(text.strip()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    source
                            + ": "
                            + setting.name()
                            + " is \""
                            + text
                            + "\", it must be "
                            + setting.wanted(),
                    e);
        }
        var more = new LinkedHashMap<>(values);
        more.put(setting.name(), new Value(value, source));
        return new ClientOptions(more);
    }

    /** These, and over them what the others set. */
    public ClientOptions and(ClientOptions others) {
        if (others.values.isEmpty()) return this;
        var all = new LinkedHashMap<>(values);
        all.putAll(others.values);
        return new ClientOptions(all);
    }
}
