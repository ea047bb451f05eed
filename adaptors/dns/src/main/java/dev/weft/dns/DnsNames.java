package dev.weft.dns;

import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Under which names services are found, and who is asked.
 *
 * <p>{@code dns:{service}.internal:8080} finds the addresses of a name, with one port for all;
 * {@code dns+srv:_http._tcp.{service}.internal} finds hosts and ports. Names are whole names: no
 * search list is applied. Behind a {@code ?} may stand, joined by {@code &}, {@code
 * server=10.0.0.2,10.0.0.3:5353}, the DNS servers to ask in this order instead of the system's, and
 * {@code services=product,customer}, the services to follow from the start.
 *
 * @param template with {@code {service}} in it
 * @param port of each instance; empty for SRV, whose records name it
 * @param servers empty for the system's
 */
public record DnsNames(
        String template,
        Optional<Integer> port,
        List<InetSocketAddress> servers,
        List<String> services) {

    static final String ADDRESSES = "dns:";
    static final String SERVICES = "dns+srv:";

    private static final String SERVICE = "{service}";
    private static final int DNS_PORT = 53;
    private static final String FORM =
            "it is written dns:{service}.internal:8080 or dns+srv:_http._tcp.{service}.internal, if"
                    + " need be with ?server=10.0.0.2:53&services=product,customer";

    public DnsNames {
        servers = List.copyOf(servers);
        services = List.copyOf(services);
    }

    /**
     * Reads a URL.
     *
     * @throws IllegalArgumentException that names what cannot be read, and the form
     */
    public static DnsNames parse(String url) {
        boolean srv = url.startsWith(SERVICES);
        var rest = url.substring(url.indexOf(':') + 1);
        int question = rest.indexOf('?');
        var name = question < 0 ? rest : rest.substring(0, question);
        int colon = name.lastIndexOf(':');
        if (srv && colon >= 0) throw wrong(name, "names a port, which SRV records do themselves");
        if (!srv && colon < 0) throw wrong(name, "names no port");
        Optional<Integer> port =
                srv ? Optional.empty() : Optional.of(port(name.substring(colon + 1)));
        var template = srv ? name : name.substring(0, colon);
        if (!template.contains(SERVICE)) throw wrong(template, "does not contain {service}");
        if (!template.replace(SERVICE, "s").matches("[A-Za-z0-9_.-]{1,200}"))
            throw wrong(template, "is no name");
        var servers = new ArrayList<InetSocketAddress>();
        var services = new ArrayList<String>();
        if (question >= 0) options(rest.substring(question + 1), servers, services);
        return new DnsNames(template, port, servers, services);
    }

    private static void options(
            String options, List<InetSocketAddress> servers, List<String> services) {
        for (var option : options.split("&", -1)) {
            int equals = option.indexOf('=');
            var values = option.substring(equals + 1).split(",", -1);
            switch (equals < 0 ? "" : option.substring(0, equals)) {
                case "server" -> {
                    for (var value : values) servers.add(server(value));
                }
                case "services" -> {
                    for (var value : values) services.add(checked(value));
                }
                default -> throw wrong(option, "is neither server= nor services=");
            }
        }
    }

    private static InetSocketAddress server(String text) {
        try {
            var uri = URI.create("dns://" + text);
            if (uri.getHost() != null && uri.toString().equals("dns://" + uri.getAuthority())) {
                var address =
                        new InetSocketAddress(
                                uri.getHost(), uri.getPort() < 0 ? DNS_PORT : uri.getPort());
                if (!address.isUnresolved()) return address;
            }
        } catch (IllegalArgumentException e) {
            throw wrong(text, "is no DNS server such as 10.0.0.2:53");
        }
        throw wrong(text, "is no DNS server such as 10.0.0.2:53");
    }

    private static int port(String text) {
        if (text.matches("[0-9]{1,5}")) {
            int port = Integer.parseInt(text);
            if (port > 0 && port < 65_536) return port;
        }
        throw wrong(text, "is no port from 1 to 65535");
    }

    private static IllegalArgumentException wrong(String part, String why) {
        return new IllegalArgumentException("\"" + part + "\" " + why + "; " + FORM);
    }

    /** The service's name, if it can be a part of a DNS name. */
    private static String checked(String service) {
        if (service.matches("[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")) return service;
        throw new IllegalArgumentException(
                "a service that is looked up in DNS is named by 1 to 63 letters, digits, - and _,"
                        + " not \""
                        + service
                        + "\"");
    }

    /** Where a service is looked up. */
    String of(String service) {
        return template.replace(SERVICE, checked(service));
    }
}
