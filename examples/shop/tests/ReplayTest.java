package shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import shop.Replay.Expected;
import shop.Replay.Invoice;
import shop.Replay.Options;
import shop.Replay.RetailFile;
import shop.Replay.Trouble;

/** What the replay makes of a file; that it buys the same is a system test. */
class ReplayTest {

    static final String HEADER = "invoice,stock_code,description,quantity,invoiced_at,unit_price,customer_id,country";

    @TempDir Path folder;

    @Test
    void an_invoice_is_the_neighbouring_lines_of_a_customer() throws IOException {
        var invoices = read("1,A,Cup,2,t,1.100,12,Eire", "1,B,Jar,1,t,2,12,Eire", "2,A,Cup,1,t,1,13,Eire", "1,A,Cup,1,t,1,12,Eire");
        assertThat(invoices).extracting(Invoice::orderId).containsExactly("1", "2", "1-5");
        assertThat(invoices.getFirst().lines()).extracting(Replay.Line::number).containsExactly(2L, 3L);
    }

    @Test
    void a_column_in_quotes_holds_commas_and_quotes() throws IOException {
        var line = read("1,A,\"CUP, \"\"BIG\"\"\",2,t,1.100,12,Eire").getFirst().lines().getFirst();
        assertThat(line.title()).isEqualTo("CUP, \"BIG\"");
        assertThat(line.price()).isEqualTo("1.100");
    }

    @Test
    void what_is_no_purchase_is_counted() throws IOException {
        var lines = List.of(HEADER, "1,A,Cup,2,t,1,,Eire", "C2,A,Cup,-2,t,1,12,Eire", "3,A,Cup,-1,t,1,12,Eire", "4,A,Cup,1,t,0.000,12,Eire");
        try (var file = new RetailFile(Files.write(folder.resolve("f.csv"), lines), 100)) {
            assertThat(file.next()).isEmpty();
            assertThat(file.skipped)
                .isEqualTo(Map.of("without a customer", 1L, "cancelled", 1L, "of no quantity", 1L, "of no price", 1L));
        }
    }

    @Test
    void an_order_has_one_line_per_product_and_price() throws IOException {
        var expected = new Expected();
        for (var invoice : read("1,A,Cup,2,t,1.100,12,Eire", "1,A,Cup,3,t,1.1,12,Eire", "1,A,Cup,1,t,1,12,Eire"))
            expected.add(invoice);
        assertThat(expected.lines).isEqualTo(3);
        assertThat(expected.all.sameAs(new Replay.Revenue(1, 2, 6, new BigDecimal("6.5")))).isTrue();
    }

    @Test
    void what_is_wrong_in_the_file_is_named_with_its_line() {
        assertThatThrownBy(() -> read("1,A,Cup,2,t,1,12,Eire", "1,A,Cup,2"))
            .isInstanceOf(Trouble.class).hasMessageContaining("f.csv, line 3: 4 columns, wanted 8");
        assertThatThrownBy(() -> read("1,A,Cup,two,t,1,12,Eire")).hasMessageContaining("line 2: quantity");
        assertThatThrownBy(() -> read("1,A,\"Cup,2,t,1,12,Eire")).hasMessageContaining("line 2: a quote is not closed");
        assertThatThrownBy(() -> new RetailFile(Files.writeString(folder.resolve("x.csv"), "a,b\n"), 1))
            .hasMessageContaining("line 1: the header is not invoice,");
        assertThatThrownBy(() -> new RetailFile(folder.resolve("none.csv"), 1)).hasMessageContaining("there is no file");
    }

    @Test
    void only_what_differs_is_named() {
        assertThat(Expected.summary(List.of(), 50, 40)).startsWith("totals   equal: all, 50 customers, 40 products");
        assertThat(Expected.summary(List.of("all", "customer 12"), 50, 40))
            .startsWith("totals   DIFFERENT in all, customer 12; equal in the other 89 of 91").contains("--data");
    }

    @Test
    void the_command_line_is_checked() {
        assertThat(Options.of("f.csv", "--lines", "10")).isEqualTo(new Options(Path.of("f.csv"), 10, Long.MAX_VALUE, 32, false));
        assertThatThrownBy(() -> Options.of("f.csv", "--rate", "0")).hasMessageContaining("--rate needs a whole number");
        assertThatThrownBy(() -> Options.of("--fast")).hasMessageContaining("what is --fast?");
        assertThatThrownBy(() -> Options.of()).hasMessageContaining("which file?");
    }

    private List<Invoice> read(String... lines) throws IOException {
        var all = new ArrayList<>(List.of(HEADER));
        all.addAll(List.of(lines));
        var invoices = new ArrayList<Invoice>();
        try (var file = new RetailFile(Files.write(folder.resolve("f.csv"), all), Long.MAX_VALUE)) {
            for (var next = file.next(); next.isPresent(); next = file.next()) invoices.add(next.get());
        }
        return invoices;
    }
}
