package dev.weft.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weft.contracts.Contract.Call;
import dev.weft.contracts.Contract.Heard;
import dev.weft.contracts.Contract.Operation;
import dev.weft.contracts.Contract.Told;
import dev.weft.json.Json;
import dev.weft.json.Schemas;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ComparisonTest {

    record Line(String product, int quantity) {}

    record Order(String id, List<Line> lines, Optional<String> note) {}

    /** Makes contracts of records, as services do. */
    private static final class Made {
        private final String service;
        private final Schemas schemas = new Schemas(Contract.PREFIX);
        private final List<Operation> endpoints = new ArrayList<>();
        private final List<Told> publishes = new ArrayList<>();
        private final List<Heard> listens = new ArrayList<>();
        private final List<Call> calls = new ArrayList<>();

        Made(String service) {
            this.service = service;
        }

        Made answers(String operation, Class<?> takes, Class<?> answers) {
            endpoints.add(
                    new Operation(operation, of(takes), of(answers), Optional.of(200), false));
            return this;
        }

        Made plain(String operation) {
            endpoints.add(
                    new Operation(
                            operation,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.empty(),
                            false));
            return this;
        }

        Made publishes(String type, Class<?> data) {
            return publishes(type, 1, data);
        }

        Made publishes(String type, int version, Class<?> data) {
            publishes.add(new Told(type, version, schemas.of(data)));
            return this;
        }

        Made listens(String listener, String type, Class<?> data) {
            return listens(listener, type, 1, data);
        }

        Made listens(String listener, String type, int version, Class<?> data) {
            listens.add(new Heard(listener, type, version, schemas.of(data)));
            return this;
        }

        Made calls(String service, String operation, Class<?> takes, Class<?> answers) {
            calls.add(new Call(service, operation, of(takes), of(answers)));
            return this;
        }

        private Optional<Map<String, Object>> of(Class<?> type) {
            return type == Void.class ? Optional.empty() : Optional.of(schemas.of(type));
        }

        /** As it is read again from a file. */
        Contract contract() {
            var contract =
                    new Contract(
                            service, endpoints, publishes, listens, calls, schemas.definitions());
            return Json.read(Json.write(contract), Contract.class);
        }
    }

    private static List<String> changes(List<Made> recorded, List<Made> now) {
        return Comparison.changes(
                        recorded.stream().map(Made::contract).toList(),
                        now.stream().map(Made::contract).toList())
                .stream()
                .map(change -> (change.breaking() ? "breaks " : "fits ") + change)
                .toList();
    }

    private static List<String> event(Class<?> before, Class<?> after) {
        return changes(
                List.of(new Made("till").publishes("sold", before)),
                List.of(new Made("till").publishes("sold", after)));
    }

    private static List<String> input(Class<?> before, Class<?> after) {
        return changes(
                List.of(new Made("till").answers("POST /sales", before, Void.class)),
                List.of(new Made("till").answers("POST /sales", after, Void.class)));
    }

    private static List<String> answer(Class<?> before, Class<?> after) {
        return changes(
                List.of(new Made("till").answers("GET /sales", Void.class, before)),
                List.of(new Made("till").answers("GET /sales", Void.class, after)));
    }

    @Test
    void what_stays_as_it_was_is_no_change() {
        var made =
                List.of(
                        new Made("till")
                                .publishes("sold", Order.class)
                                .answers("POST /sales", Order.class, Line.class)
                                .plain("GET /photo"),
                        new Made("books").listens("entries", "sold", Order.class));
        assertThat(changes(made, made)).isEmpty();
    }

    // Fields

    record Sold(String id, long amount) {}

    record SoldMore(String id, long amount, Optional<String> note) {}

    record SoldWithTill(String id, long amount, String till) {}

    record SoldNothing(String id) {}

    record SoldRenamed(String id, long cents) {}

    record SoldMaybe(String id, Optional<Long> amount) {}

    record SoldText(String id, String amount) {}

    record SoldInt(String id, int amount) {}

    record SoldDecimal(String id, BigDecimal amount) {}

    @Test
    void an_optional_field_may_come() {
        assertThat(event(Sold.class, SoldMore.class))
                .containsExactly("fits till: event sold, note: is new, optional");
        assertThat(input(Sold.class, SoldMore.class))
                .containsExactly("fits till: POST /sales, input, note: is new, optional");
        assertThat(answer(Sold.class, SoldMore.class))
                .containsExactly("fits till: GET /sales, answer, note: is new, optional");
    }

    @Test
    void a_required_field_may_come_in_answers_only() {
        assertThat(event(Sold.class, SoldWithTill.class))
                .containsExactly(
                        "breaks till: event sold, till: is new and required; events that were told"
                                + " before do not have it");
        assertThat(input(Sold.class, SoldWithTill.class))
                .containsExactly(
                        "breaks till: POST /sales, input, till: is required, which it was not");
        assertThat(answer(Sold.class, SoldWithTill.class))
                .containsExactly("fits till: GET /sales, answer, till: is new");
    }

    @Test
    void no_field_may_go() {
        assertThat(event(Sold.class, SoldNothing.class))
                .containsExactly("breaks till: event sold, amount: is not told any more");
        assertThat(input(Sold.class, SoldNothing.class))
                .containsExactly("breaks till: POST /sales, input, amount: is not taken any more");
        assertThat(answer(Sold.class, SoldNothing.class))
                .containsExactly(
                        "breaks till: GET /sales, answer, amount: is not answered any more");
        assertThat(event(SoldMore.class, Sold.class))
                .containsExactly("breaks till: event sold, note: is not told any more");
    }

    @Test
    void a_renamed_field_is_one_that_went_and_the_new_name_is_told() {
        assertThat(event(Sold.class, SoldRenamed.class))
                .contains(
                        "breaks till: event sold, amount: is not told any more; cents is new and of"
                                + " its form");
    }

    @Test
    void a_field_may_become_optional_where_it_is_read_and_required_where_it_is_written() {
        assertThat(event(Sold.class, SoldMaybe.class))
                .containsExactly("breaks till: event sold, amount: was always there, is optional");
        assertThat(input(Sold.class, SoldMaybe.class))
                .containsExactly(
                        "fits till: POST /sales, input, amount: was always there, is optional");
        assertThat(answer(Sold.class, SoldMaybe.class))
                .containsExactly(
                        "breaks till: GET /sales, answer, amount: was always there, is optional");
        assertThat(input(SoldMaybe.class, Sold.class))
                .containsExactly(
                        "breaks till: POST /sales, input, amount: was optional, is required");
        assertThat(answer(SoldMaybe.class, Sold.class))
                .containsExactly(
                        "fits till: GET /sales, answer, amount: was optional, is required");
    }

    @Test
    void a_type_may_grow_where_it_is_read_and_shrink_where_it_is_written() {
        assertThat(event(Sold.class, SoldText.class))
                .containsExactly(
                        "breaks till: event sold, amount: was a whole number (int64), is a text");
        assertThat(input(SoldInt.class, Sold.class)).singleElement().asString().startsWith("fits");
        assertThat(input(Sold.class, SoldInt.class))
                .containsExactly(
                        "breaks till: POST /sales, input, amount: was a whole number (int64), is a"
                                + " whole number (int32)");
        assertThat(answer(Sold.class, SoldInt.class)).singleElement().asString().startsWith("fits");
        assertThat(answer(SoldInt.class, Sold.class))
                .singleElement()
                .asString()
                .startsWith("breaks");
        assertThat(answer(Sold.class, SoldDecimal.class))
                .containsExactly(
                        "breaks till: GET /sales, answer, amount: was a whole number (int64), is a"
                                + " number (decimal)");
        assertThat(input(Sold.class, SoldDecimal.class))
                .singleElement()
                .asString()
                .startsWith("fits");
    }

    record Texts(String id) {}

    record Ids(UUID id) {}

    record Times(Instant id) {}

    @Test
    void a_text_with_a_format_is_less_than_any_text() {
        assertThat(input(Texts.class, Ids.class))
                .containsExactly(
                        "breaks till: POST /sales, input, id: was a text, is a text (uuid)");
        assertThat(answer(Texts.class, Ids.class)).singleElement().asString().startsWith("fits");
        assertThat(input(Times.class, Ids.class)).singleElement().asString().startsWith("breaks");
        assertThat(answer(Times.class, Ids.class)).singleElement().asString().startsWith("breaks");
    }

    // What lies deeper

    record OtherLine(String product, long quantity) {}

    record OtherOrder(String id, List<OtherLine> lines, Optional<String> note) {}

    record Counts(Map<String, Long> of) {}

    record OtherCounts(Map<String, String> of) {}

    record Tree(String name, List<Tree> below) {}

    record OtherTree(List<OtherTree> below) {}

    @Test
    void a_change_is_found_within_lists_maps_and_what_holds_itself() {
        assertThat(event(Order.class, OtherOrder.class))
                .containsExactly(
                        "breaks till: event sold, lines[].quantity: was a whole number (int32), is"
                                + " a whole number (int64)");
        assertThat(event(Counts.class, OtherCounts.class))
                .containsExactly(
                        "breaks till: event sold, of.*: was a whole number (int64), is a text");
        assertThat(event(Tree.class, OtherTree.class))
                .containsExactly("breaks till: event sold, name: is not told any more");
    }

    record Root(String name, List<Root> children) {}

    @Test
    void a_renamed_field_of_what_holds_itself_is_told() {
        assertThat(event(Tree.class, Root.class))
                .containsExactlyInAnyOrder(
                        "breaks till: event sold, below: is not told any more; children is new and"
                                + " of its form",
                        "breaks till: event sold, children: is new and required; events that were"
                                + " told before do not have it");
    }

    @Test
    void what_a_type_is_called_does_not_matter() {
        record Item(String product, int quantity) {}
        record Purchase(String id, List<Item> lines, Optional<String> note) {}
        assertThat(event(Order.class, Purchase.class)).isEmpty();
    }

    // Enums and sealed interfaces

    enum Size {
        SMALL,
        LARGE
    }

    enum Small {
        SMALL
    }

    record Sized(Size size) {}

    record SmallOne(Small size) {}

    @Test
    void a_constant_may_come_where_it_is_read_and_go_where_it_is_written() {
        record SizeText(String size) {}
        assertThat(input(SmallOne.class, Sized.class))
                .singleElement()
                .asString()
                .startsWith("fits");
        assertThat(input(Sized.class, SmallOne.class))
                .containsExactly(
                        "breaks till: POST /sales, input, size: large is not taken any more");
        assertThat(answer(SmallOne.class, Sized.class))
                .containsExactly(
                        "breaks till: GET /sales, answer, size: large may come, which was not"
                                + " known");
        assertThat(answer(Sized.class, SmallOne.class))
                .containsExactly(
                        "fits till: GET /sales, answer, size: large is never answered any more");
        assertThat(event(Sized.class, SmallOne.class))
                .containsExactly(
                        "breaks till: event sold, size: large is gone; events that were told"
                                + " before may have it");
        assertThat(event(SmallOne.class, Sized.class))
                .singleElement()
                .asString()
                .startsWith("breaks");
        assertThat(input(Sized.class, SizeText.class))
                .containsExactly(
                        "fits till: POST /sales, input, size: was one of small, large, is a text");
    }

    sealed interface Payment {
        record Cash(long amount) implements Payment {}

        record Card(String number) implements Payment {}
    }

    sealed interface CashOnly {
        record Cash(long amount) implements CashOnly {}
    }

    sealed interface Cards {
        record Cash(long amount) implements Cards {}

        record Card(String number, String holder) implements Cards {}
    }

    @Test
    void a_case_may_come_where_it_is_read_and_go_where_it_is_written() {
        assertThat(input(Payment.class, CashOnly.class))
                .containsExactly("breaks till: POST /sales, input, (card): is not taken any more");
        assertThat(input(CashOnly.class, Payment.class))
                .singleElement()
                .asString()
                .startsWith("fits");
        assertThat(answer(CashOnly.class, Payment.class))
                .containsExactly(
                        "breaks till: GET /sales, answer, (card): may come, which was not known");
        assertThat(answer(Payment.class, CashOnly.class))
                .singleElement()
                .asString()
                .startsWith("fits");
        assertThat(event(Payment.class, Cards.class))
                .containsExactly(
                        "breaks till: event sold, (card).holder: is new and required; events that"
                                + " were told before do not have it");
    }

    // Endpoints and types

    @Test
    void no_endpoint_and_no_type_may_go() {
        assertThat(
                        changes(
                                List.of(
                                        new Made("till")
                                                .publishes("sold", Sold.class)
                                                .answers("GET /a", Void.class, Sold.class)),
                                List.of(
                                        new Made("till")
                                                .publishes("bought", Sold.class)
                                                .answers("PUT /a", Void.class, Sold.class))))
                .containsExactly(
                        "breaks till: event sold: is not published any more",
                        "breaks till: GET /a: is gone",
                        "fits till: event bought: is new",
                        "fits till: PUT /a: is new");
    }

    @Test
    void a_service_that_is_gone_takes_what_it_promised_with_it() {
        assertThat(
                        changes(
                                List.of(
                                        new Made("till").publishes("sold", Sold.class),
                                        new Made("books").listens("entries", "sold", Sold.class)),
                                List.of(new Made("books").listens("entries", "sold", Sold.class))))
                .containsExactly(
                        "breaks till: event sold: is not published any more; books.entries relies"
                                + " on it");
    }

    @Test
    void the_variable_of_a_path_may_have_another_name() {
        record ById(String id) {}
        record ByNumber(String number) {}
        assertThat(
                        changes(
                                List.of(
                                        new Made("till")
                                                .answers(
                                                        "GET /sales/{id}", ById.class, Sold.class)),
                                List.of(
                                        new Made("till")
                                                .answers(
                                                        "GET /sales/{number}",
                                                        ByNumber.class,
                                                        Sold.class))))
                .isEmpty();
    }

    @Test
    void an_endpoint_that_promises_nothing_any_more_breaks() {
        assertThat(
                        changes(
                                List.of(new Made("till").answers("GET /a", Void.class, Sold.class)),
                                List.of(new Made("till").plain("GET /a"))))
                .containsExactly(
                        "breaks till: GET /a: is a plain route now, of whose input and answer"
                                + " nothing is known");
        assertThat(
                        changes(
                                List.of(new Made("till").answers("GET /a", Void.class, Sold.class)),
                                List.of(
                                        new Made("till")
                                                .answers("GET /a", Void.class, Void.class))))
                .containsExactly("breaks till: GET /a, answer: nothing is answered any more");
        assertThat(
                        changes(
                                List.of(new Made("till").plain("GET /a")),
                                List.of(
                                        new Made("till")
                                                .answers("GET /a", Void.class, Sold.class))))
                .isEmpty();
    }

    // Consumers

    record Amount(long amount) {}

    record Id(String id) {}

    @Test
    void those_listeners_are_named_that_read_the_field() {
        assertThat(
                        changes(
                                List.of(
                                        new Made("till").publishes("sold", Sold.class),
                                        new Made("books").listens("entries", "sold", Amount.class),
                                        new Made("stock").listens("shelf", "sold", Id.class)),
                                List.of(
                                        new Made("till").publishes("sold", SoldNothing.class),
                                        new Made("books").listens("entries", "sold", Amount.class),
                                        new Made("stock").listens("shelf", "sold", Id.class))))
                .containsExactly(
                        "breaks till: event sold, amount: is not told any more; books.entries"
                                + " relies on it");
    }

    @Test
    void a_listener_that_shares_the_record_still_relied_on_the_field() {
        assertThat(
                        changes(
                                List.of(
                                        new Made("till").publishes("sold", Sold.class),
                                        new Made("books").listens("entries", "sold", Sold.class)),
                                List.of(
                                        new Made("till").publishes("sold", SoldNothing.class),
                                        new Made("books")
                                                .listens("entries", "sold", SoldNothing.class))))
                .containsExactly(
                        "breaks till: event sold, amount: is not told any more; books.entries"
                                + " relies on it");
    }

    @Test
    void callers_are_named_and_what_they_read() {
        var books =
                new Made("books").calls("till", "GET /sales/{number}", Void.class, Amount.class);
        var stock = new Made("stock").calls("till", "GET /sales/{id}", Void.class, Id.class);
        assertThat(
                        changes(
                                List.of(
                                        new Made("till")
                                                .answers("GET /sales/{id}", Void.class, Sold.class),
                                        books,
                                        stock),
                                List.of(
                                        new Made("till")
                                                .answers(
                                                        "GET /sales/{id}",
                                                        Void.class,
                                                        SoldNothing.class),
                                        books,
                                        stock)))
                .containsExactly(
                        "breaks till: GET /sales/{id}, answer, amount: is not answered any more;"
                                + " books relies on it");
        assertThat(
                        changes(
                                List.of(
                                        new Made("till")
                                                .answers("GET /sales/{id}", Void.class, Sold.class),
                                        books,
                                        stock),
                                List.of(new Made("till"), books, stock)))
                .containsExactly("breaks till: GET /sales/{id}: is gone; books, stock rely on it");
    }

    @Test
    void a_consumer_that_needs_what_never_was_there_is_named() {
        var now =
                List.of(
                        new Made("till")
                                .publishes("sold", SoldMaybe.class)
                                .answers("POST /sales", SoldWithTill.class, Id.class),
                        new Made("books")
                                .listens("entries", "sold", Sold.class)
                                .calls("till", "POST /sales", Sold.class, Sold.class)
                                .calls("till", "GET /sales", Void.class, Sold.class));
        assertThat(changes(now, now))
                .containsExactly(
                        "breaks till: event sold, amount: is needed and may be absent;"
                                + " books.entries relies on it",
                        "breaks till: POST /sales, input, till: is required and is not sent; books"
                                + " relies on it",
                        "breaks till: POST /sales, answer, amount: is needed and not there; books"
                                + " relies on it",
                        "breaks till: GET /sales: is called and is not there; books relies on it");
    }

    @Test
    void a_consumer_may_read_less_than_is_told_and_send_less_than_is_taken() {
        var now =
                List.of(
                        new Made("till")
                                .publishes("sold", SoldMore.class)
                                .answers("POST /sales", SoldMore.class, SoldMore.class),
                        new Made("books")
                                .listens("entries", "sold", SoldMaybe.class)
                                .calls("till", "POST /sales", Sold.class, Id.class));
        assertThat(changes(now, now)).isEmpty();
    }

    // Versions

    @Test
    void a_later_version_breaks_for_those_who_do_not_know_it() {
        var till = new Made("till").publishes("sold", Sold.class);
        var later = new Made("till").publishes("sold", 2, SoldText.class);
        var books = new Made("books").listens("entries", "sold", Sold.class);
        var stock = new Made("stock").listens("shelf", "sold", 2, SoldText.class);
        assertThat(changes(List.of(till, books, stock), List.of(later, books, stock)))
                .containsExactly(
                        "breaks till: event sold: is told in version 2 only; books.entries relies"
                                + " on it",
                        "fits till: event sold.v2: is new");
        assertThat(changes(List.of(till, stock), List.of(later, stock)))
                .containsExactly(
                        "fits till: event sold: is told in version 2 only",
                        "fits till: event sold.v2: is new");
        // A service that was recorded and is not there still is to be reckoned with.
        assertThat(changes(List.of(till, books), List.of(later)))
                .contains(
                        "breaks till: event sold: is told in version 2 only; books.entries relies"
                                + " on it");
        assertThat(changes(List.of(later), List.of(till)))
                .contains("breaks till: event sold.v2: is not published any more");
    }

    @Test
    void a_later_version_breaks_for_a_listener_that_goes_on_to_it_in_the_same_change() {
        var till = new Made("till").publishes("sold", Sold.class);
        var later = new Made("till").publishes("sold", 2, SoldText.class);
        var books = new Made("books").listens("entries", "sold", Sold.class);
        var booksLater = new Made("books").listens("entries", "sold", 2, SoldText.class);
        assertThat(changes(List.of(till, books), List.of(later, booksLater)))
                .containsExactly(
                        "breaks till: event sold: is told in version 2 only; books.entries relies"
                                + " on it",
                        "fits till: event sold.v2: is new");
        // First the listener, which is recorded, then who publishes.
        assertThat(changes(List.of(till, books), List.of(till, booksLater))).isEmpty();
        assertThat(changes(List.of(till, booksLater), List.of(later, booksLater)))
                .containsExactly(
                        "fits till: event sold: is told in version 2 only",
                        "fits till: event sold.v2: is new");
    }

    @Test
    void a_version_that_is_told_beside_the_older_one_breaks_nobody() {
        var books = new Made("books").listens("entries", "sold", Sold.class);
        assertThat(
                        changes(
                                List.of(new Made("till").publishes("sold", Sold.class), books),
                                List.of(
                                        new Made("till")
                                                .publishes("sold", Sold.class)
                                                .publishes("sold", 2, SoldText.class),
                                        books)))
                .containsExactly("fits till: event sold.v2: is new");
    }

    @Test
    void a_listener_that_is_behind_and_one_that_is_ahead() {
        var ahead =
                List.of(
                        new Made("till").publishes("sold", Sold.class),
                        new Made("stock").listens("shelf", "sold", 2, SoldText.class));
        assertThat(changes(ahead, ahead)).isEmpty();
        var behind =
                List.of(
                        new Made("till").publishes("sold", 2, SoldText.class),
                        new Made("books").listens("entries", "sold", Sold.class));
        assertThat(changes(behind, behind))
                .containsExactly(
                        "breaks till: event sold.v2: is told, and version 1 is read;"
                                + " books.entries relies on it");
    }

    @Test
    void a_type_that_nobody_here_publishes_may_be_another_programs() {
        var now = List.of(new Made("books").listens("entries", "measured", Sold.class));
        assertThat(changes(now, now)).isEmpty();
    }
}
