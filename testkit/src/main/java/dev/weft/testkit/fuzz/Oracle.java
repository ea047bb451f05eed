package dev.weft.testkit.fuzz;

import dev.weft.testkit.fuzz.Answers.Answer;
import dev.weft.testkit.fuzz.FuzzCase.Ending;
import dev.weft.testkit.fuzz.Reading.Field;
import dev.weft.testkit.fuzz.Reading.Message;
import dev.weft.testkit.fuzz.Reading.Verdict;
import dev.weft.testkit.fuzz.RequestBin.Sum;
import dev.weft.testkit.fuzz.RequestBin.Taken;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** What has to come of a case. Safe for many threads. */
final class Oracle {

    private static final Set<String> KNOWN_METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    private static final Pattern ABSOLUTE = Pattern.compile("(?i)^https?://[^/?]+");

    private final Optional<RequestBin> bin;
    private final long maxBodyBytes;

    /** The headers that came with what was sent, by what a bin would say to it. */
    private final Map<String, List<List<Field>>> sent = new ConcurrentHashMap<>();

    /** Method and target of what was sent but did not come to its end. */
    private final Set<String> begun = ConcurrentHashMap.newKeySet();

    Oracle(Optional<RequestBin> bin, long maxBodyBytes) {
        this.bin = bin;
        this.maxBodyBytes = maxBodyBytes;
    }

    private List<Message> messages(FuzzCase one) {
        return Reading.of(one.text(), maxBodyBytes);
    }

    /** Before it is sent: what of it may arrive. */
    void expect(FuzzCase one) {
        if (bin.isEmpty()) return;
        for (var message : messages(one)) {
            boolean whole =
                    message.verdict() == Verdict.GOOD || message.verdict() == Verdict.EITHER;
            if (whole)
                sent.computeIfAbsent(echo(message), it -> new ArrayList<>()).add(message.fields());
            if (message.head()) begun.add(message.method() + " " + target(message));
        }
    }

    private static String echo(Message message) {
        return RequestBin.echo(
                message.method(),
                target(message),
                Sum.of(message.body().getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** As it arrives: without the host that it may name, which is that of the request; a query of nothing is none. */
    static String target(Message message) {
        var target = ABSOLUTE.matcher(message.target()).replaceFirst("");
        if (!target.equals(message.target()) && !target.startsWith("/")) target = "/" + target;
        return target.indexOf('?') == target.length() - 1
                ? target.substring(0, target.length() - 1)
                : target;
    }

    /**
     * Whether no answer has to come any more. Who stops sending before may be taken for gone, and gets none.
     */
    boolean satisfied(FuzzCase one, String heard) {
        var messages = messages(one);
        var answers = answers(messages, heard).all();
        long due = messages.stream().filter(Oracle::wantsAnswer).count();
        return answers.size() >= due || answers.stream().anyMatch(Answer::last);
    }

    /** Whether the server has to close, whoever else does. */
    boolean serverCloses(FuzzCase one) {
        var messages = messages(one);
        if (messages.isEmpty()) return false;
        var last = messages.getLast();
        return (last.verdict() == Verdict.BAD && last.framing()) || last.last();
    }

    private static boolean wantsAnswer(Message message) {
        return switch (message.verdict()) {
            case GOOD, EITHER -> true;
            case BAD -> message.framing();
            case CUT -> false;
        };
    }

    private static Answers answers(List<Message> messages, String heard) {
        return Answers.of(heard, i -> i < messages.size() && isHead(messages.get(i)));
    }

    /** Judges the answers and tells their statuses. */
    List<Integer> judge(FuzzCase one, String heard, boolean reset) {
        if (one.ending() == Ending.RESET) return List.of();
        var messages = messages(one);
        var answers = answers(messages, heard);
        if (!answers.wrong().isEmpty() && !reset) throw wrong("answered with " + answers.wrong());
        var all = answers.all();
        if (all.size() > messages.size())
            throw wrong(all.size() + " answers to " + messages.size() + " requests");
        long expecting = messages.stream().filter(it -> it.has("Expect")).count();
        if (answers.wentOn() > expecting) throw wrong("said to go on without being asked");
        boolean over = false;
        for (int i = 0; i < messages.size() && !over; i++) {
            var answer = i < all.size() ? Optional.of(all.get(i)) : Optional.<Answer>empty();
            try {
                over = judge(messages.get(i), answer, reset);
            } catch (AssertionError e) {
                throw new AssertionError(
                        "request %d (%s%s): %s"
                                .formatted(
                                        i + 1,
                                        messages.get(i).verdict(),
                                        messages.get(i).why().isEmpty()
                                                ? ""
                                                : ", " + messages.get(i).why(),
                                        e.getMessage()),
                        e);
            }
            if (over && all.size() > i + 1)
                throw wrong(all.size() - i - 1 + " answers behind the last");
        }
        var statuses = new ArrayList<>(all.stream().map(Answer::status).toList());
        if (statuses.isEmpty()) statuses.add(0);
        return statuses;
    }

    /** Tells whether nothing may follow. */
    private boolean judge(Message message, Optional<Answer> answer, boolean reset) {
        answer.ifPresent(it -> fault(message, it));
        return switch (message.verdict()) {
            case GOOD -> {
                if (answer.isEmpty()) {
                    if (reset) yield true;
                    throw wrong("no answer");
                }
                taken(message, answer.get());
                yield answer.get().last();
            }
            case EITHER -> {
                if (answer.isEmpty()) yield true;
                if (!answer.get().refused()) taken(message, answer.get());
                yield answer.get().last();
            }
            case BAD -> {
                if (message.framing() && !reset && answer.isEmpty())
                    throw wrong("no answer where 400 is due");
                if (answer.isPresent()) {
                    var said = answer.get();
                    boolean known = KNOWN_METHODS.contains(message.method());
                    if (message.framing() && known && said.status() != 400)
                        throw wrong(said.status() + " where 400 is due");
                    if (!said.refused()) throw wrong("taken, with " + said.status());
                }
                yield true;
            }
            case CUT -> {
                if (answer.isPresent() && bin.isPresent() && !answer.get().refused())
                    throw wrong("answered with " + answer.get().status());
                yield true;
            }
        };
    }

    /** A 5xx that bytes have caused is a fault, but for a refusal that has a reason that bytes can ask for. */
    private void fault(Message message, Answer answer) {
        int status = answer.status();
        if (status < 500 || status == 501 || status == 505) return;
        var reason = reason(answer);
        // There is no reason to be read in an answer to HEAD.
        boolean late = status == 504 && (reason.equals("deadline") || isHead(message));
        if (late && message.has("weft-deadline-ms")) return;
        if (bin.isPresent() || reason.isEmpty())
            throw wrong("answered with " + status + (reason.isEmpty() ? "" : ", " + reason));
    }

    private static String reason(Answer answer) {
        var header = answer.all("weft-refused");
        if (!header.isEmpty()) return header.getFirst();
        var body = answer.body();
        int at = body.indexOf("\"reason\":\"");
        return at < 0 ? "" : body.substring(at + 10, body.indexOf('"', at + 10));
    }

    private void taken(Message message, Answer answer) {
        int status = answer.status();
        if (!KNOWN_METHODS.contains(message.method())) {
            if (!answer.refused()) throw wrong("an unknown method was taken, with " + status);
            return;
        }
        boolean platforms = message.target().contains("weft/");
        if (bin.isEmpty() || platforms || status == 504) return;
        if (status != 200) throw wrong("refused, with " + status);
        var echo = isHead(message) ? "" : echo(message);
        if (!answer.body().equals(echo))
            throw wrong("arrived as \"" + answer.body() + "\", not \"" + echo + "\"");
    }

    private static boolean isHead(Message message) {
        return message.method().equals("HEAD");
    }

    /** What has reached the bin is what was sent. */
    void checkTaken() {
        if (bin.isEmpty()) return;
        if (!bin.get().objections().isEmpty())
            throw wrong("passed on what is no request: " + bin.get().objections().getFirst());
        for (var taken : bin.get().taken()) {
            if (taken.target().endsWith("/well")) continue;
            if (!taken.whole()) {
                if (!begun.contains(taken.method() + " " + taken.target()))
                    throw wrong("what nobody has sent arrived in part: " + taken);
                continue;
            }
            var candidates = sent.get(taken.echo());
            if (candidates == null) throw wrong("what nobody has sent arrived: " + taken);
            if (candidates.stream().noneMatch(fields -> covers(fields, taken)))
                throw wrong("arrived with other headers: " + taken + ", sent were " + candidates);
        }
    }

    /** Whether all that arrived under a name of ours had been sent, as a header and so often. */
    private static boolean covers(List<Field> fields, Taken taken) {
        return ours(fields).equals(ours(taken.fields()));
    }

    private static List<String> ours(List<Field> fields) {
        return fields.stream()
                .map(it -> it.name().toLowerCase(Locale.ROOT) + ": " + it.value())
                .filter(it -> it.startsWith("x-fuzz"))
                .sorted()
                .toList();
    }

    private static AssertionError wrong(String what) {
        return new AssertionError(what);
    }
}
