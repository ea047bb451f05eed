package dev.weft.json;

import dev.weft.core.Failure;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamContext;

/** Words for input that does not fit: where, what was found, what is wanted. */
final class Misfit {

    private static final int SHOWN = 60;

    private Misfit() {}

    /** The current token is not what is wanted. */
    static Failure.Malformed token(JsonParser in, String wanted) {
        return new Failure.Malformed(place(in) + " is " + found(in) + ", wanted " + wanted);
    }

    static Failure.Malformed missing(@Nullable JsonParser in, String name, String wanted) {
        return new Failure.Malformed(member(in, name) + " is missing, wanted " + wanted);
    }

    static Failure.Malformed twice(JsonParser in, String name) {
        return new Failure.Malformed(member(in, name) + " is there twice");
    }

    static Failure.Malformed text(String name, String text, String wanted) {
        return new Failure.Malformed(name + " is " + quoted(text) + ", wanted " + wanted);
    }

    /** A record's constructor refuses the members of the object that was just read. */
    static Failure.Malformed value(@Nullable JsonParser in, IllegalArgumentException why) {
        var path = new StringBuilder();
        if (in != null) append(in.streamReadContext(), path);
        return new Failure.Malformed(
                path.isEmpty() ? String.valueOf(why.getMessage()) : path + ": " + why.getMessage(),
                why);
    }

    /** Where the current token stands: {@code items[2].price}. */
    private static String place(JsonParser in) {
        var context = in.streamReadContext();
        var token = in.currentToken();
        if (token == JsonToken.START_OBJECT || token == JsonToken.START_ARRAY)
            context = context.getParent();
        var path = new StringBuilder();
        append(context, path);
        return path.isEmpty() ? "the JSON" : path.toString();
    }

    /** A member of the object that the parser is in or has just left. */
    private static String member(@Nullable JsonParser in, String name) {
        if (in == null) return name;
        var path = new StringBuilder();
        var context = in.streamReadContext();
        var parent = context.getParent();
        append(
                in.currentToken() == JsonToken.END_OBJECT || parent == null ? context : parent,
                path);
        return path.isEmpty() ? name : path + "." + name;
    }

    private static void append(TokenStreamContext context, StringBuilder path) {
        var parent = context.getParent();
        if (parent != null) append(parent, path);
        if (context.inArray()) path.append('[').append(context.getCurrentIndex()).append(']');
        else if (context.inObject() && context.currentName() != null)
            path.append(path.isEmpty() ? "" : ".").append(context.currentName());
    }

    private static String found(JsonParser in) {
        return switch (in.currentToken()) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> quoted(in.getString());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + cut(in.getString());
            case VALUE_TRUE -> "true";
            case VALUE_FALSE -> "false";
            case VALUE_NULL -> "null";
            case null, default -> "nothing";
        };
    }

    private static String quoted(String text) {
        return "the text \"" + cut(text) + "\"";
    }

    private static String cut(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
    }
}
