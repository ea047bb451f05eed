package dev.weft.app;

import dev.weft.contracts.Contract;
import dev.weft.core.PathTemplate;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.events.EventType;
import dev.weft.events.Listener;
import dev.weft.events.Publication;
import dev.weft.json.Schemas;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
            List<Listener> listeners,
            List<Called> called) {
        var promises = new Promises();
        var endpoints =
                routes.stream()
                        .map(promises::operation)
                        .sorted(Comparator.comparing(Contract.Operation::operation))
                        .toList();
        var publishes =
                publications.stream()
                        .flatMap(publication -> publication.types().stream())
                        .distinct()
                        .map(promises::told)
                        .sorted(Comparator.comparing(Contract.Told::type))
                        .toList();
        var listens =
                listeners.stream()
                        .flatMap(listener ->
                                new LinkedHashSet<>(listener.types())
                                        .stream().map(type -> promises.heard(listener, type)))
                        .sorted(
                                Comparator.comparing(Contract.Heard::listener)
                                        .thenComparing(Contract.Heard::type))
                        .toList();
        var calls =
                called.stream()
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

    private Contract.Heard heard(Listener listener, EventType<?> type) {
        return new Contract.Heard(
                listener.name(), type.name(), type.version(), schemas.of(type.type()));
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
