import module dev.weft.app;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Has five places, and a request takes one for 200 ms: 25 a second; for 800 ms while it is cold, in the first 4 s behind its first
 * request. Says which instance it is. Told to, it fails at once.
 */
void main(String... arguments) {
    var instance = System.getenv().getOrDefault("WEFT_INSTANCE", "alone");
    var places = new Semaphore(5);
    var failing = new AtomicBoolean();
    var firstNanos = new AtomicLong();
    Weft.run(
            App.named("back").routes(Routes.of(
                    Route.get("/back/{n}", request -> {
                        if (failing.get()) return Response.of(500);
                        long now = System.nanoTime();
                        firstNanos.compareAndSet(0, now);
                        places.acquire();
                        try {
                            Thread.sleep(now - firstNanos.get() < 4_000_000_000L ? 800 : 200);
                        } finally {
                            places.release();
                        }
                        return Response.text(instance);
                    }),
                    Route.post("/failing/{whether}", request -> {
                        failing.set(request.variable("whether").equals("yes"));
                        return Response.of(204);
                    }))),
            arguments);
}
