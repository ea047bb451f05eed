package dev.weft.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.Discovery;
import dev.weft.core.Instance;
import dev.weft.core.SystemTime;
import dev.weft.testkit.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a DNS server on real sockets; what lives and waits does so by virtual time. */
@Timeout(60)
class DnsResolverTest {

    private static final SystemTime REAL = SystemTime.INSTANCE;
    private static final Duration SOON = Duration.ofMillis(200);

    private final VirtualTime time = new VirtualTime();

    @SuppressWarnings("NullAway.Init") // Opened before each case.
    private TinyDns dns;

    @BeforeEach
    void open() throws Exception {
        dns = new TinyDns();
    }

    @AfterEach
    void close() throws Exception {
        dns.close();
    }

    private DnsResolver addresses() {
        return resolver("dns:{service}.test:8080");
    }

    private DnsResolver services() {
        return resolver("dns+srv:_http._tcp.{service}.test");
    }

    private DnsResolver resolver(String url) {
        var at = dns.address();
        var server = "?server=127.0.0.1:" + at.getPort();
        return new DnsResolver(DnsNames.parse(url + server), SOON, time);
    }

    private static List<String> found(DnsResolver resolver, String service) {
        return text(resolver.instances(service));
    }

    private static List<String> text(List<Instance> instances) {
        return instances.stream().map(instance -> instance.address().toString()).toList();
    }

    // What is found

    @Test
    void the_addresses_of_a_name_are_its_instances_at_the_first_asking() {
        dns.has("cart.test. 30 A 10.0.0.1", "cart.test. 30 A 10.0.0.2");
        try (var resolver = addresses()) {
            assertThat(resolver.instances()).isEmpty();
            var carts = resolver.instances("cart");
            assertThat(text(carts)).containsExactly("http://10.0.0.1:8080", "http://10.0.0.2:8080");
            assertThat(carts)
                    .allSatisfy(cart -> {
                        assertThat(cart.service()).isEqualTo("cart");
                        assertThat(cart.state()).isEqualTo(Instance.State.READY);
                    })
                    .extracting(Instance::id)
                    .containsExactly("cart@10.0.0.1:8080", "cart@10.0.0.2:8080");
            assertThat(resolver.instances()).isEqualTo(carts);
            assertThat(resolver.age()).isZero();
        }
    }

    @Test
    void addresses_of_ipv6_are_taken_where_there_are_no_others() {
        dns.has("cart.test. 30 AAAA 2001:db8:0:0:0:0:0:1");
        dns.has("door.test. 30 A 10.0.0.1");
        dns.has("door.test. 30 AAAA 2001:db8:0:0:0:0:0:2");
        try (var resolver = addresses()) {
            assertThat(found(resolver, "cart"))
                    .containsExactly("http://[2001:db8:0:0:0:0:0:1]:8080");
            assertThat(found(resolver, "door")).containsExactly("http://10.0.0.1:8080");
        }
    }

    @Test
    void aliases_are_followed_in_the_answer_and_beyond_it() {
        dns.answers(
                "cart.test.",
                "A",
                "cart.test. 30 CNAME blue.test.",
                "blue.test. 30 CNAME one.test.");
        dns.has("one.test. 30 A 10.0.0.1");
        dns.answers("ring.test.", "A", "ring.test. 30 CNAME ring.test.");
        try (var resolver = addresses()) {
            assertThat(found(resolver, "cart")).containsExactly("http://10.0.0.1:8080");
            assertThat(found(resolver, "ring")).isEmpty();
        }
    }

    @Test
    void srv_records_name_hosts_and_ports_and_the_best_priority_counts() {
        dns.hasWith(
                List.of("one.test. 30 A 10.0.0.1"),
                "_http._tcp.cart.test. 30 SRV 1 5 8081 one.test.",
                "_http._tcp.cart.test. 30 SRV 1 5 8082 one.test.",
                "_http._tcp.cart.test. 30 SRV 1 5 8083 two.test.",
                "_http._tcp.cart.test. 30 SRV 2 5 8084 one.test.");
        dns.has("two.test. 30 A 10.0.0.2");
        dns.has("_http._tcp.none.test. 30 SRV 0 0 0 .");
        try (var resolver = services()) {
            assertThat(found(resolver, "cart"))
                    .containsExactlyInAnyOrder(
                            "http://10.0.0.1:8081", "http://10.0.0.1:8082", "http://10.0.0.2:8083");
            assertThat(found(resolver, "none")).isEmpty();
        }
    }

    @Test
    void an_answer_that_is_cut_off_is_asked_for_over_tcp() {
        dns.has("cart.test. 30 A 10.0.0.1");
        dns.manner(TinyDns.Manner.TRUNCATED);
        try (var resolver = addresses()) {
            assertThat(found(resolver, "cart")).containsExactly("http://10.0.0.1:8080");
            assertThat(dns.overTcp()).isEqualTo(1);
        }
    }

    @Test
    void who_watches_a_service_hears_of_it_and_who_watches_all_of_those_that_were_named()
            throws Exception {
        dns.has("cart.test. 30 A 10.0.0.1");
        dns.has("door.test. 30 A 10.0.0.2");
        try (var resolver = addresses()) {
            var carts = new ConcurrentLinkedDeque<List<String>>();
            var all = new ConcurrentLinkedDeque<List<String>>();
            try (var _ = resolver.watch(instances -> all.add(text(instances)));
                    var _ = resolver.watch("cart", instances -> carts.add(text(instances)))) {
                assertThat(carts).containsExactly(List.of("http://10.0.0.1:8080"));
                resolver.instances("door");
                await(() -> all.getLast().size() == 2);
                assertThat(carts).hasSize(1);
            }
        }
    }

    @Test
    void services_may_be_named_from_the_start() throws Exception {
        dns.has("cart.test. 30 A 10.0.0.1");
        var server = "127.0.0.1:" + dns.address().getPort();
        var url = "dns:{service}.test:8080?services=cart&server=" + server;
        try (var discovery = Discovery.open(url, time)) {
            await(() -> discovery.resolver().instances().size() == 1);
        }
    }

    // For how long

    @Test
    void it_is_asked_again_when_the_records_have_lived_and_not_before() throws Exception {
        dns.has("cart.test. 30 A 10.0.0.1");
        try (var resolver = addresses()) {
            var heard = new ConcurrentLinkedDeque<List<String>>();
            resolver.watch("cart", instances -> heard.add(text(instances)));
            asleep();
            int before = dns.questions();
            dns.has("cart.test. 30 A 10.0.0.2");
            time.advance(Duration.ofMillis(29_999));
            assertThat(dns.questions()).isEqualTo(before);
            assertThat(found(resolver, "cart")).containsExactly("http://10.0.0.1:8080");
            time.advance(Duration.ofMillis(1));
            await(() -> heard.getLast().equals(List.of("http://10.0.0.2:8080")));
            assertThat(dns.questions()).isEqualTo(before + 1);
        }
    }

    @Test
    void a_life_is_bounded_from_below_and_from_above() throws Exception {
        dns.has("short.test. 0 A 10.0.0.1");
        dns.has("long.test. 86400 A 10.0.0.1");
        for (var service : List.of("short", "long")) {
            try (var resolver = addresses()) {
                var bound = service.equals("short") ? DnsResolver.SHORTEST : DnsResolver.LONGEST;
                found(resolver, service);
                asleep();
                int before = dns.questions();
                time.advance(bound.minusMillis(1));
                assertThat(dns.questions()).isEqualTo(before);
                time.advance(Duration.ofMillis(1));
                await(() -> dns.questions() == before + 1);
            }
        }
    }

    @Test
    void that_there_is_nothing_is_believed_as_long_as_the_zone_says_within_bounds()
            throws Exception {
        var nothing = DnsResolver.LONGEST_NOTHING.toSeconds();
        for (var minimum : List.of(4L, 3600L)) {
            var soa = "test. 7200 SOA ns.test. me.test. 1 1 1 1 " + minimum;
            dns.hasNot("cart.test.", "A", soa);
            dns.hasNot("cart.test.", "AAAA", soa);
            try (var resolver = addresses()) {
                assertThat(found(resolver, "cart")).isEmpty();
                assertThat(resolver.age()).isZero();
                asleep();
                int before = dns.questions();
                dns.has("cart.test. 30 A 10.0.0.1");
                time.advance(Duration.ofSeconds(Math.min(minimum, nothing)).minusMillis(1));
                assertThat(dns.questions()).isEqualTo(before);
                time.advance(Duration.ofMillis(1));
                await(() -> found(resolver, "cart").size() == 1);
            }
        }
    }

    @Test
    void a_name_that_is_gone_empties_the_list() throws Exception {
        dns.has("cart.test. 30 A 10.0.0.1");
        try (var resolver = addresses()) {
            assertThat(found(resolver, "cart")).hasSize(1);
            asleep();
            dns.hasNot("cart.test.", "A", "test. 5 SOA ns.test. me.test. 1 1 1 1 5");
            time.advance(Duration.ofSeconds(30));
            await(() -> found(resolver, "cart").isEmpty());
        }
    }

    // When DNS fails

    @Test
    void while_dns_fails_what_was_known_stays_and_its_age_is_told() throws Exception {
        dns.has("cart.test. 30 A 10.0.0.1");
        dns.has("door.test. 60 A 10.0.0.2");
        for (var manner :
                List.of(TinyDns.Manner.SERVFAIL, TinyDns.Manner.SILENCE, TinyDns.Manner.GARBAGE)) {
            try (var resolver = addresses()) {
                assertThat(found(resolver, "cart")).hasSize(1);
                assertThat(found(resolver, "door")).hasSize(1);
                asleep();
                dns.manner(manner);
                time.advance(Duration.ofSeconds(30));
                await(() -> !resolver.age().isZero());
                assertThat(resolver.age()).isEqualTo(Duration.ofSeconds(30));
                assertThat(found(resolver, "cart")).containsExactly("http://10.0.0.1:8080");
                dns.manner(TinyDns.Manner.TABLE);
                pass(() -> resolver.age().isZero());
                assertThat(found(resolver, "cart")).containsExactly("http://10.0.0.1:8080");
            }
        }
    }

    @Test
    void a_host_of_an_srv_record_that_cannot_be_looked_up_keeps_its_addresses() throws Exception {
        dns.has(
                "_http._tcp.cart.test. 5 SRV 1 5 81 one.test.",
                "_http._tcp.cart.test. 5 SRV 1 5 82 two.test.");
        dns.has("one.test. 5 A 10.0.0.1");
        dns.has("two.test. 5 A 10.0.0.2");
        try (var resolver = services()) {
            assertThat(found(resolver, "cart")).hasSize(2);
            asleep();
            dns.fails("two.test.", "A");
            dns.has("one.test. 5 A 10.0.0.3");
            time.advance(Duration.ofSeconds(5));
            await(() -> found(resolver, "cart").contains("http://10.0.0.3:81"));
            assertThat(found(resolver, "cart"))
                    .containsExactlyInAnyOrder("http://10.0.0.3:81", "http://10.0.0.2:82");
        }
    }

    @Test
    void a_second_server_is_asked_when_the_first_does_not_answer() throws Exception {
        try (var other = new TinyDns()) {
            dns.manner(TinyDns.Manner.SERVFAIL);
            other.has("cart.test. 30 A 10.0.0.1");
            var servers =
                    "127.0.0.1:"
                            + dns.address().getPort()
                            + ",127.0.0.1:"
                            + other.address().getPort();
            var names = DnsNames.parse("dns:{service}.test:8080?server=" + servers);
            try (var resolver = new DnsResolver(names, SOON, time)) {
                assertThat(found(resolver, "cart")).hasSize(1);
            }
        }
    }

    @Test
    void who_asks_first_does_not_wait_for_long() {
        dns.manner(TinyDns.Manner.SILENCE);
        var patient = Duration.ofMinutes(1);
        var names =
                DnsNames.parse(
                        "dns:{service}.test:8080?server=127.0.0.1:" + dns.address().getPort());
        try (var resolver = new DnsResolver(names, patient, REAL)) {
            long start = REAL.nanos();
            assertThat(found(resolver, "cart")).isEmpty();
            var waited = Duration.ofNanos(REAL.nanos() - start);
            assertThat(waited).isBetween(DnsResolver.FIRST, DnsResolver.FIRST.plusSeconds(10));
        }
    }

    // How it is written

    @Test
    void what_cannot_be_read_is_named_with_the_form() {
        refused("dns:", "\"\"", "names no port");
        refused("dns:{service}.test", "\"{service}.test\"", "names no port");
        refused("dns:cart.test:80", "\"cart.test\"", "{service}");
        refused("dns:{service}.test:http", "\"http\"", "no port");
        refused("dns:{service}.test:70000", "\"70000\"", "no port");
        refused("dns:{service} test:80", "\"{service} test\"", "no name");
        refused("dns+srv:{service}.test:80", "names a port");
        refused("dns:{service}.test:80?ttl=5", "\"ttl=5\"", "server=");
        refused("dns:{service}.test:80?server=", "\"\"", "no DNS server");
        refused("dns:{service}.test:80?server=a:b:c", "\"a:b:c\"", "no DNS server");
        refused("dns:{service}.test:80?services=a b", "\"a b\"", "letters");
    }

    private static void refused(String url, String... named) {
        assertThatThrownBy(() -> DnsNames.parse(url))
                .isInstanceOf(IllegalArgumentException.class)
                .satisfies(e -> assertThat(e.getMessage()).contains(named));
    }

    @Test
    void a_service_that_can_be_no_part_of_a_name_is_refused() {
        try (var resolver = addresses()) {
            for (var service : List.of("", "a.b", "a b", "x".repeat(64)))
                assertThatThrownBy(() -> resolver.instances(service))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("\"" + service + "\"");
        }
    }

    // The words of the cases

    /** Waits until every service that is followed waits for virtual time. */
    private void asleep() throws InterruptedException {
        time.awaitWaiting(1, Duration.ofSeconds(10));
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        until(condition, () -> {});
    }

    private void pass(BooleanSupplier condition) throws InterruptedException {
        until(condition, () -> time.advance(Duration.ofMillis(100)));
    }

    private static void until(BooleanSupplier condition, Runnable meanwhile)
            throws InterruptedException {
        long end = REAL.nanos() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            if (REAL.nanos() - end > 0) throw new AssertionError("waited in vain");
            meanwhile.run();
            REAL.sleep(Duration.ofMillis(2));
        }
    }
}
