package dev.weft.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.core.Instance;
import dev.weft.core.Instance.State;
import dev.weft.core.Load;
import dev.weft.core.Registry;
import dev.weft.core.Resolver;
import dev.weft.core.SystemTime;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every {@link Registry} with its {@link Resolver} must do. A run of it lets leases, renewals
 * and whatever else waits go by the virtual time; only the network may be real.
 *
 * <p>{@link #lease} and {@link Source#away} are promises both ways: where there is no lease, what
 * is silent stays, and a source that cannot be away never is.
 */
@Timeout(60)
public abstract class DiscoveryContract {

    /** How soon those who watch leave an instance that drains. */
    private static final Duration SOON = Duration.ofMillis(100);

    private static final Duration STEP = Duration.ofMillis(25);
    private static final Duration BREATH = Duration.ofMillis(2);
    private static final Duration LONG = Duration.ofHours(1);
    private static final SystemTime REAL = SystemTime.INSTANCE;

    private final List<Party> parties = new ArrayList<>();
    private VirtualTime time = new VirtualTime();

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private Source source;

    protected DiscoveryContract() {}

    /** Where instances are registered, as a server or as the memory of one process. */
    protected interface Source extends AutoCloseable {

        /** One more process that takes part. */
        Party join();

        /**
         * Takes the source away from all who take part; it forgets what it has in memory. The answer
         * brings it back, at the same place. Empty if that cannot happen.
         */
        default Optional<Runnable> away() {
            return Optional.empty();
        }

        @Override
        void close();
    }

    /**
     * What one process has of discovery.
     *
     * @param die ends it without a word to the source
     */
    public record Party(Registry registry, Resolver resolver, Runnable die) {}

    /** Opens an empty source that lives by this time. */
    protected abstract Source open(VirtualTime time) throws Exception;

    /** Within what time one that is silent is gone; empty if nobody can die alone. */
    protected abstract Optional<Duration> lease();

    /** How long a case waits for what needs no virtual time. */
    protected Duration patience() {
        return Duration.ofSeconds(20);
    }

    @BeforeEach
    void openSource() throws Exception {
        time = new VirtualTime();
        source = open(time);
    }

    @AfterEach
    void closeSource() {
        parties.forEach(party -> party.resolver().close());
        source.close();
    }

    // What is seen

    @Test
    void what_is_registered_is_seen_as_it_was_said() throws Exception {
        var routes = List.of("GET /carts/{id}", "POST /carts/{id}/items");
        var said =
                new Instance(
                        "cart", "cart-1 ä", URI.create("http://10.0.0.1:81"), State.READY, routes);
        join().registry().register(said);
        var seen = join();
        await("it is seen", () -> seen.resolver().instances().size() == 1);
        assertThat(seen.resolver().instances()).containsExactly(said);
        assertThat(seen.resolver().instances("cart")).containsExactly(said);
        assertThat(seen.resolver().instances("door")).isEmpty();
    }

    @Test
    void a_watcher_is_called_at_once_with_what_is_known() throws Exception {
        join().registry().register(cart(1));
        var resolver = join().resolver();
        await("it is known", () -> resolver.instances().size() == 1);
        var heard = new AtomicReference<List<Instance>>();
        try (var _ = resolver.watch(heard::set)) {
            assertThat(heard.get()).containsExactly(cart(1));
        }
        var ofCarts = new AtomicReference<List<Instance>>();
        var ofDoors = new AtomicReference<List<Instance>>();
        try (var _ = resolver.watch("cart", ofCarts::set);
                var _ = resolver.watch("door", ofDoors::set)) {
            assertThat(ofCarts.get()).containsExactly(cart(1));
            assertThat(ofDoors.get()).isEmpty();
        }
    }

    @Test
    void a_watcher_hears_of_everyone_who_comes() throws Exception {
        var heard = watch(join());
        var registry = join().registry();
        registry.register(cart(1));
        heard.await("the first", all -> ids(all).equals("cart-1"));
        registry.register(cart(2));
        heard.await("the second too", all -> ids(all).equals("cart-1 cart-2"));
        join().registry().register(door(1));
        heard.await("that of another", all -> ids(all).equals("cart-1 cart-2 door-1"));
    }

    @Test
    void a_watcher_of_one_service_hears_of_it_alone() throws Exception {
        var heard = new Heard();
        var all = join();
        all.resolver().watch("cart", heard);
        var registry = join().registry();
        registry.register(door(1));
        registry.register(cart(1));
        heard.await("its own", carts -> ids(carts).equals("cart-1"));
        var door = registry.register(door(2));
        door.update(State.DRAINING);
        registry.register(cart(2));
        heard.await("its own", carts -> ids(carts).equals("cart-1 cart-2"));
        assertThat(heard.lists.stream().map(DiscoveryContract::ids))
                .containsExactly("", "cart-1", "cart-1 cart-2");
    }

    @Test
    void two_instances_of_a_service_have_states_of_their_own() throws Exception {
        var one = join().registry().register(cart(1));
        var two = join().registry().register(cart(2));
        var heard = watch(join());
        heard.await("both", all -> states(all).equals("cart-1=READY cart-2=READY"));
        one.update(State.DRAINING);
        heard.await("one drains", all -> states(all).equals("cart-1=DRAINING cart-2=READY"));
        two.update(State.STARTING);
        heard.await("two starts", all -> states(all).equals("cart-1=DRAINING cart-2=STARTING"));
        one.close();
        heard.await("one has left", all -> states(all).equals("cart-2=STARTING"));
    }

    @Test
    void one_that_drains_is_left_at_once() throws Exception {
        var lease = join().registry().register(cart(1));
        var heard = watch(join());
        var fastest = LONG;
        for (int i = 0; i < 5; i++) {
            lease.update(State.READY);
            heard.await("it is ready", all -> states(all).equals("cart-1=READY"));
            long start = REAL.nanos();
            lease.update(State.DRAINING);
            heard.await("it drains", all -> states(all).equals("cart-1=DRAINING"));
            var took = Duration.ofNanos(heard.atNanos() - start);
            if (took.compareTo(fastest) < 0) fastest = took;
        }
        // The clock of everything that waits stood still: nobody waited. The rest is the machine's.
        assertThat(time.nanos()).isZero();
        assertThat(fastest).isLessThan(SOON);
    }

    @Test
    void what_is_withdrawn_is_gone_and_may_come_back() throws Exception {
        var registry = join().registry();
        var lease = registry.register(cart(1));
        var heard = watch(join());
        heard.await("it is there", all -> ids(all).equals("cart-1"));
        lease.close();
        lease.close();
        heard.await("it has left", List::isEmpty);
        lease.update(State.READY);
        registry.register(door(1));
        heard.await("it stays away", all -> ids(all).equals("door-1"));
        registry.register(cart(1));
        heard.await("it is back", all -> ids(all).equals("cart-1 door-1"));
    }

    @Test
    void the_load_that_an_instance_reports_is_seen() throws Exception {
        var load = new AtomicReference<>(Optional.of(new Load(0, 20)));
        join().registry().register(cart(1), load::get);
        var resolver = join().resolver();
        await("its first load", () -> loads(resolver).equals(List.of(new Load(0, 20))));
        load.set(Optional.of(new Load(7, 40)));
        pass("another load", () -> loads(resolver).equals(List.of(new Load(7, 40))));
        load.set(Optional.empty());
        pass("none", () -> !resolver.instances().isEmpty() && loads(resolver).isEmpty());
    }

    @Test
    void one_that_cannot_tell_its_load_is_there_all_the_same() throws Exception {
        join().registry()
                .register(
                        cart(1),
                        () -> {
                            throw new IllegalStateException("no load");
                        });
        var resolver = join().resolver();
        await("it is seen", () -> resolver.instances().equals(List.of(cart(1))));
    }

    // Those who watch

    @Test
    void a_watcher_that_was_closed_hears_nothing_more() throws Exception {
        var party = join();
        var closed = new Heard();
        var watch = party.resolver().watch(closed);
        var heard = watch(party);
        var registry = join().registry();
        registry.register(cart(1));
        closed.await("the first", all -> ids(all).equals("cart-1"));
        watch.close();
        watch.close();
        registry.register(cart(2));
        heard.await("the second", all -> ids(all).equals("cart-1 cart-2"));
        party.resolver().close();
        registry.register(cart(3));
        var other = watch(join());
        other.await("the third", all -> ids(all).equals("cart-1 cart-2 cart-3"));
        assertThat(ids(closed.last())).isEqualTo("cart-1");
        assertThat(ids(heard.last())).isEqualTo("cart-1 cart-2");
    }

    @Test
    void a_slow_watcher_holds_up_nobody_and_hears_what_is_newest() throws Exception {
        var party = join();
        var slow = new Heard();
        var entered = new CountDownLatch(1);
        var release = new CountDownLatch(1);
        party.resolver()
                .watch(all -> {
                    if (!all.isEmpty()) {
                        entered.countDown();
                        if (!within(release)) return;
                    }
                    slow.accept(all);
                });
        var heard = watch(party);
        var registry = join().registry();
        registry.register(cart(1));
        heard.await("the first", all -> ids(all).equals("cart-1"));
        assertThat(within(entered)).isTrue();
        registry.register(cart(2));
        registry.register(cart(3));
        heard.await("the third", all -> ids(all).equals("cart-1 cart-2 cart-3"));
        assertThat(ids(party.resolver().instances())).isEqualTo("cart-1 cart-2 cart-3");
        release.countDown();
        slow.await("the third", all -> ids(all).equals("cart-1 cart-2 cart-3"));
    }

    @Test
    void a_watcher_that_fails_harms_nobody_and_is_called_again() throws Exception {
        var party = join();
        var failing = new Heard();
        party.resolver()
                .watch(all -> {
                    failing.accept(all);
                    if (!all.isEmpty()) throw new IllegalStateException("as the test wants it");
                });
        var heard = watch(party);
        var registry = join().registry();
        registry.register(cart(1));
        heard.await("the first", all -> ids(all).equals("cart-1"));
        failing.await("the first", all -> ids(all).equals("cart-1"));
        registry.register(cart(2));
        heard.await("the second", all -> ids(all).equals("cart-1 cart-2"));
        failing.await("the second", all -> ids(all).equals("cart-1 cart-2"));
    }

    // Leases

    @Test
    void one_that_lives_stays_however_long() throws Exception {
        var living = live(cart(1));
        var heard = watch(join());
        heard.await("it is there", all -> ids(all).equals("cart-1"));
        for (int i = 0; i < 10; i++) living.on();
        assertThat(ids(heard.last())).isEqualTo("cart-1");
        assertThat(heard.lists.stream().map(DiscoveryContract::ids)).isSubsetOf("", "cart-1");
    }

    @Test
    void one_that_dies_without_a_word_is_gone_within_its_lease() throws Exception {
        var living = live(cart(1));
        var heard = watch(join());
        heard.await("it is there", all -> ids(all).equals("cart-1"));
        for (int i = 0; i < 4; i++) living.on();
        living.lease.update(State.READY);
        living.party.die().run();
        if (lease().isEmpty()) {
            time.advance(LONG);
            assertThat(ids(heard.last())).isEqualTo("cart-1");
            return;
        }
        var half = lease().get().dividedBy(2);
        time.advance(half);
        assertThat(ids(heard.last())).isEqualTo("cart-1");
        time.advance(half.plusMillis(1));
        heard.await("it is gone", List::isEmpty);
    }

    // A source that is away

    @Test
    void while_the_source_is_away_what_was_known_stays_and_its_age_is_told() throws Exception {
        join().registry().register(cart(1));
        join().registry().register(cart(2));
        var party = join();
        var heard = watch(party);
        heard.await("both", all -> ids(all).equals("cart-1 cart-2"));
        assertThat(party.resolver().age()).isZero();
        var back = source.away();
        if (back.isPresent()) {
            var age = Duration.ofSeconds(15);
            pass("its age grows", () -> party.resolver().age().compareTo(age) > 0);
        } else {
            time.advance(LONG);
            assertThat(party.resolver().age()).isZero();
        }
        assertThat(ids(party.resolver().instances())).isEqualTo("cart-1 cart-2");
        assertThat(ids(heard.last())).isEqualTo("cart-1 cart-2");
        var late = new Heard();
        party.resolver().watch(late);
        assertThat(ids(late.last())).isEqualTo("cart-1 cart-2");
    }

    @Test
    void nobody_who_watches_notices_that_the_source_began_anew() throws Exception {
        var first = live(cart(1));
        var second = live(cart(2));
        var party = join();
        var before = watch(party);
        before.await("both", all -> ids(all).equals("cart-1 cart-2"));
        var heard = watch(party);
        var back = source.away();
        if (back.isPresent()) {
            pass("it is noticed", () -> !party.resolver().age().isZero());
            back.get().run();
            var other = join().resolver();
            passAsIs("both are known", () -> ids(other.instances()).equals("cart-1 cart-2"));
            passAsIs("it is heard of", () -> party.resolver().age().isZero());
            for (int i = 0; i < 4; i++) {
                first.on();
                second.on();
            }
        }
        assertThat(heard.lists.stream().map(DiscoveryContract::ids)).containsOnly("cart-1 cart-2");
        second.lease.update(State.DRAINING);
        heard.await("a new state", all -> states(all).equals("cart-1=READY cart-2=DRAINING"));
    }

    @Test
    void one_that_dies_while_the_source_is_away_is_forgotten_behind_it() throws Exception {
        join().registry().register(cart(1));
        var dying = join();
        var lease = dying.registry().register(cart(2));
        var party = join();
        var heard = watch(party);
        heard.await("both", all -> ids(all).equals("cart-1 cart-2"));
        var back = source.away();
        if (back.isPresent()) {
            pass("it is noticed", () -> !party.resolver().age().isZero());
            dying.die().run();
            assertThat(ids(party.resolver().instances())).isEqualTo("cart-1 cart-2");
            back.get().run();
        } else {
            lease.close();
        }
        pass("it is forgotten", () -> ids(heard.last()).equals("cart-1"));
    }

    // The words of the cases

    private Party join() {
        var party = source.join();
        parties.add(party);
        return party;
    }

    private Heard watch(Party party) {
        var heard = new Heard();
        party.resolver().watch(heard);
        return heard;
    }

    /** What a watcher was called with. */
    private final class Heard implements Consumer<List<Instance>> {
        final ConcurrentLinkedDeque<List<Instance>> lists = new ConcurrentLinkedDeque<>();
        private volatile long atNanos;

        @Override
        public void accept(List<Instance> all) {
            atNanos = REAL.nanos();
            lists.add(all);
        }

        List<Instance> last() {
            return lists.isEmpty() ? List.of() : lists.getLast();
        }

        long atNanos() {
            return atNanos;
        }

        void await(String what, Predicate<List<Instance>> wanted) throws InterruptedException {
            DiscoveryContract.this.await(
                    "heard of: " + what, () -> !lists.isEmpty() && wanted.test(last()));
        }
    }

    private Living live(Instance instance) {
        return new Living(join(), instance);
    }

    /** An instance that renews its lease, which shows in its load being asked. */
    private final class Living {
        final Party party;
        final Registry.Lease lease;
        private final AtomicInteger asked = new AtomicInteger();

        Living(Party party, Instance instance) {
            this.party = party;
            this.lease = party.registry().register(instance, this::load);
        }

        private Optional<Load> load() {
            asked.incrementAndGet();
            return Optional.empty();
        }

        /** Lets the time of one renewal pass. That a state was told says that the last is done. */
        void on() throws InterruptedException {
            if (lease().isEmpty()) {
                time.advance(LONG);
                return;
            }
            lease.update(State.READY);
            int before = asked.get();
            time.advance(lease().get().dividedBy(3).plusMillis(1));
            DiscoveryContract.this.await("a renewal", () -> asked.get() > before);
        }
    }

    /** Waits until it is so, without virtual time. */
    private void await(String what, BooleanSupplier condition) throws InterruptedException {
        until(what, condition, took -> Duration.ZERO);
    }

    /** Lets time fly until it is so. */
    private void pass(String what, BooleanSupplier condition) throws InterruptedException {
        until(what, condition, took -> STEP);
    }

    /** Lets time pass as it does, so that no lease ends before the machine came to renewing it. */
    private void passAsIs(String what, BooleanSupplier condition) throws InterruptedException {
        until(what, condition, took -> took);
    }

    private void until(String what, BooleanSupplier condition, UnaryOperator<Duration> passing)
            throws InterruptedException {
        long start = REAL.nanos();
        long before = start;
        while (!condition.getAsBoolean()) {
            long now = REAL.nanos();
            if (now - start > patience().toNanos())
                throw new AssertionError("not within " + patience() + ": " + what);
            time.advance(passing.apply(Duration.ofNanos(now - before)));
            before = now;
            REAL.sleep(BREATH);
        }
    }

    private boolean within(CountDownLatch latch) {
        try {
            return latch.await(patience().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Instance cart(int number) {
        return instance("cart", number);
    }

    private static Instance door(int number) {
        return instance("door", number);
    }

    private static Instance instance(String service, int number) {
        return new Instance(
                service,
                service + "-" + number,
                URI.create("http://127.0.0.1:" + number),
                State.READY,
                List.of("GET /" + service + "/{id}"));
    }

    private static String ids(List<Instance> all) {
        return all.stream().map(Instance::id).sorted().collect(Collectors.joining(" "));
    }

    private static String states(List<Instance> all) {
        return all.stream()
                .map(instance -> instance.id() + "=" + instance.state())
                .sorted()
                .collect(Collectors.joining(" "));
    }

    private static List<Load> loads(Resolver resolver) {
        return resolver.instances().stream().flatMap(i -> i.load().stream()).toList();
    }
}
