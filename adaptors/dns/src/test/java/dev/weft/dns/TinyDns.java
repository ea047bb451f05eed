package dev.weft.dns;

import dev.weft.core.SystemTime;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A DNS server on a free port of this machine, over UDP and TCP, that answers from a table. What the
 * table has no line for does not exist.
 */
final class TinyDns implements AutoCloseable {

    /** How it answers a question. */
    enum Manner {
        TABLE,
        SERVFAIL,
        SILENCE,
        GARBAGE,
        /** UDP answers are empty and say that they are cut off. */
        TRUNCATED
    }

    /** What there is for a name and type. */
    private record Line(int code, List<Record> answer, List<Record> authority, List<Record> more) {}

    private final Map<String, Line> table = new ConcurrentHashMap<>();
    private final AtomicInteger overTcp = new AtomicInteger();
    private final AtomicInteger questions = new AtomicInteger();
    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private volatile Manner manner = Manner.TABLE;

    TinyDns() throws IOException {
        var both = listen(InetAddress.getLoopbackAddress());
        tcp = both.tcp;
        udp = both.udp;
        SystemTime.INSTANCE.start("dns-udp", this::serveUdp);
        SystemTime.INSTANCE.start("dns-tcp", this::serveTcp);
    }

    private record Both(ServerSocket tcp, DatagramSocket udp) {}

    /** On one port, which may be free for the one and taken for the other. */
    private static Both listen(InetAddress loopback) throws IOException {
        for (int attempt = 1; ; attempt++) {
            var tcp = new ServerSocket(0, 50, loopback);
            try {
                return new Both(tcp, new DatagramSocket(tcp.getLocalPort(), loopback));
            } catch (BindException e) {
                tcp.close();
                if (attempt == 20) throw e;
            }
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) tcp.getLocalSocketAddress();
    }

    void manner(Manner manner) {
        this.manner = manner;
    }

    /** How many questions came over TCP. */
    int overTcp() {
        return overTcp.get();
    }

    int questions() {
        return questions.get();
    }

    /** Records as in a zone file, {@code "cart.test. 30 A 10.0.0.1"}; all of one name and type. */
    void has(String... records) {
        put(List.of(records), List.of());
    }

    /** Records with others in the section for more. */
    void hasWith(List<String> more, String... records) {
        put(List.of(records), more);
    }

    /** As {@link #has}, where the answer to a question of that type is these aliases and records. */
    void answers(String name, String type, String... records) {
        table.put(
                key(name, type), new Line(Rcode.NOERROR, parseAll(records), List.of(), List.of()));
    }

    /** There is no such name, and the SOA record says for how long. */
    void hasNot(String name, String type, String soa) {
        table.put(key(name, type), new Line(Rcode.NXDOMAIN, List.of(), parseAll(soa), List.of()));
    }

    /** This one question is answered by SERVFAIL. */
    void fails(String name, String type) {
        table.put(key(name, type), new Line(Rcode.SERVFAIL, List.of(), List.of(), List.of()));
    }

    private void put(List<String> answer, List<String> more) {
        var records = parseAll(answer.toArray(String[]::new));
        var first = records.getFirst();
        table.put(
                key(first.getName().toString(), Type.string(first.getType())),
                new Line(Rcode.NOERROR, records, List.of(), parseAll(more.toArray(String[]::new))));
    }

    private static String key(String name, String type) {
        return name + " " + type;
    }

    private static List<Record> parseAll(String... lines) {
        return Arrays.stream(lines).map(TinyDns::parse).toList();
    }

    private static Record parse(String line) {
        var parts = line.split(" ", 4);
        try {
            return Record.fromString(
                    Name.fromString(parts[0]),
                    Type.value(parts[2]),
                    DClass.IN,
                    Long.parseLong(parts[1]),
                    parts[3],
                    Name.root);
        } catch (IOException e) {
            throw new AssertionError(line, e);
        }
    }

    private void serveUdp() {
        var buffer = new byte[65_535];
        while (true) {
            try {
                var packet = new DatagramPacket(buffer, buffer.length);
                udp.receive(packet);
                var answer = answer(Arrays.copyOf(buffer, packet.getLength()), false);
                if (answer.length > 0)
                    udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (SocketException closed) {
                return;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private void serveTcp() {
        while (true) {
            try (var socket = tcp.accept();
                    var in = new DataInputStream(socket.getInputStream());
                    var out = new DataOutputStream(socket.getOutputStream())) {
                var query = new byte[in.readUnsignedShort()];
                in.readFully(query);
                overTcp.incrementAndGet();
                var answer = answer(query, true);
                out.writeShort(answer.length);
                out.write(answer);
            } catch (SocketException closed) {
                return;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    private byte[] answer(byte[] query, boolean whole) throws IOException {
        questions.incrementAndGet();
        var asked = new Message(query);
        var answer = new Message(asked.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.addRecord(asked.getQuestion(), Section.QUESTION);
        switch (manner) {
            case SILENCE -> {
                return new byte[0];
            }
            case GARBAGE -> {
                return new byte[] {query[0], query[1], 1};
            }
            case SERVFAIL -> answer.getHeader().setRcode(Rcode.SERVFAIL);
            case TRUNCATED -> {
                if (whole) fill(answer);
                else answer.getHeader().setFlag(Flags.TC);
            }
            case TABLE -> fill(answer);
        }
        return answer.toWire();
    }

    private void fill(Message answer) {
        var question = answer.getQuestion();
        var key = key(question.getName().toString(), Type.string(question.getType()));
        var line =
                table.getOrDefault(key, new Line(Rcode.NXDOMAIN, List.of(), List.of(), List.of()));
        answer.getHeader().setRcode(line.code);
        line.answer.forEach(record -> answer.addRecord(record, Section.ANSWER));
        line.authority.forEach(record -> answer.addRecord(record, Section.AUTHORITY));
        line.more.forEach(record -> answer.addRecord(record, Section.ADDITIONAL));
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
