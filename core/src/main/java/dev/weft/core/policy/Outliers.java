package dev.weft.core.policy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Leaves out nodes whose breaker is not closed, but never so many that this itself is the outage.
 *
 * <p>At most a share of the nodes is left out, but at least one may be: those that have been bad for the longest (after
 * Envoy's outlier detection); somebody is always left. When more than a share of all is bad, the fault is not theirs, and health
 * is ignored: the <em>panic</em> (after Envoy and Finagle). Without the first, in any mode but {@link Mode#ON} or with a
 * share of 0, each breaker holds by itself, and all bad nodes are left out up to the panic; without the panic as well that may be all
 * there are. Safe for many threads.
 */
public final class Outliers {

    /**
     * The numbers.
     *
     * @param mode whether {@code ejected} bounds what breakers leave out; the panic is in force in any mode
     * @param ejected what share may be left out, at least one node; 0 for as many as are bad
     * @param panic beyond what share of bad nodes health is ignored; 0 for never
     */
    public record Options(Mode mode, double ejected, double panic) {

        public static final Options DEFAULT = new Options(Mode.ON, 0.1, 0.5);

        public Options {
            if (!(ejected >= 0 && ejected <= 1 && panic >= 0 && panic <= 1))
                throw new IllegalArgumentException(
                        "outliers are shares from 0 to 1, not " + ejected + " and " + panic);
        }
    }

    /** Who is left, as long as the same of the same nodes are bad: so a bad time costs no lists. */
    private record Judged(List<Node> all, boolean[] bad, List<Node> left, String decision) {

        @SuppressWarnings(
                "ReferenceEquality") // An equal list would do; it would have to be compared.
        boolean holds(List<Node> nodes) {
            if (nodes != all) return false;
            for (int i = 0; i < bad.length; i++)
                if (nodes.get(i).breaker().bad() != bad[i]) return false;
            return true;
        }
    }

    private final Options options;
    private final Tally tally;
    private volatile Judged last = new Judged(List.of(), new boolean[0], List.of(), "");

    public Outliers(Options options, Tally tally) {
        this.options = options;
        this.tally = tally;
    }

    /**
     * Those to choose from: all, or all but bad ones.
     *
     * @param nodes an unmodifiable list
     */
    public List<Node> without(List<Node> nodes) {
        if (!anyBad(nodes)) return nodes;
        var judged = last;
        if (!judged.holds(nodes)) {
            judged = judge(nodes);
            last = judged;
        }
        if (!judged.decision.isEmpty()) tally.count("outliers", judged.decision);
        return judged.left;
    }

    /**
     * Why one whose breaker is not closed is called all the same, for people to look at: {@code panic} (too many are
     * bad), {@code capped} (others are worse), {@code off} or {@code dark}; empty if it is left out, or not among
     * these.
     */
    String ignoring(Node bad, List<Node> nodes) {
        if (!nodes.contains(bad)) return "";
        if (options.mode != Mode.ON) return options.mode.name().toLowerCase(Locale.ROOT);
        var judged = judge(nodes);
        if (!judged.left.contains(bad)) return "";
        return judged.decision.equals("panic") ? judged.decision : "capped";
    }

    private static boolean anyBad(List<Node> nodes) {
        for (int i = 0; i < nodes.size(); i++) if (nodes.get(i).breaker().bad()) return true;
        return false;
    }

    private Judged judge(List<Node> nodes) {
        var bad = new boolean[nodes.size()];
        var worst = new ArrayList<Node>();
        for (int i = 0; i < bad.length; i++) {
            bad[i] = nodes.get(i).breaker().bad();
            if (bad[i]) worst.add(nodes.get(i));
        }
        if (options.panic > 0 && (worst.size() > options.panic * bad.length || bad.length == 1))
            return new Judged(nodes, bad, nodes, "panic");
        int most = Math.min(mostEjected(bad.length), bad.length - 1);
        if (worst.isEmpty()) return new Judged(nodes, bad, nodes, "");
        var decision = decision(worst.size(), most);
        if (options.mode != Mode.ON || options.ejected == 0)
            return new Judged(
                    nodes,
                    bad,
                    nodes.stream().filter(node -> !worst.contains(node)).toList(),
                    decision);
        if (most == 0) return new Judged(nodes, bad, nodes, "");
        // The times are read once: sorting by what changes meanwhile may fail.
        record Aged(Node node, long badNanos) {}
        var out =
                worst.stream()
                        .map(node -> new Aged(node, node.breaker().badNanos()))
                        .sorted(Comparator.comparingLong(Aged::badNanos).reversed())
                        .limit(most)
                        .map(Aged::node)
                        .toList();
        return new Judged(
                nodes, bad, nodes.stream().filter(node -> !out.contains(node)).toList(), decision);
    }

    private String decision(int bad, int most) {
        if (options.mode == Mode.OFF || options.ejected == 0) return "";
        return bad > most ? "capped" : "ejected";
    }

    private int mostEjected(int nodes) {
        // A share such as 0.29 is a little less than 29 of 100 in floating point.
        return Math.max(1, (int) (options.ejected * nodes + 1e-9));
    }
}
