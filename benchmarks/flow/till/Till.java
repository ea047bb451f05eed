import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Sells at a constant rate, whether or not the sales before are stored, and tells what it sold. */
class Till {
    record Sell(int round, long dueNanos) {}
    record Sold(int round, long number, long dueNanos) {}
    record Load(int round, int perSecond, int seconds, int products) {}
    record Done(int round, long sold, long failed, long p50Us, long p99Us) {}

    /** Counts what was sold of a product, so that whoever hears of it can tell the order. */
    static final Decider<Sell, Long, Sold> SALE = Decider.of(
        "sale", 0L, (sell, count) -> Decision.emit(new Sold(sell.round, count + 1, sell.dueNanos)),
        (count, sold) -> sold.number, EventType.of("sold", Sold.class));

    static final Map<Integer, Done> DONE = new ConcurrentHashMap<>();

    public static void main(String[] args) {
        Weft.run(App.named("till")
            .publish(SALE)
            .routes(weft -> Routes.of(
                post("/loads", Load.class, Load.class).status(202).to(load -> {
                    Thread.ofPlatform().daemon().start(() -> sell(weft, load));
                    return load;
                }),
                get("/loads/{round}", String.class, Done.class).to(round ->
                    Optional.ofNullable(DONE.get(Integer.valueOf(round)))
                        .orElseThrow(() -> Problem.notFound("round", round))))),
            args);
    }

    static void sell(Weft weft, Load load) {
        int all = load.perSecond * load.seconds;
        var tookNanos = new long[all];
        var failed = new AtomicLong();
        var left = new CountDownLatch(all);
        var random = new java.util.Random(load.round);
        long start = System.nanoTime();
        for (int i = 0; i < all; i++) {
            int number = i;
            var product = "p" + random.nextInt(load.products);
            long due = start + (long) (i * 1e9 / load.perSecond);
            for (long wait = due - System.nanoTime(); wait > 0; wait = due - System.nanoTime()) LockSupport.parkNanos(wait);
            Thread.startVirtualThread(() -> {
                try {
                    weft.handle(SALE, product, new Sell(load.round, due));
                } catch (Exception e) {
                    failed.incrementAndGet();
                } finally {
                    tookNanos[number] = System.nanoTime() - due;
                    left.countDown();
                }
            });
        }
        try {
            left.await();
        } catch (InterruptedException e) {
            return;
        }
        Arrays.sort(tookNanos);
        DONE.put(load.round, new Done(load.round, all - failed.get(), failed.get(),
            tookNanos[all / 2] / 1_000, tookNanos[all * 99 / 100] / 1_000));
    }
}
