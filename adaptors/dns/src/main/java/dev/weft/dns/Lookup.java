package dev.weft.dns;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ResolverConfig;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * Asks DNS where one service is.
 *
 * <p>Each server is asked in turn, over UDP, and over TCP if an answer is cut off; twice, before it
 * counts as a failure. That there is nothing is an answer. Not for several threads at once.
 */
final class Lookup {

    /** The most instances of one service; what is beyond is left out. */
    static final int MAX_INSTANCES = 1_000;

    private static final int ROUNDS = 2;
    private static final int MAX_ALIASES = 8;

    /** For how long there is nothing, if the server does not say so. */
    private static final long NOTHING_SECONDS = 5;

    /**
     * What DNS says.
     *
     * @param ttl for how long it is valid
     */
    record Answer(Set<URI> addresses, Duration ttl) {}

    /** The records of a name and type, none if there are none, and for how long that is so. */
    private record Found(List<Record> records, List<Record> additional, long ttlSeconds) {}

    private record Hosts(List<InetAddress> addresses, long ttlSeconds) {}

    private final Name name;
    private final Optional<Integer> port;
    private final List<InetSocketAddress> servers;
    private final Duration timeout;
    private Map<Name, List<InetAddress>> targets = Map.of();

    /**
     * @param servers empty for the system's
     * @param timeout how long a server may take for one answer
     */
    Lookup(String name, Optional<Integer> port, List<InetSocketAddress> servers, Duration timeout) {
        try {
            this.name = Name.fromString(name, Name.root);
        } catch (TextParseException e) {
            throw new IllegalArgumentException("\"" + name + "\" is no DNS name", e);
        }
        this.port = port;
        this.servers = servers;
        this.timeout = timeout;
    }

    Answer ask() throws IOException {
        return port.isPresent() ? addresses(port.get()) : services();
    }

    private Answer addresses(int port) throws IOException {
        var hosts = hosts(name);
        var addresses = new LinkedHashSet<URI>();
        for (var host : hosts.addresses) add(addresses, host, port);
        return new Answer(addresses, Duration.ofSeconds(hosts.ttlSeconds));
    }

    /** The targets of the best priority. One that cannot be looked up keeps what it had. */
    private Answer services() throws IOException {
        var found = find(name, Type.SRV);
        int best =
                found.records.stream()
                        .mapToInt(record -> ((SRVRecord) record).getPriority())
                        .min()
                        .orElse(0);
        long ttlSeconds = found.ttlSeconds;
        var addresses = new LinkedHashSet<URI>();
        var now = new HashMap<Name, List<InetAddress>>();
        Optional<IOException> failure = Optional.empty();
        for (var record : found.records) {
            var service = (SRVRecord) record;
            var target = service.getTarget();
            if (service.getPriority() != best || target.equals(Name.root)) continue;
            if (!now.containsKey(target)) {
                try {
                    var hosts = hosts(target, found.additional);
                    ttlSeconds = Math.min(ttlSeconds, hosts.ttlSeconds);
                    now.put(target, hosts.addresses);
                } catch (IOException e) {
                    failure = Optional.of(e);
                    now.put(target, targets.getOrDefault(target, List.of()));
                }
            }
            for (var host : now.getOrDefault(target, List.of()))
                add(addresses, host, service.getPort());
        }
        if (addresses.isEmpty() && failure.isPresent()) throw failure.get();
        targets = now;
        return new Answer(addresses, Duration.ofSeconds(ttlSeconds));
    }

    private static void add(Set<URI> addresses, InetAddress host, int port) {
        if (addresses.size() == MAX_INSTANCES) return;
        var text = host.getHostAddress();
        addresses.add(
                URI.create(
                        "http://" + (text.contains(":") ? "[" + text + "]" : text) + ":" + port));
    }

    /** What came along with the SRV records saves a question. */
    private Hosts hosts(Name target, List<Record> additional) throws IOException {
        var came =
                additional.stream()
                        .filter(r -> r.getName().equals(target) && r.getType() == Type.A)
                        .toList();
        return came.isEmpty() ? hosts(target) : hosts(new Found(came, List.of(), least(came)));
    }

    /** IPv6 is asked for only if there is no IPv4: one instance with both would count twice. */
    private Hosts hosts(Name host) throws IOException {
        var four = find(host, Type.A);
        if (!four.records.isEmpty()) return hosts(four);
        var six = find(host, Type.AAAA);
        if (!six.records.isEmpty()) return hosts(six);
        return new Hosts(List.of(), Math.min(four.ttlSeconds, six.ttlSeconds));
    }

    private static Hosts hosts(Found found) {
        var addresses = new ArrayList<InetAddress>();
        for (var record : found.records) {
            if (record instanceof ARecord four) addresses.add(four.getAddress());
            if (record instanceof AAAARecord six) addresses.add(six.getAddress());
        }
        addresses.sort(Comparator.comparing(InetAddress::getHostAddress));
        return new Hosts(addresses, found.ttlSeconds);
    }

    /** Follows aliases, in the answer and beyond it. */
    private Found find(Name wanted, int type) throws IOException {
        var at = wanted;
        long ttlSeconds = Long.MAX_VALUE;
        for (int aliases = 0; aliases <= MAX_ALIASES; aliases++) {
            var message = send(at, type);
            var answer = message.getSection(Section.ANSWER);
            var before = at;
            for (var alias = alias(answer, at);
                    alias.isPresent() && aliases <= MAX_ALIASES;
                    alias = alias(answer, at)) {
                ttlSeconds = Math.min(ttlSeconds, alias.get().getTTL());
                at = alias.get().getTarget();
                aliases++;
            }
            var owner = at;
            var records =
                    answer.stream()
                            .filter(r -> r.getType() == type && r.getName().equals(owner))
                            .toList();
            if (!records.isEmpty())
                return new Found(
                        records,
                        message.getSection(Section.ADDITIONAL),
                        Math.min(ttlSeconds, least(records)));
            if (at.equals(before) || message.getRcode() == Rcode.NXDOMAIN)
                return new Found(List.of(), List.of(), Math.min(ttlSeconds, nothing(message)));
        }
        throw new IOException(wanted + " has more than " + MAX_ALIASES + " aliases");
    }

    private static Optional<CNAMERecord> alias(List<Record> answer, Name of) {
        return answer.stream()
                .filter(r -> r instanceof CNAMERecord && r.getName().equals(of))
                .map(CNAMERecord.class::cast)
                .findFirst();
    }

    private static long least(List<Record> records) {
        return records.stream().mapToLong(Record::getTTL).min().orElse(0);
    }

    /** RFC 2308: the lesser of the SOA record's own life and the minimum in it. */
    private static long nothing(Message message) {
        return message.getSection(Section.AUTHORITY).stream()
                .filter(record -> record instanceof SOARecord)
                .mapToLong(soa -> Math.min(soa.getTTL(), ((SOARecord) soa).getMinimum()))
                .min()
                .orElse(NOTHING_SECONDS);
    }

    private Message send(Name wanted, int type) throws IOException {
        var question = Record.newRecord(wanted, type, DClass.IN);
        var asked = servers.isEmpty() ? ResolverConfig.getCurrentConfig().servers() : servers;
        IOException last = new IOException("no DNS server is known");
        for (int round = 0; round < ROUNDS; round++) {
            for (var server : asked) {
                try {
                    var resolver = new SimpleResolver(server);
                    resolver.setTimeout(timeout);
                    var message = resolver.send(Message.newQuery(question));
                    int code = message.getRcode();
                    if (code == Rcode.NOERROR || code == Rcode.NXDOMAIN) return message;
                    last =
                            new IOException(
                                    server + " answers " + Rcode.string(code) + " for " + wanted);
                } catch (IOException e) {
                    if (Thread.currentThread().isInterrupted()) throw e;
                    last = e;
                }
            }
        }
        throw last;
    }
}
