import module dev.weft.app;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/** Has five places, and a request takes one for 200 ms: 25 a second. Says which instance it is. Told to, it fails at once. */
void main(String... arguments) {
    var instance = System.getenv().getOrDefault("WEFT_INSTANCE", "alone");
    var places = new Semaphore(5);
    var failing = new AtomicBoolean();
    Weft.run(
            App.named("back").routes(Routes.of(
                    Route.get("/back/{n}", request -> {
                        if (failing.get()) return Response.of(500);
                        places.acquire();
                        try {
                            Thread.sleep(200);
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
