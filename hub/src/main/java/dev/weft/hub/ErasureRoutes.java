package dev.weft.hub;

import dev.weft.core.Body;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.events.Subjects;
import dev.weft.json.Json;
import dev.weft.json.Personal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Erases a subject of personal data everywhere: from what the bus keeps, and in every service; or in the one service that {@code
 * service} names in the query, and then not from the bus.
 */
final class ErasureRoutes {

    /** Is among the instances, and keeps nothing. */
    private static final String GATEWAY = "gateway";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** What is asked for. */
    record Erase(String subject, Optional<String> by) {
        Erase {
            Personal.requireSubject(subject);
        }
    }

    /**
     * What came of it.
     *
     * @param bus empty if it was not asked for
     * @param services what each says
     * @param away those that do not answer: nothing was erased there
     * @param silent those of which no instance is there, and programs that know of no erasure
     */
    record Erased(
            Optional<Subjects.Erasure> bus,
            List<EachService.Answered> services,
            List<EachService.Away> away,
            List<String> silent) {}

    private final Subjects subjects;
    private final BusLog log;
    private final InstanceTable table;
    private final EachService each;
    private final Set<String> expected;

    /**
     * @param expected services that belong to the system, also while no instance is there
     */
    ErasureRoutes(
            Subjects subjects,
            BusLog log,
            InstanceTable table,
            EachService each,
            Set<String> expected) {
        this.subjects = subjects;
        this.log = log;
        this.expected = expected;
        this.table = table;
        this.each = each;
    }

    Routes routes() {
        return Routes.of(Route.post("/admin/erase", BusRoutes.checked(this::erase)));
    }

    private Response erase(Request request) throws InterruptedException {
        var wanted = Answers.read(request, Erase.class);
        Optional<Subjects.Erasure> bus =
                request.query().get("service").isPresent()
                        ? Optional.empty()
                        : Optional.of(fromBus(wanted));
        var asked =
                Request.post("/_weft/erase", Body.of(Json.write(wanted)))
                        .header("Content-Type", "application/json");
        var only = request.query().get("service");
        var all = each.ask(only, asked, PATIENCE);
        return Answers.json(new Erased(bus, all.services(), all.away(), silent(all, only)));
    }

    private Subjects.Erasure fromBus(Erase wanted) throws InterruptedException {
        var erasure = subjects.erase(wanted.subject(), wanted.by().orElse(""), sql -> {});
        log.forget(wanted.subject());
        return erasure;
    }

    /** Who belongs to the system and has said nothing. */
    private List<String> silent(EachService.All all, Optional<String> only) {
        var names = new TreeSet<String>(only.map(Set::of).orElse(expected));
        if (names.isEmpty()) for (var instance : table.instances()) names.add(instance.service());
        names.remove(GATEWAY);
        all.services().forEach(said -> names.remove(said.service()));
        all.away().forEach(away -> names.remove(away.service()));
        return List.copyOf(names);
    }
}
