package dev.weft.app;

import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.RoundRobin;
import dev.weft.core.Service;
import dev.weft.core.Tracer;
import dev.weft.http.ClientTrace;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** One client for each service that is called, made at the first call. */
final class Clients {

    private final Surroundings in;
    private final Tracer tracer;
    private final Map<String, Service<Request, Response>> made = new ConcurrentHashMap<>();

    Clients(Surroundings in, Tracer tracer) {
        this.in = in;
        this.tracer = tracer;
    }

    Service<Request, Response> of(String service) {
        return made.computeIfAbsent(service, this::make);
    }

    private Service<Request, Response> make(String service) {
        return new ClientTrace(in.service(), service, tracer, in.time())
                .then(new RoundRobin(in.service(), service, in.resolver(), in.transport()));
    }
}
