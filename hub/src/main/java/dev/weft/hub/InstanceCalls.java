package dev.weft.hub;

import dev.weft.core.Cancellation;
import dev.weft.core.Context;
import dev.weft.core.ContextHeaders;
import dev.weft.core.Deadline;
import dev.weft.core.Instance;
import dev.weft.core.Request;
import dev.weft.core.Response;
import dev.weft.core.Time;
import dev.weft.core.Transport;
import java.time.Duration;
import java.util.Optional;

/** The hub's own questions to instances, with the system's token. */
final class InstanceCalls {

    private final Transport transport;
    private final Optional<String> token;
    private final Time time;

    InstanceCalls(Transport transport, Optional<String> token, Time time) {
        this.transport = transport;
        this.token = token;
        this.time = time;
    }

    /** The instance's answer, whatever its status; its body is the caller's to close. */
    Response call(Instance instance, Request request, Duration atMost) throws Exception {
        var asked =
                token.map(it -> request.header("Authorization", "Bearer " + it)).orElse(request);
        var limited =
                Cancellation.ofCalls("hub", instance.service() + "/" + instance.id(), time)
                        .then(transport.client(instance.address()));
        return Context.none()
                .with(Deadline.after(atMost, time))
                .call(() -> limited.call(ContextHeaders.inject(asked)));
    }

    /** Why it could not be asked. */
    static String why(Exception failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }
}
