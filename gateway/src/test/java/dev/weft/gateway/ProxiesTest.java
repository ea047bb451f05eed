package dev.weft.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weft.core.ContextHeaders;
import dev.weft.core.Headers;
import dev.weft.core.Request;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProxiesTest {

    private static final Proxies BY_X =
            new Proxies(
                    List.of(Subnet.parse("10.0.0.0/8"), Subnet.parse("fd00::/8")),
                    Proxies.Header.X_FORWARDED_FOR);

    private static final Proxies BY_RFC = new Proxies(BY_X.addresses(), Proxies.Header.FORWARDED);

    private static Request from(String peer, String... headers) {
        var all = Headers.of("Host", "inner:8080").and(ContextHeaders.PEER, peer);
        for (int i = 0; i < headers.length; i += 2) all = all.and(headers[i], headers[i + 1]);
        return Request.get("/").with(all);
    }

    private static Origin x(String peer, String... headers) {
        return BY_X.origin(from(peer, headers), "http");
    }

    private static Origin rfc(String peer, String forwarded) {
        return BY_RFC.origin(from(peer, "Forwarded", forwarded), "http");
    }

    @Test
    void who_is_no_proxy_of_ours_is_not_believed() {
        var direct = new Origin("9.9.9.9", "http", "inner:8080");
        assertThat(x("9.9.9.9", "X-Forwarded-For", "1.1.1.1")).isEqualTo(direct);
        assertThat(rfc("9.9.9.9", "for=1.1.1.1;proto=https;host=x")).isEqualTo(direct);
        assertThat(Proxies.NONE.origin(from("10.0.0.1", "X-Forwarded-For", "1.1.1.1"), "https"))
                .isEqualTo(new Origin("10.0.0.1", "https", "inner:8080"));
    }

    @Test
    void the_first_from_the_end_that_is_no_proxy_is_the_client() {
        assertThat(x("10.0.0.1", "X-Forwarded-For", "6.6.6.6, 1.1.1.1, 10.0.0.2").client())
                .isEqualTo("1.1.1.1");
        assertThat(rfc("fd00::1", "for=6.6.6.6, for=1.1.1.1, for=10.0.0.2").client())
                .isEqualTo("1.1.1.1");
        assertThat(x("10.0.0.1", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "2.2.2.2"))
                .extracting(Origin::client)
                .isEqualTo("2.2.2.2");
    }

    @Test
    void where_all_are_proxies_it_is_the_first_of_them() {
        assertThat(x("10.0.0.1", "X-Forwarded-For", "10.0.0.3, 10.0.0.2").client())
                .isEqualTo("10.0.0.3");
        assertThat(x("10.0.0.1").client()).isEqualTo("10.0.0.1");
    }

    @Test
    void an_entry_without_an_address_ends_the_reading() {
        for (var hidden : new String[] {"unknown", "_secret", "", "999.1.1.1", "1", "a.example"})
            assertThat(x("10.0.0.1", "X-Forwarded-For", "6.6.6.6, " + hidden + ", 10.0.0.2"))
                    .as(hidden)
                    .extracting(Origin::client)
                    .isEqualTo("10.0.0.2");
        assertThat(rfc("10.0.0.1", "for=6.6.6.6, for=\"_hidden\"").client()).isEqualTo("10.0.0.1");
        assertThat(rfc("10.0.0.1", "proto=https").client()).isEqualTo("10.0.0.1");
    }

    @Test
    void only_the_header_that_the_proxies_set_is_looked_at() {
        assertThat(x("10.0.0.1", "Forwarded", "for=6.6.6.6").client()).isEqualTo("10.0.0.1");
        assertThat(BY_RFC.origin(from("10.0.0.1", "X-Forwarded-For", "6.6.6.6"), "http").client())
                .isEqualTo("10.0.0.1");
    }

    @Test
    void scheme_and_host_are_what_the_outermost_proxy_saw() {
        assertThat(
                        rfc(
                                "10.0.0.1",
                                "for=6.6.6.6;proto=ftp;host=evil, for=1.1.1.1;proto=HTTPS;"
                                        + "host=\"shop.example:8443\", for=10.0.0.2;proto=http;host=mid"))
                .isEqualTo(new Origin("1.1.1.1", "https", "shop.example:8443"));
        assertThat(
                        x(
                                "10.0.0.1",
                                "X-Forwarded-For",
                                "1.1.1.1",
                                "X-Forwarded-Proto",
                                "http, https",
                                "X-Forwarded-Host",
                                "shop.example"))
                .isEqualTo(new Origin("1.1.1.1", "https", "shop.example"));
    }

    @Test
    void what_is_no_scheme_and_no_host_does_not_count() {
        assertThat(
                        x(
                                "10.0.0.1",
                                "X-Forwarded-For",
                                "1.1.1.1",
                                "X-Forwarded-Proto",
                                "javascript",
                                "X-Forwarded-Host",
                                "a b\";x"))
                .isEqualTo(new Origin("1.1.1.1", "http", "inner:8080"));
    }

    @Test
    void addresses_come_with_ports_brackets_and_quotes() {
        assertThat(x("10.0.0.1", "X-Forwarded-For", "1.1.1.1:567").client()).isEqualTo("1.1.1.1");
        assertThat(x("10.0.0.1", "X-Forwarded-For", "2001:db8::1").client())
                .isEqualTo("2001:db8:0:0:0:0:0:1");
        assertThat(rfc("10.0.0.1", "For=\"[2001:db8::1]:4711\";by=x").client())
                .isEqualTo("2001:db8:0:0:0:0:0:1");
        assertThat(x("10.0.0.1", "X-Forwarded-For", "::ffff:1.2.3.4").client())
                .isEqualTo("1.2.3.4");
        assertThat(rfc("10.0.0.1", "for=\"a\\\"b, for=1.1.1.1").client()).isEqualTo("10.0.0.1");
    }

    @Test
    void a_header_without_end_is_not_read_without_end() {
        assertThat(x("10.0.0.1", "X-Forwarded-For", "1.1.1.1" + ",10.0.0.9".repeat(5000)).client())
                .isEqualTo("10.0.0.9");
    }

    @Test
    void a_client_of_version_6_is_counted_by_its_network() {
        assertThat(new Origin("2001:db8:1:2:3:4:5:6", "http", "").counted())
                .isEqualTo(new Origin("2001:db8:1:2:ffff:4:5:6", "http", "").counted())
                .isEqualTo("2001:db8:1:2::/64");
        assertThat(new Origin("1.2.3.4", "http", "").counted()).isEqualTo("1.2.3.4");
        assertThat(new Origin("", "http", "").counted()).isEmpty();
    }

    @Test
    void a_subnet_holds_what_begins_with_its_bits() {
        var subnet = Subnet.parse("192.168.4.0/22");
        assertThat(holds(subnet, "192.168.7.255")).isTrue();
        assertThat(holds(subnet, "192.168.8.0")).isFalse();
        assertThat(holds(subnet, "::192.168.4.1")).isFalse();
        assertThat(holds(Subnet.parse("0.0.0.0/0"), "8.8.8.8")).isTrue();
        assertThat(holds(Subnet.parse("10.0.0.7"), "10.0.0.7")).isTrue();
        assertThat(holds(Subnet.parse("10.0.0.7"), "10.0.0.6")).isFalse();
        assertThat(holds(Subnet.parse("2001:db8::/33"), "2001:db8:7fff::1")).isTrue();
        assertThat(holds(Subnet.parse("2001:db8::/33"), "2001:db8:8000::1")).isFalse();
    }

    private static boolean holds(Subnet subnet, String address) {
        return subnet.contains(Subnet.address(address).orElseThrow());
    }

    @Test
    void what_is_no_subnet_is_refused_with_what_would_be_one() {
        for (var text : new String[] {"", "10", "10.0.0.0/33", "10.0.0.0/", "localhost", "::1/129"})
            assertThatThrownBy(() -> Subnet.parse(text))
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .message()
                    .containsAnyOf("10.0.0.0/8", "a number from 0 to");
    }
}
