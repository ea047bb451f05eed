package shop.order;

import static dev.weft.events.Decision.*;
import static shop.contracts.PublicEvents.*;

import module dev.weft.app;

/**
 * What the warehouse has, as one thing, so that an order gets all of its products or none. A product that nobody has
 * counted never runs out, and nothing is kept of it.
 *
 * @param free how many units of a product can still be promised, of each that was counted
 * @param reserved what is promised to an order that is not shipped yet: units by product
 */
record Stock(Map<String, Long> free, Map<String, Map<String, Long>> reserved) {

    /** There is one warehouse. */
    static final String ID = "main";

    sealed interface Command {}
    record Count(String productId, long units) implements Command {}
    record Reserve(String orderId, Map<String, Long> units) implements Command {
        static Reserve of(OrderPlaced order) {
            return new Reserve(order.id(), order.lines().stream().collect(Collectors.groupingBy(
                OrderLine::productId, TreeMap::new, Collectors.summingLong(OrderLine::quantity))));
        }
    }
    record Release(String orderId) implements Command {}
    record Ship(String orderId) implements Command {}

    sealed interface Change {}
    record Counted(String productId, long units) implements Change {}
    record Reserved(String orderId, Map<String, Long> units) implements Change {}
    record Released(String orderId) implements Change {}
    record Shipped(String orderId) implements Change {}

    static final Decider<Command, Stock, Change> STOCK = Decider.of(
            "stock", new Stock(Map.of(), Map.of()), Stock::decide, Stock::evolve,
            EventType.of("stock-counted", Counted.class), EventType.of("stock-reserved", Reserved.class),
            EventType.of("stock-released", Released.class), EventType.of("stock-shipped", Shipped.class))
        .snapshots(StateType.of("stock", 1, Stock.class));

    static Decision<Change> decide(Command command, Stock stock) {
        return switch (command) {
            case Count(var product, var units) -> emit(new Counted(product, units));
            case Reserve(var order, _) when stock.reserved.containsKey(order) -> nothing();
            case Reserve(var order, var units) -> stock.reserve(order, units);
            case Release(var order) -> stock.reserved.containsKey(order) ? emit(new Released(order)) : nothing();
            case Ship(var order) -> stock.reserved.containsKey(order) ? emit(new Shipped(order)) : nothing();
        };
    }

    private Decision<Change> reserve(String order, Map<String, Long> units) {
        var counted = new TreeMap<>(units);
        counted.keySet().retainAll(free.keySet());
        var missing = counted.keySet().stream().filter(product -> counted.get(product) > free.get(product)).toList();
        if (!missing.isEmpty())
            return reject("out-of-stock", "order " + order + " wants more than there is of " + String.join(", ", missing));
        return counted.isEmpty() ? nothing() : emit(new Reserved(order, counted));
    }

    static Stock evolve(Stock before, Change change) {
        var free = new TreeMap<>(before.free);
        var reserved = new TreeMap<>(before.reserved);
        switch (change) {
            case Counted(var product, var units) -> free.put(product, units);
            case Reserved(var order, var units) -> {
                reserved.put(order, units);
                units.forEach((product, taken) -> free.merge(product, -taken, Long::sum));
            }
            case Released(var order) -> reserved.remove(order).forEach((product, back) -> free.merge(product, back, Long::sum));
            case Shipped(var order) -> reserved.remove(order);
        }
        return new Stock(free, reserved);
    }

    /** What is there of a product, if somebody has counted it. */
    Optional<Shelf> shelf(String product) {
        return Optional.ofNullable(free.get(product)).map(it -> new Shelf(product, it,
            reserved.values().stream().mapToLong(units -> units.getOrDefault(product, 0L)).sum()));
    }

    /** Of one product: how many can be promised, and how many are. */
    record Shelf(String productId, long free, long reserved) {}
}
