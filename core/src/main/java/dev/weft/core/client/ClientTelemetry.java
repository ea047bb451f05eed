package dev.weft.core.client;

import dev.weft.core.Filter;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.policy.Tally;

/** What sees the calls of a client: spans, figures, counts of decisions. */
public interface ClientTelemetry {

    /** Sees nothing. */
    ClientTelemetry NONE =
            new ClientTelemetry() {
                @Override
                public Filter<Request, Response> call(String service) {
                    return Filter.none();
                }

                @Override
                public Filter<Request, Response> attempt(Instance instance) {
                    return Filter.none();
                }

                @Override
                public Tally tally(String service) {
                    return Tally.NONE;
                }
            };

    /** Around a whole call of the service, with all its tries. */
    Filter<Request, Response> call(String service);

    /** Around one try at the instance. */
    Filter<Request, Response> attempt(Instance instance);

    /** Counts what the policies decide about calls of the service. */
    Tally tally(String service);
}
