package dev.weft.cli;

import dev.weft.app.Surroundings;
import dev.weft.contracts.Contract;
import dev.weft.core.MemoryMeter;
import dev.weft.core.MemoryRegistry;
import dev.weft.core.MemoryTransport;
import dev.weft.core.Request;
import dev.weft.core.ServerOptions;
import dev.weft.core.Span;
import dev.weft.core.SystemTime;
import dev.weft.core.policy.Mode;
import dev.weft.events.MasterKeys;
import dev.weft.json.Json;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the services of a system promise and need, from their running definitions: of the system that runs; of one that does not run,
 * its services are started in this process, without ports, files or data, and stopped again. They are handed no event.
 *
 * @param services those of Weft; other programs tell nothing
 */
record Definitions(String system, Path folder, List<Contract> services) {

    /** What the hub tells. */
    record Told(List<Contract> services, List<Away> away) {}

    /** A service that does not tell. */
    record Away(String service, String error) {}

    Definitions {
        services = List.copyOf(services);
    }

    /** Of the system that is meant; {@link CommandFailed} if not all of its services tell. */
    static Definitions of(SystemChoice choice) {
        var folder = choice.systemFolder();
        if (folder.isPresent() && choice.in(folder.get()).isEmpty())
            return inMemory(SystemFile.read(folder.get()));
        return running(choice.find());
    }

    private static Definitions running(RunningSystem system) {
        try (var admin = new Admin(system)) {
            var told = admin.read("/admin/contracts", Told.class);
            if (!told.away().isEmpty())
                throw new CommandFailed(
                        told.away().stream()
                                .map(away -> away.service() + " does not tell: " + away.error())
                                .collect(Collectors.joining("; ")));
            if (system.folder().isEmpty())
                throw new CommandFailed("say in which folder the system lies, with -C DIR");
            var folder = Path.of(system.folder());
            requireAll(folder, told.services());
            return new Definitions(system.name(), folder, told.services());
        }
    }

    /** One that is down does not break its promises; of another program there are some if they were recorded. */
    private static void requireAll(Path folder, List<Contract> told) {
        var recorded = new RecordedContracts(folder).services();
        var names = told.stream().map(Contract::service).toList();
        var down =
                SystemFile.read(folder).services().stream()
                        .filter(service -> !service.foreign() || recorded.contains(service.name()))
                        .map(ServiceFile::name)
                        .filter(name -> !names.contains(name))
                        .toList();
        if (!down.isEmpty())
            throw new CommandFailed(
                    "no instance of "
                            + String.join(", ", down)
                            + " tells what it promises; start it, or stop the system, which is not"
                            + " needed for this");
    }

    private static Definitions inMemory(SystemFile files) {
        var builder =
                new Builder(
                        Installation.current(),
                        files.folder().resolve(LocalSystem.DATA + "/build"));
        var built = new LinkedHashMap<ServiceFile, Built>();
        for (var service : files.services())
            if (!service.foreign()) built.put(service, builder.build(service));
        var time = SystemTime.INSTANCE;
        var guests = new ArrayList<Guest>();
        var out = System.out;
        System.setOut(System.err); // What services print is no part of what this command prints.
        try (var transport = new MemoryTransport(time);
                var bus = new MuteBus()) {
            var registry = new MemoryRegistry();
            try {
                built.forEach((service, of) ->
                        guests.add(
                                new Guest(
                                        service,
                                        of,
                                        service.name() + "-1",
                                        (_, instance) ->
                                                surroundings(
                                                        service, instance, transport, registry,
                                                        bus),
                                        time)));
                var contracts = new ArrayList<Contract>();
                for (var guest : guests) contracts.add(ask(guest, transport));
                return new Definitions(files.name(), files.folder(), contracts);
            } finally {
                guests.forEach(Guest::close);
            }
        } finally {
            System.setOut(out);
        }
    }

    private static Surroundings surroundings(
            ServiceFile service,
            String instance,
            MemoryTransport transport,
            MemoryRegistry registry,
            MuteBus bus) {
        return new Surroundings(
                service.name(),
                instance,
                SystemTime.INSTANCE,
                transport,
                ServerOptions.DEFAULT,
                registry,
                registry,
                bus,
                "memory:",
                MasterKeys.NONE,
                Span.Sink.NONE,
                new MemoryMeter(),
                1,
                ServiceFile.MAX_TIMEOUT,
                Mode.ON,
                Optional.empty(),
                service.calls(),
                List.of());
    }

    private static Contract ask(Guest guest, MemoryTransport transport) {
        try {
            var problem = guest.awaitReady();
            var state = guest.state();
            if (problem.isPresent()) throw new CommandFailed(state.service() + " " + problem.get());
            var client = transport.client(URI.create(state.address()));
            var answer = client.call(Request.get("/_weft/contract"));
            if (!answer.successful())
                throw new CommandFailed(
                        state.service() + " does not tell: " + answer.body().text());
            return Json.read(answer.body().bytes(), Contract.class);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailed("interrupted", e);
        } catch (CommandFailed e) {
            throw e;
        } catch (Exception e) {
            throw new CommandFailed(guest.state().service() + " cannot be asked: " + e, e);
        }
    }
}
