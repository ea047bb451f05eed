package dev.weft.core.policy;

import dev.weft.core.Request;
import java.util.List;
import java.util.function.Function;

/**
 * Takes the same node for the same key, as long as it is there and has room.
 *
 * <p>Rendezvous hashing (Thaler and Ravishankar, 1998): each node draws a number from the key and its id, the largest
 * wins; so a node that goes leaves only its own keys to others, and one that comes takes only the keys it will own. A node
 * that ramps up draws u^(1/share) (Efraimidis and Spirakis, 2006), and so gets its keys one after the other, each once. A
 * node that has more than {@link #BOUND} of the average of calls under way is passed over (Mirrokni, Thorup and
 * Zadimoghaddam, "Consistent Hashing with Bounded Loads", 2016), so that one key in great demand cannot drown it. Looks
 * at all nodes. A request without a key goes where the other balancer says.
 */
public final class ConsistentHash implements Balancer {

    /** How many calls a node may have, in parts of the average. */
    public static final double BOUND = 1.25;

    private final Function<Request, String> key;
    private final Balancer keyless;

    /**
     * @param key of a request; empty if it has none
     * @param keyless for requests that have none
     */
    public ConsistentHash(Function<Request, String> key, Balancer keyless) {
        this.key = key;
        this.keyless = keyless;
    }

    @Override
    public Node pick(List<Node> candidates, Request request) {
        var text = key.apply(request);
        if (text.isEmpty()) return keyless.pick(candidates, request);
        long hash = hash(text);
        int most = most(candidates);
        var best = candidates.getFirst();
        double highest = -1;
        for (var node : candidates) {
            if (node.load().pending() >= most) continue;
            double draw = draw(hash ^ node.hash(), node.share());
            if (draw > highest) {
                highest = draw;
                best = node;
            }
        }
        return best;
    }

    /** One of them is always below this, as its part of the calls with this one is at most the average. */
    private static int most(List<Node> candidates) {
        long pending = 1;
        for (var node : candidates) pending += node.load().pending();
        return (int) Math.ceil(BOUND * pending / candidates.size());
    }

    private static double draw(long hash, double share) {
        double uniform = (mixed(hash) >>> 11) * 0x1p-53;
        return share < 1 ? Math.pow(uniform, 1 / share) : uniform;
    }

    /** FNV-1a over the text's characters. */
    static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        return mixed(hash);
    }

    /** The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): each bit depends on each. */
    private static long mixed(long bits) {
        long mixed = (bits ^ bits >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return mixed ^ mixed >>> 31;
    }
}
