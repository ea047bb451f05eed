package dev.weft.hub;

import dev.weft.contracts.AsyncApi;
import dev.weft.contracts.Contract;
import dev.weft.contracts.OpenApi;
import dev.weft.core.Failure;
import dev.weft.core.Problem;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Route;
import dev.weft.core.Routes;
import dev.weft.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the services promise each other, and the documents of it; of all, or of the one that {@code service} names in the query.
 * Programs that are no services of Weft tell nothing.
 */
final class ContractRoutes {

    /** All that is known, and who should be there and does not answer. */
    record Contracts(List<Contract> services, List<EachService.Away> away) {}

    private interface Document {
        Map<String, Object> of(String title, List<Contract> contracts);
    }

    private final EachService services;

    ContractRoutes(EachService services) {
        this.services = services;
    }

    Routes routes() {
        return Routes.of(
                Route.get("/admin/contracts", request -> Answers.json(contracts(request))),
                Route.get("/admin/openapi", request -> document(request, OpenApi::of)),
                Route.get("/admin/asyncapi", request -> document(request, AsyncApi::of)));
    }

    private Contracts contracts(Request request) throws InterruptedException {
        var all = services.ask(request.query().get("service"), Request.get("/_weft/contract"));
        var contracts = new ArrayList<Contract>();
        var away = new ArrayList<>(all.away());
        for (var answered : all.services()) {
            try {
                if (answered.status() == 200)
                    contracts.add(Json.read(answered.answer().utf8(), Contract.class));
                else
                    away.add(
                            new EachService.Away(
                                    answered.service(), "answers with " + answered.status()));
            } catch (Failure.Malformed e) {
                // A program of another kind that answers whatever it is asked.
            }
        }
        return new Contracts(contracts, away);
    }

    /** A document that lacks a service says what is not so. */
    private Response document(Request request, Document document) throws InterruptedException {
        var told = contracts(request);
        if (!told.away().isEmpty())
            throw Problem.of(
                            503,
                            "service-away",
                            told.away().stream()
                                    .map(away ->
                                            away.service() + " does not answer: " + away.error())
                                    .collect(Collectors.joining("; ")))
                    .failure();
        var title =
                request.query()
                        .get("title")
                        .or(() -> request.query().get("service"))
                        .orElse("system");
        return Answers.json(document.of(title, told.services()));
    }
}
