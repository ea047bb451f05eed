package dev.weft.contracts;

import dev.weft.contracts.Contract.Call;
import dev.weft.contracts.Contract.Heard;
import dev.weft.contracts.Contract.Operation;
import dev.weft.contracts.Contract.Told;
import dev.weft.contracts.Difference.Found;
import dev.weft.core.PathTemplate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Compares what services promise with what they promised before, and what each needs with what there is.
 *
 * <p>A consumer relies on a field if the record that it reads has it, now or when it was recorded: where producer and consumer
 * share the record, the change is made to both, and yet they are not replaced at the same moment.
 */
public final class Comparison {

    private static final Map<String, Object> NOTHING =
            Map.of("type", "object", "properties", Map.of());

    private final Map<String, Contract> recorded = new LinkedHashMap<>();
    private final Map<String, Contract> now = new LinkedHashMap<>();
    private final List<Change> changes = new ArrayList<>();

    private Comparison(List<Contract> recorded, List<Contract> now) {
        recorded.forEach(contract -> this.recorded.put(contract.service(), contract));
        now.forEach(contract -> this.now.put(contract.service(), contract));
    }

    /**
     * All changes, those that break first.
     *
     * @param now of all services that there are: one that was recorded and is not among them is gone
     */
    public static List<Change> changes(List<Contract> recorded, List<Contract> now) {
        var comparison = new Comparison(recorded, now);
        comparison.recorded.values().forEach(comparison::promises);
        comparison.now.values().forEach(comparison::needs);
        return Stream.concat(
                        comparison.changes.stream().filter(Change::breaking),
                        comparison.changes.stream().filter(change -> !change.breaking()))
                .toList();
    }

    // What was promised

    private void promises(Contract before) {
        var after =
                now.getOrDefault(
                        before.service(),
                        new Contract(
                                before.service(),
                                List.of(),
                                List.of(),
                                List.of(),
                                List.of(),
                                Map.of()));
        for (var was : before.publishes()) {
            var same =
                    told(after, was.type()).filter(is -> is.version() == was.version()).findFirst();
            if (same.isPresent()) compare(before, was, after, same.get());
            else gone(before.service(), was, told(after, was.type()).toList());
        }
        for (var is : after.publishes())
            if (told(before, is.type()).noneMatch(was -> was.version() == is.version()))
                isNew(after.service(), event(is.publicName()));
        for (var was : before.endpoints()) {
            var is = operation(after, was.operation());
            if (is.isPresent()) compare(before, was, after, is.get());
            else
                add(
                        before.service(),
                        was.operation(),
                        new Found(List.of(), "is gone", true),
                        callers(before.service(), was.operation()));
        }
        for (var is : after.endpoints())
            if (operation(before, is.operation()).isEmpty()) isNew(after.service(), is.operation());
    }

    /** What is not published any more may be told in a later version, which some listeners know already. */
    private void gone(String service, Told was, List<Told> now) {
        var later = now.stream().mapToInt(Told::version).filter(it -> it > was.version()).min();
        if (later.isEmpty()) {
            add(
                    service,
                    event(was.publicName()),
                    new Found(List.of(), "is not published any more", true),
                    listeners(was.type(), List.of()));
            return;
        }
        var what = "is told in version " + later.getAsInt() + " only";
        var behind = behind(was.type(), later.getAsInt());
        add(
                service,
                event(was.publicName()),
                new Found(List.of(), what, !behind.isEmpty()),
                behind);
    }

    /** The listeners that do not know this version yet, now or when they were recorded: those may still be at work. */
    private List<String> behind(String type, int version) {
        var listeners = new TreeSet<String>();
        everyone()
                .forEach(contract -> {
                    for (var heard : contract.listens())
                        if (heard.type().equals(type) && heard.version() < version)
                            listeners.add(contract.service() + "." + heard.listener());
                });
        return List.copyOf(listeners);
    }

    private void isNew(String service, String place) {
        add(service, place, new Found(List.of(), "is new", false), List.of());
    }

    private void compare(Contract before, Told was, Contract after, Told is) {
        for (var found :
                Difference.between(
                        node(before, was.schema()), node(after, is.schema()), Difference.Of.EVENT))
            add(
                    before.service(),
                    event(was.publicName()),
                    found,
                    found.breaking() ? listeners(was.type(), found.path()) : List.of());
    }

    private void compare(Contract before, Operation was, Contract after, Operation is) {
        var service = before.service();
        var callers = callers(service, was.operation());
        if (was.status().isEmpty()) return;
        if (is.status().isEmpty()) {
            var what = "is a plain route now, of whose input and answer nothing is known";
            add(service, was.operation(), new Found(List.of(), what, true), callers);
            return;
        }
        if (!was.status().equals(is.status())) {
            var what = "is answered with " + is.status().get() + ", was with " + was.status().get();
            add(service, was.operation(), new Found(List.of(), what, false), List.of());
        }
        var input =
                Difference.between(
                        node(before, was.takes().orElse(NOTHING))
                                .renamed(variables(was), variables(is)),
                        node(after, is.takes().orElse(NOTHING)),
                        Difference.Of.INPUT);
        for (var found : input)
            add(
                    service,
                    was.operation() + ", input",
                    found,
                    found.breaking() ? callers : List.of());
        if (was.answers().isEmpty()) return;
        if (is.answers().isEmpty()) {
            var what = "nothing is answered any more";
            add(service, was.operation() + ", answer", new Found(List.of(), what, true), callers);
            return;
        }
        for (var found :
                Difference.between(
                        node(before, was.answers().get()),
                        node(after, is.answers().get()),
                        Difference.Of.ANSWER))
            add(
                    service,
                    was.operation() + ", answer",
                    found,
                    found.breaking() ? readers(service, was.operation(), found.path()) : List.of());
    }

    private static List<String> variables(Operation operation) {
        return path(operation.operation()).variables();
    }

    // What is needed

    private void needs(Contract consumer) {
        for (var heard : consumer.listens())
            for (var producer : now.values()) need(consumer, heard, producer);
        for (var call : consumer.calls()) {
            var called = now.get(call.service());
            if (called != null) need(consumer, call, called);
        }
    }

    private void need(Contract consumer, Heard heard, Contract producer) {
        var listener = consumer.service() + "." + heard.listener();
        var told = told(producer, heard.type()).toList();
        if (told.stream().anyMatch(it -> it.version() < heard.version())) return;
        for (var each : told) {
            if (each.version() == heard.version()) {
                need(
                        producer.service(),
                        event(each.publicName()),
                        Difference.between(
                                node(consumer, heard.schema()),
                                node(producer, each.schema()),
                                Difference.Of.NEED),
                        listener);
                return;
            }
        }
        for (var each : told) {
            var was = new Told(heard.type(), heard.version(), Map.of());
            boolean said =
                    changes.stream()
                            .anyMatch(change ->
                                    change.place().equals(event(was.publicName()))
                                            && change.consumers().contains(listener));
            var what = "is told, and version " + heard.version() + " is read";
            if (!said)
                need(
                        producer.service(),
                        event(each.publicName()),
                        List.of(new Found(List.of(), what, true)),
                        listener);
        }
    }

    private void need(Contract consumer, Call call, Contract called) {
        var caller = consumer.service();
        var answering = operation(called, call.operation());
        if (answering.isEmpty()) {
            var what = "is called and is not there";
            need(
                    called.service(),
                    call.operation(),
                    List.of(new Found(List.of(), what, true)),
                    caller);
            return;
        }
        var is = answering.get();
        if (is.status().isEmpty()) return;
        need(
                called.service(),
                is.operation() + ", input",
                Difference.between(
                        node(consumer, call.takes().orElse(NOTHING))
                                .renamed(path(call.operation()).variables(), variables(is)),
                        node(called, is.takes().orElse(NOTHING)),
                        Difference.Of.SENT),
                caller);
        if (call.answers().isPresent() && is.answers().isPresent())
            need(
                    called.service(),
                    is.operation() + ", answer",
                    Difference.between(
                            node(consumer, call.answers().get()),
                            node(called, is.answers().get()),
                            Difference.Of.NEED),
                    caller);
    }

    /** What was said of a change already is not said of the consumer again. */
    private void need(String service, String place, List<Found> all, String consumer) {
        for (var found : all) {
            boolean said =
                    changes.stream()
                            .anyMatch(change ->
                                    change.breaking()
                                            && change.service().equals(service)
                                            && alike(change.place(), place)
                                            && (change.field().isEmpty()
                                                    || change.field().equals(found.field()))
                                            && change.consumers().contains(consumer));
            if (!said) add(service, place, found, List.of(consumer));
        }
    }

    // Who is concerned

    private List<String> listeners(String type, List<String> path) {
        var listeners = new TreeSet<String>();
        everyone()
                .forEach(contract -> {
                    for (var heard : contract.listens())
                        if (heard.type().equals(type) && node(contract, heard.schema()).reads(path))
                            listeners.add(contract.service() + "." + heard.listener());
                });
        return List.copyOf(listeners);
    }

    private List<String> callers(String service, String operation) {
        var callers = new TreeSet<String>();
        everyone()
                .forEach(contract -> {
                    for (var call : contract.calls())
                        if (isOf(call, service, operation)) callers.add(contract.service());
                });
        return List.copyOf(callers);
    }

    private List<String> readers(String service, String operation, List<String> path) {
        var readers = new TreeSet<String>();
        everyone()
                .forEach(contract -> {
                    for (var call : contract.calls())
                        if (isOf(call, service, operation)
                                && call.answers()
                                        .filter(answer -> node(contract, answer).reads(path))
                                        .isPresent()) readers.add(contract.service());
                });
        return List.copyOf(readers);
    }

    private static boolean isOf(Call call, String service, String operation) {
        return call.service().equals(service) && alike(call.operation(), operation);
    }

    private Stream<Contract> everyone() {
        return Stream.concat(recorded.values().stream(), now.values().stream());
    }

    // Finding things

    /** In all versions that are told. */
    private static Stream<Told> told(Contract contract, String type) {
        return contract.publishes().stream().filter(told -> told.type().equals(type));
    }

    private static Optional<Operation> operation(Contract contract, String operation) {
        return contract.endpoints().stream()
                .filter(each -> alike(each.operation(), operation))
                .findFirst();
    }

    /** The same method and path, whatever the variables are called. */
    private static boolean alike(String one, String other) {
        return one.replaceAll("\\{[^}.]*", "{").equals(other.replaceAll("\\{[^}.]*", "{"));
    }

    private static PathTemplate path(String operation) {
        return new PathTemplate(operation.substring(operation.indexOf(' ') + 1));
    }

    private static String event(String type) {
        return "event " + type;
    }

    private static Node node(Contract contract, Map<String, Object> schema) {
        return new Node(schema, contract.schemas());
    }

    private void add(String service, String place, Found found, List<String> consumers) {
        changes.add(
                new Change(
                        service, place, found.field(), found.what(), found.breaking(), consumers));
    }
}
