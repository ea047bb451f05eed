package dev.weft.json;

import java.util.Locale;

/** Java names as JSON spells them. */
final class Names {

    private Names() {}

    /** {@code customerId} as {@code customer_id}. */
    static String snake(String name) {
        return words(name, '_');
    }

    /** {@code ItemAdded} as {@code item-added}. */
    static String kebab(String name) {
        return words(name, '-');
    }

    /** A word begins at a capital behind a small letter, or before one: {@code HTTPPort} has two. */
    private static String words(String name, char between) {
        var words = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean begins =
                    i > 0
                            && Character.isUpperCase(c)
                            && (!Character.isUpperCase(name.charAt(i - 1))
                                    || (i + 1 < name.length()
                                            && Character.isLowerCase(name.charAt(i + 1))));
            if (begins && name.charAt(i - 1) != '_') words.append(between);
            words.append(c);
        }
        return words.toString().toLowerCase(Locale.ROOT);
    }
}
