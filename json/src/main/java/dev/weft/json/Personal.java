package dev.weft.json;

import java.util.Optional;
import java.util.function.Function;

/**
 * A value that belongs to a person, the <em>subject</em>, until that person is erased: then it reads as erased, wherever it was
 * stored.
 *
 * <p>It is a component's type like others, within events, states, rows of tables, requests and answers: {@code
 * Personal<String> name}. As JSON it is {@code {"personal_of":"4711","value":"Ann"}}, and {@code {"personal_of":"4711"}} once it is
 * erased; {@code personal_of} stands first. Where a service stores events, the value is sealed with the subject's key.
 *
 * <p>The subject is an id that means nothing by itself: it stays readable for ever. {@link #toString} does not tell the value, so
 * that it gets into no log by accident.
 *
 * @param subject 1 to {@value #MAX_SUBJECT} characters, no control character among them
 * @param value empty if it is erased
 */
public record Personal<T>(String subject, Optional<T> value) {

    /** The longest name of a subject, in characters. */
    public static final int MAX_SUBJECT = 200;

    public Personal {
        requireSubject(subject);
    }

    /** A value of this subject. */
    public static <T> Personal<T> of(String subject, T value) {
        return new Personal<>(subject, Optional.of(value));
    }

    /** What is left of a value of this subject. */
    public static <T> Personal<T> erased(String subject) {
        return new Personal<>(subject, Optional.empty());
    }

    public boolean isErased() {
        return value.isEmpty();
    }

    /** The value, or what stands for it once it is erased. */
    public T orElse(T erased) {
        return value.orElse(erased);
    }

    /** What is made of the value, which is of the same subject; erased stays erased. */
    public <R> Personal<R> map(Function<? super T, ? extends R> change) {
        return new Personal<>(subject, value.map(change));
    }

    /** {@link IllegalArgumentException} if no subject may be named so. */
    public static void requireSubject(String subject) {
        if (subject.isEmpty()
                || subject.length() > MAX_SUBJECT
                || subject.codePoints()
                        .anyMatch(c ->
                                Character.isISOControl(c)
                                        || Character.getType(c) == Character.SURROGATE))
            throw new IllegalArgumentException(
                    "a subject is named with 1 to "
                            + MAX_SUBJECT
                            + " characters, no control character or half of a surrogate pair among"
                            + " them, not \""
                            + subject
                            + "\"");
    }

    /** Whose it is, and nothing of the value. */
    @Override
    public String toString() {
        return (isErased() ? "erased of " : "personal of ") + subject;
    }
}
