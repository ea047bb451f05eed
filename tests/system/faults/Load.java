import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks the gateway at a steady rate, whether or not earlier requests were answered: in turn for the services that are named. Each
 * request has two seconds. Writes a line for each, as they end: when it began (ms), what was asked for, the
 * status or the failure, the instance that answered, how long it took (ms).
 */
void main(String... arguments) throws Exception {
    int perSecond = Integer.parseInt(arguments[0]);
    var out = new PrintStream(arguments[1]);
    var services = List.of(arguments).subList(2, arguments.length);
    var gateway = System.getenv("WEFT_GATEWAY");
    var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    long begun = System.nanoTime();
    for (long n = 0; ; n++) {
        long dueNanos = begun + n * 1_000_000_000 / perSecond;
        for (long left = dueNanos - System.nanoTime(); left > 0; left = dueNanos - System.nanoTime())
            LockSupport.parkNanos(left);
        var of = services.get((int) (n % services.size()));
        var request = HttpRequest.newBuilder(URI.create(gateway + "/" + of + "/" + n))
                .header("weft-deadline-ms", "2000")
                .timeout(Duration.ofSeconds(5))
                .build();
        Thread.startVirtualThread(() -> {
            long at = System.currentTimeMillis();
            String outcome;
            try {
                var answer = client.send(request, BodyHandlers.ofString());
                outcome = answer.statusCode() + " " + (answer.statusCode() == 200 ? answer.body() : "-");
            } catch (Exception e) {
                outcome = e.getClass().getSimpleName() + " -";
            }
            out.println(at + " " + of + " " + outcome + " " + (System.currentTimeMillis() - at));
        });
    }
}
