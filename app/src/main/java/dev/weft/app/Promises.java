package dev.weft.app;

import dev.weft.contracts.Contract;
import dev.weft.core.PathTemplate;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.Publication;
import dev.weft.events.Recurring;
import dev.weft.events.Saga;
import dev.weft.http.Endpoint;
import dev.weft.json.Schemas;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Makes the contract of a service of its parts. */
final class Promises {

    /**
     * An operation of another service that is called.
     *
     * @param operation {@code GET /products/{id}}
     */
    record Called(String service, String operation, Route.Form form) {}

    private final Schemas schemas = new Schemas(Contract.PREFIX);

    private Promises() {}

    /** In an order that is the same each time. */
    static Contract of(
            String service,
            List<Route> routes,
            List<Publication<?>> publications,
            List<Recurring> recurring,
            List<Listener> listeners,
            List<Saga<?>> sagas,
            List<Called> called) {
        var promises = new Promises();
        var endpoints =
                routes.stream()
                        .map(promises::operation)
                        .sorted(Comparator.comparing(Contract.Operation::operation))
                        .toList();
        var publishes =
                Stream.of(
                                publications.stream().flatMap(it -> it.types().stream()),
                                recurring.stream().map(it -> it.event().type()),
                                sagas.stream().flatMap(it -> it.publishes().stream()))
                        .flatMap(types -> types)
                        .distinct()
                        .map(promises::told)
                        .sorted(Comparator.comparing(Contract.Told::type))
                        .toList();
        var listens =
                Stream.concat(
                                listeners.stream()
                                        .flatMap(it -> promises.heard(it.name(), it.types())),
                                sagas.stream().flatMap(it -> promises.heard(it.name(), it.hears())))
                        .sorted(
                                Comparator.comparing(Contract.Heard::listener)
                                        .thenComparing(Contract.Heard::type))
                        .toList();
        var calls =
                Stream.concat(called.stream(), sagas.stream().flatMap(Promises::called))
                        .distinct()
                        .map(promises::call)
                        .sorted(
                                Comparator.comparing(Contract.Call::service)
                                        .thenComparing(Contract.Call::operation))
                        .toList();
        return new Contract(
                service, endpoints, publishes, listens, calls, promises.schemas.definitions());
    }

    private Contract.Operation operation(Route route) {
        if (route.form().isEmpty())
            return new Contract.Operation(
                    route.toString(), Optional.empty(), Optional.empty(), Optional.empty(), false);
        var form = route.form().get();
        return new Contract.Operation(
                route.toString(),
                takes(form, route.path()),
                answers(form),
                Optional.of(form.status()),
                form.located());
    }

    private Contract.Told told(EventType<?> type) {
        return new Contract.Told(type.name(), type.version(), schemas.of(type.type()));
    }

    private Stream<Contract.Heard> heard(String listener, List<EventType<?>> types) {
        return new LinkedHashSet<>(types)
                .stream()
                        .map(type ->
                                new Contract.Heard(
                                        listener,
                                        type.name(),
                                        type.version(),
                                        schemas.of(type.type())));
    }

    /** An operation that is no endpoint of ours says nothing of its form. */
    private static Stream<Called> called(Saga<?> saga) {
        return saga.calls().stream()
                .flatMap(call ->
                        call.operation() instanceof Endpoint<?, ?> endpoint
                                ? Stream.of(
                                        new Called(
                                                call.service(),
                                                endpoint.toString(),
                                                endpoint.form()))
                                : Stream.empty());
    }

    private Contract.Call call(Called called) {
        var path = called.operation().substring(called.operation().indexOf(' ') + 1);
        return new Contract.Call(
                called.service(),
                called.operation(),
                takes(called.form(), new PathTemplate(path)),
                answers(called.form()));
    }

    private Optional<Map<String, Object>> takes(Route.Form form, PathTemplate path) {
        if (form.takes() == Request.class) return Optional.of(Map.of());
        if (form.takes() != Void.class && form.takes() != String.class)
            return Optional.of(schemas.of(form.takes()));
        if (path.variables().isEmpty()) return Optional.empty();
        var members = new LinkedHashMap<String, Object>();
        for (var variable : path.variables()) members.put(variable, schemas.of(String.class));
        var object = new LinkedHashMap<String, Object>();
        object.put("type", "object");
        object.put("properties", members);
        object.put("required", path.variables());
        return Optional.of(object);
    }

    private Optional<Map<String, Object>> answers(Route.Form form) {
        if (form.answers() == Void.class) return Optional.empty();
        return Optional.of(
                form.answers() == Response.class ? Map.of() : schemas.of(form.answers()));
    }
}
