package shop;

import module dev.weft.app;
import module java.base;

/**
 * Replays the invoices of a shop's file through the gateway, as its customers would have bought, and compares what
 * the shop then reports with what the file says. The file is read twice: once to check it and to add it up, once to
 * buy. Each customer is a virtual thread of its own, so that invoices stay in order within a customer.
 */
class Replay {

    static final String HELP = """
        Usage: weft run examples/shop/Replay.java FILE [--lines N] [--rate N] [--workers N]

        Buys what a file in the format of the Online Retail data lists (.csv or .csv.gz) in a running shop, waits
        until the shop has settled, and compares its reports with the file. Exit code 1 if anything differs.

          --lines N     only the first N lines behind the header
          --rate N      at most N lines a second
          --workers N   at most so many customers at once (32)

        Environment: WEFT_GATEWAY, WEFT_ADMIN, WEFT_TOKEN; weft run sets them to those of the system that this file
        belongs to, if it runs. Without them 8080 and 8090 on this machine are asked.
        """;

    /** At most so many lines are read ahead of what is being bought. */
    static final int MAX_AHEAD = 20_000;

    static final int COMPARED = 50;

    static final Time TIME = SystemTime.INSTANCE;

    public static void main(String... args) throws Exception {
        try {
            System.exit(run(args));
        } catch (Trouble e) {
            System.err.println("replay: " + e.getMessage());
            System.exit(1);
        }
    }

    static int run(String... args) throws Exception {
        var options = Options.of(args);
        if (options.help()) {
            System.out.print(HELP);
            return 0;
        }
        var expected = new Expected();
        try (var file = new RetailFile(options.file(), options.lines())) {
            for (var invoice = file.next(); invoice.isPresent(); invoice = file.next()) expected.add(invoice.get());
            expected.skipped = file.skipped;
        }
        try (var shop = Shop.of(System.getenv(), options.file().getFileName().toString())) {
            shop.requireRunning();
            long startNanos = TIME.nanos();
            new Customers(shop, options).buyAll(expected.lines);
            shop.settle();
            double seconds = (TIME.nanos() - startNanos) / 1e9;
            System.out.printf("lines    %,d in %,d orders%n", expected.lines, expected.all.orders());
            System.out.printf("time     %,.1f s, %,.0f lines/s, %,d retries%n",
                seconds, expected.lines / seconds, shop.retries.sum());
            System.out.println("skipped  " + expected.skipped());
            return expected.compare(shop) ? 0 : 1;
        }
    }

    /** What the command line says. */
    record Options(Path file, long lines, long rate, int workers, boolean help) {
        static Options of(String... args) {
            Path file = null;
            long lines = Long.MAX_VALUE, rate = Long.MAX_VALUE, workers = 32;
            for (var rest = List.of(args).iterator(); rest.hasNext(); ) {
                var arg = rest.next();
                switch (arg) {
                    case "--help", "-h" -> { return new Options(Path.of(""), 0, 0, 0, true); }
                    case "--lines" -> lines = number(arg, rest);
                    case "--rate" -> rate = number(arg, rest);
                    case "--workers" -> workers = Math.min(number(arg, rest), 1_000);
                    default -> {
                        if (arg.startsWith("-") || file != null) throw new Trouble("what is " + arg + "? See --help");
                        file = Path.of(arg);
                    }
                }
            }
            if (file == null) throw new Trouble("which file? See --help");
            return new Options(file, lines, rate, (int) workers, false);
        }

        private static long number(String option, Iterator<String> rest) {
            var text = rest.hasNext() ? rest.next() : "";
            if (!text.matches("[1-9][0-9]{0,14}")) throw new Trouble(option + " needs a whole number from 1 on");
            return Long.parseLong(text);
        }
    }

    /** What a person is told in one line. */
    static class Trouble extends RuntimeException {
        private static final long serialVersionUID = 1;

        Trouble(String message) { super(message); }
    }

    /**
     * One line of an invoice.
     *
     * @param number of the line in the file
     */
    record Line(long number, String invoice, String product, String title, long quantity, BigDecimal price,
        String customer, String country) {}

    /** What a customer buys at once. */
    record Invoice(String orderId, String customer, List<Line> lines) {}

    /** Reads invoices: neighbouring lines of one invoice and customer. Other lines are skipped and counted. */
    static final class RetailFile implements AutoCloseable {
        private static final String HEADER =
            "invoice,stock_code,description,quantity,invoiced_at,unit_price,customer_id,country";

        final Map<String, Long> skipped = new TreeMap<>();
        private final Path file;
        private final long lastNumber;
        private final BufferedReader in;
        private final Set<String> orderIds = new HashSet<>();
        private long number = 1;
        private Optional<Line> ahead;

        RetailFile(Path file, long lines) throws IOException {
            this.file = file;
            this.lastNumber = lines == Long.MAX_VALUE ? lines : lines + 1;
            if (!Files.isReadable(file)) throw new Trouble("there is no file " + file + " that can be read");
            var bytes = Files.newInputStream(file);
            var text = file.toString().endsWith(".gz") ? new GZIPInputStream(bytes, 1 << 16) : bytes;
            in = new BufferedReader(new InputStreamReader(text, StandardCharsets.UTF_8), 1 << 16);
            if (!HEADER.equals(in.readLine())) throw wrong("the header is not " + HEADER);
            ahead = purchase();
        }

        Optional<Invoice> next() throws IOException {
            if (ahead.isEmpty()) return Optional.empty();
            var first = ahead.get();
            var lines = new ArrayList<Line>();
            for (; ahead.filter(line -> sameInvoice(first, line)).isPresent(); ahead = purchase())
                lines.add(ahead.get());
            var isNew = orderIds.add(first.invoice);
            var orderId = isNew ? first.invoice : first.invoice + "-" + first.number;
            return Optional.of(new Invoice(orderId, first.customer, lines));
        }

        private static boolean sameInvoice(Line one, Line other) {
            return one.invoice.equals(other.invoice) && one.customer.equals(other.customer);
        }

        /** The next line that is a purchase. */
        private Optional<Line> purchase() throws IOException {
            while (number < lastNumber) {
                var text = in.readLine();
                if (text == null) return Optional.empty();
                number++;
                var line = line(text);
                var reason = whyNot(line);
                if (reason.isEmpty()) return Optional.of(line);
                skipped.merge(reason, 1L, Long::sum);
            }
            return Optional.empty();
        }

        private static String whyNot(Line line) {
            if (line.customer.isEmpty()) return "without a customer";
            if (line.invoice.startsWith("C")) return "cancelled";
            if (line.quantity <= 0) return "of no quantity";
            return line.price.signum() <= 0 ? "of no price" : "";
        }

        private Line line(String text) {
            var columns = columns(text);
            if (columns.size() != 8) throw wrong(columns.size() + " columns, wanted 8: " + HEADER);
            try {
                var title = columns.get(2).isBlank() ? columns.get(1) : columns.get(2);
                return new Line(number, columns.get(0), columns.get(1), title, Long.parseLong(columns.get(3)),
                    new BigDecimal(columns.get(5)), columns.get(6), columns.get(7));
            } catch (NumberFormatException e) {
                throw wrong("quantity and unit_price are numbers, not " + columns.get(3) + " and " + columns.get(5));
            }
        }

        /** A column in quotes may hold commas, and quotes as two of them. */
        private List<String> columns(String text) {
            if (text.indexOf('"') < 0) return List.of(text.split(",", -1));
            var columns = new ArrayList<String>();
            var column = new StringBuilder();
            boolean quoted = false;
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (quoted && text.startsWith("\"\"", i)) column.append(text.charAt(++i));
                else if (c == '"') quoted = !quoted;
                else if (c == ',' && !quoted) {
                    columns.add(column.toString());
                    column.setLength(0);
                } else column.append(c);
            }
            if (quoted) throw wrong("a quote is not closed");
            columns.add(column.toString());
            return columns;
        }

        private Trouble wrong(String what) {
            return new Trouble(file + ", line " + number + ": " + what);
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    /** A report, as the shop answers it. */
    record Revenue(long orders, long lines, long units, BigDecimal revenue) {
        static final Revenue NONE = new Revenue(0, 0, 0, BigDecimal.ZERO);

        /** With one order more. An order has one line per product and price. */
        Revenue and(List<Line> bought) {
            var lines = new HashSet<List<Object>>();
            long units = 0;
            var sum = BigDecimal.ZERO;
            for (var line : bought) {
                lines.add(List.of(line.product, line.price.stripTrailingZeros()));
                units += line.quantity;
                sum = sum.add(line.price.multiply(BigDecimal.valueOf(line.quantity)));
            }
            return new Revenue(orders + 1, this.lines + lines.size(), this.units + units, revenue.add(sum));
        }

        boolean sameAs(Revenue other) {
            return orders == other.orders && lines == other.lines && units == other.units
                && revenue.compareTo(other.revenue) == 0;
        }
    }

    /** What the file says that the shop has to report. */
    static final class Expected {
        long lines;
        Revenue all = Revenue.NONE;
        Map<String, Long> skipped = Map.of();
        private final SortedMap<String, Revenue> byCustomer = new TreeMap<>();
        private final SortedMap<String, Revenue> byProduct = new TreeMap<>();

        void add(Invoice invoice) {
            lines += invoice.lines.size();
            all = all.and(invoice.lines);
            byCustomer.put(invoice.customer, of(byCustomer, invoice.customer).and(invoice.lines));
            invoice.lines.stream().collect(Collectors.groupingBy(Line::product))
                .forEach((product, bought) -> byProduct.put(product, of(byProduct, product).and(bought)));
        }

        private static Revenue of(Map<String, Revenue> some, String id) {
            return some.getOrDefault(id, Revenue.NONE);
        }

        String skipped() {
            return skipped.isEmpty() ? "nothing" : skipped.entrySet().stream()
                .map(each -> String.format("%,d %s", each.getValue(), each.getKey())).collect(Collectors.joining(", "));
        }

        /** Prints what differs, and tells whether all is equal. */
        boolean compare(Shop shop) throws Exception {
            var different = new ArrayList<String>();
            if (!same("all", all, shop.report(Query.NONE))) different.add("all");
            var customers = spread(byCustomer.keySet());
            for (var id : customers)
                if (!same("customer " + id, byCustomer.get(id), shop.report(Query.NONE.and("customer_id", id))))
                    different.add("customer " + id);
            var products = spread(byProduct.keySet());
            for (var id : products)
                if (!same("product " + id, byProduct.get(id), shop.report(Query.NONE.and("product_id", id))))
                    different.add("product " + id);
            System.out.print(summary(different, customers.size(), products.size()));
            return different.isEmpty();
        }

        static String summary(List<String> different, int customers, int products) {
            if (different.isEmpty())
                return String.format("totals   equal: all, %d customers, %d products%n", customers, products);
            return String.format("totals   DIFFERENT in %s; equal in the other %d of %d%n",
                    different.size() <= 5 ? String.join(", ", different) : different.size() + " reports",
                    1 + customers + products - different.size(), 1 + customers + products)
                + "         They are equal only where nobody else has bought. To begin afresh, stop the shop and remove\n"
                + "         its data, DIR/.weft, or start it with other data: ./weft dev DIR --data FOLDER\n";
        }

        private static boolean same(String what, Revenue expected, Revenue reported) {
            if (expected.sameAs(reported)) return true;
            System.out.printf("%s: the file says %s,%n    the shop reports %s%n", what, expected, reported);
            return false;
        }

        /** Some ids, evenly from first to last. */
        private static List<String> spread(Collection<String> ids) {
            var sorted = List.copyOf(ids);
            int count = Math.min(COMPARED, sorted.size());
            return IntStream.range(0, count).mapToObj(i -> sorted.get(i * sorted.size() / count)).toList();
        }
    }

    /** All customers, each buying one invoice after the other. */
    static final class Customers {
        private static final PathTemplate ITEMS = new PathTemplate("/carts/{customer_id}/items");
        private static final PathTemplate CHECKOUT = new PathTemplate("/carts/{customer_id}/checkout");

        private final Shop shop;
        private final Options options;
        private final Semaphore ahead = new Semaphore(MAX_AHEAD);
        private final Semaphore workers;
        private final Map<String, Customer> customers = new ConcurrentHashMap<>();
        private final Map<String, Product> products = new ConcurrentHashMap<>();
        private final LongAdder bought = new LongAdder();
        private final AtomicReference<Exception> failure = new AtomicReference<>();
        private final CountDownLatch over = new CountDownLatch(1);

        /** Registered by the first customer who needs it; the others wait for that. */
        record Product(BigDecimal listPrice, FutureTask<Receipt> registered) {}

        record Customer(FutureTask<Receipt> registered, BlockingQueue<Optional<Invoice>> invoices) {}

        record NewCustomer(String id, String name, String country) {}
        record NewProduct(String id, String title, BigDecimal price) {}
        record AddItem(String productId, long quantity, Optional<BigDecimal> agreedPrice) {}
        record CheckOut(String orderId) {}

        Customers(Shop shop, Options options) {
            this.shop = shop;
            this.options = options;
            this.workers = new Semaphore(options.workers, true);
        }

        /** Returns when all is bought, or throws what went wrong first. */
        void buyAll(long total) throws Exception {
            var threads = new ConcurrentLinkedQueue<Thread>();
            threads.add(start("reader", () -> read(threads)));
            var progress = new Progress(total);
            while (!over.await(250, TimeUnit.MILLISECONDS)) progress.show(bought.sum(), shop.retries.sum());
            threads.forEach(Thread::interrupt);
            progress.end(bought.sum(), shop.retries.sum());
            if (failure.get() != null) throw failure.get();
        }

        private Thread start(String name, Callable<?> work) {
            return TIME.start(name, () -> {
                try {
                    work.call();
                } catch (Exception e) {
                    failure.compareAndSet(null, e);
                    over.countDown();
                }
            });
        }

        private Object read(Collection<Thread> threads) throws Exception {
            var buying = new ArrayList<Thread>();
            try (var file = new RetailFile(options.file, options.lines)) {
                long startNanos = TIME.nanos(), lines = 0;
                for (var next = file.next(); next.isPresent(); next = file.next()) {
                    var invoice = next.get();
                    lines += invoice.lines.size();
                    TIME.sleep(Duration.ofNanos(Math.max(0,
                        startNanos + (long) (lines * 1e9 / options.rate) - TIME.nanos())));
                    ahead.acquire(cost(invoice));
                    for (var line : invoice.lines) products.computeIfAbsent(line.product, id -> product(line));
                    customers.computeIfAbsent(invoice.customer, id -> {
                        var customer = customer(invoice.lines.getFirst());
                        buying.add(start("customer " + id, () -> buy(customer)));
                        threads.add(buying.getLast());
                        return customer;
                    }).invoices.add(next);
                }
            }
            for (var customer : customers.values()) customer.invoices.add(Optional.empty());
            for (var thread : buying) thread.join();
            over.countDown();
            return buying;
        }

        private static int cost(Invoice invoice) {
            return Math.min(invoice.lines.size(), MAX_AHEAD);
        }

        private Product product(Line line) {
            var product = new NewProduct(line.product, line.title, line.price);
            return new Product(line.price, new FutureTask<>(() ->
                shop.register("/products", product, line.number + ":product")));
        }

        private Customer customer(Line line) {
            var customer = new NewCustomer(line.customer, "Customer " + line.customer, line.country);
            return new Customer(new FutureTask<>(() ->
                shop.register("/customers", customer, line.number + ":customer")), new LinkedBlockingQueue<>());
        }

        private static Receipt registered(FutureTask<Receipt> task) throws Exception {
            task.run();
            return task.get();
        }

        private Object buy(Customer customer) throws Exception {
            for (var next = customer.invoices.take(); next.isPresent(); next = customer.invoices.take()) {
                workers.acquire();
                try {
                    buy(next.get(), registered(customer.registered));
                } finally {
                    workers.release();
                    ahead.release(cost(next.get()));
                }
            }
            return customer;
        }

        private void buy(Invoice invoice, Receipt customer) throws Exception {
            var path = Map.of("customer_id", invoice.customer);
            for (var line : invoice.lines) {
                var product = products.get(line.product);
                var isAgreed = line.price.compareTo(product.listPrice) != 0;
                var item = new AddItem(line.product, line.quantity, Optional.of(line.price).filter(it -> isAgreed));
                shop.post(ITEMS.fill(path), item, line.number + ":item", customer.and(registered(product.registered)));
                bought.increment();
            }
            var key = invoice.lines.getFirst().number + ":checkout";
            shop.post(CHECKOUT.fill(path), new CheckOut(invoice.orderId), key, customer);
        }
    }

    /** The running shop, asked until it answers. */
    static final class Shop implements AutoCloseable {
        private static final Duration PATIENCE = Duration.ofSeconds(60);
        private static final Duration SETTLING = Duration.ofMinutes(2);
        private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(50), Duration.ofSeconds(2));

        final LongAdder retries = new LongAdder();
        private final HttpTransport transport = new HttpTransport();
        private final URI address;
        private final URI admin;
        private final String token;
        private final String keys;
        private volatile long progressNanos = TIME.nanos();

        /**
         * The shop that the environment names.
         *
         * @param keys what all idempotency keys begin with
         */
        static Shop of(Map<String, String> environment, String keys) throws IOException {
            var admin = URI.create(environment.getOrDefault("WEFT_ADMIN", "http://127.0.0.1:8090"));
            var file = Path.of(System.getProperty("user.home"), ".weft", "systems", admin.getPort() + ".json");
            var system = Files.exists(file) ? Json.readMap(Files.readAllBytes(file)) : Map.<String, Object>of();
            var gateway = system.getOrDefault("gateway", "http://127.0.0.1:8080").toString();
            var token = system.getOrDefault("token", "").toString();
            return new Shop(URI.create(environment.getOrDefault("WEFT_GATEWAY", gateway)), admin,
                environment.getOrDefault("WEFT_TOKEN", token), keys.replaceAll("[^!-~]", "_"));
        }

        private Shop(URI address, URI admin, String token, String keys) {
            this.address = address;
            this.admin = admin;
            this.token = token;
            this.keys = keys;
        }

        void requireRunning() throws Exception {
            requireAnswer(address, "/reports/revenue", "no shop answers", "WEFT_GATEWAY");
            requireAnswer(admin, "/admin/health", "the shop's hub, which says when it has settled, does not answer",
                "WEFT_ADMIN");
        }

        private void requireAnswer(URI at, String path, String trouble, String variable) throws Exception {
            try (var body = transport.client(at).call(Request.get(path)).body()) {
                body.bytes();
            } catch (Failure.Unreachable e) {
                throw new Trouble(trouble + " at " + at
                    + "; start it with ./weft dev examples/shop, or name its address in " + variable);
            }
        }

        /** Registers a customer or a product; one that is there already is as good. */
        Receipt register(String path, Record body, String key) throws Exception {
            var answer = ask(post(path, body, key));
            return answer.status() == 409 ? Receipt.NONE : receipt(path, answer);
        }

        Receipt post(String path, Record body, String key, Receipt after) throws Exception {
            var request = post(path, body, key);
            if (!after.isEmpty()) request = request.header(ContextHeaders.AFTER, after.toString());
            return receipt(path, ask(request));
        }

        Revenue report(Query query) throws Exception {
            var answer = ask(Request.get("/reports/revenue?" + query.raw()));
            requireSuccess("the report", answer);
            return Json.read(answer.body().bytes(), Revenue.class);
        }

        /** Waits until nothing is under way any more. */
        void settle() throws Exception {
            var answer = ask(admin,
                Request.post("/admin/settle", Body.of(Json.write(Map.of("timeout_ms", SETTLING.toMillis()))))
                    .header("Content-Type", "application/json").header("Authorization", "Bearer " + token));
            requireSuccess("settling", answer);
            var settled = Json.readMap(answer.body().bytes());
            if (!Boolean.TRUE.equals(settled.get("settled")))
                throw new Trouble("not settled within " + SETTLING.toSeconds() + " s: " + settled.get("blocked"));
        }

        private Request post(String path, Record body, String key) {
            return Request.post(path, Body.of(Json.write(body)))
                .header("Content-Type", "application/json")
                .header(ContextHeaders.IDEMPOTENCY_KEY, keys + ":" + key);
        }

        private Response ask(Request request) throws Exception {
            return ask(address, request);
        }

        /** Asks again what was not answered, until nothing at all has been answered for too long. */
        private Response ask(URI address, Request request) throws Exception {
            for (int attempt = 1; ; attempt++) {
                String trouble;
                try {
                    var streaming = transport.client(address).call(request);
                    var answer = streaming.with(Body.of(streaming.body().bytes()));
                    if (!isPassing(answer)) {
                        progressNanos = TIME.nanos();
                        return answer;
                    }
                    trouble = answer.body().text();
                } catch (Failure.Unreachable | UncheckedIOException e) {
                    trouble = e.getMessage();
                }
                if (TIME.nanos() - progressNanos > PATIENCE.toNanos())
                    throw new Trouble("gave up: nothing was answered for " + PATIENCE.toSeconds() + " s, last "
                        + request.method() + " " + request.path() + ": " + trouble);
                retries.increment();
                TIME.sleep(BACKOFF.after(attempt, TIME));
            }
        }

        private static boolean isPassing(Response answer) {
            return switch (answer.status()) {
                case 502, 503, 504 -> true;
                case 409 -> answer.body().text().contains("request-in-flight");
                default -> false;
            };
        }

        private static Receipt receipt(String path, Response answer) {
            requireSuccess(path, answer);
            return answer.headers().get(ContextHeaders.RECEIPT).map(Receipt::parse).orElse(Receipt.NONE);
        }

        private static void requireSuccess(String what, Response answer) {
            if (!answer.successful())
                throw new Trouble(what + " was answered " + answer.status() + ": " + answer.body().text());
        }

        @Override
        public void close() {
            transport.close();
        }
    }

    /** How far it is: a bar on a terminal, else a line every ten seconds. */
    static final class Progress {
        private static final int WIDTH = 30;
        private final boolean terminal = Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
        private final long startNanos = TIME.nanos();
        private final long total;
        private long shownNanos = startNanos;

        Progress(long total) {
            this.total = total;
        }

        void show(long done, long retries) {
            long nanos = TIME.nanos();
            if (!terminal && nanos - shownNanos < 10_000_000_000L) return;
            shownNanos = nanos;
            System.out.print((terminal ? "\r" : "") + text(done, retries) + (terminal ? "" : "\n"));
            System.out.flush();
        }

        void end(long done, long retries) {
            if (terminal) System.out.print("\r" + text(done, retries) + "\n");
        }

        private String text(long done, long retries) {
            int full = total == 0 ? WIDTH : (int) (WIDTH * done / total);
            return String.format("[%s%s] %3d %%  %,d of %,d lines  %,.0f lines/s  %,d retries ", "#".repeat(full),
                "·".repeat(WIDTH - full), total == 0 ? 100 : 100 * done / total, done, total,
                done * 1e9 / Math.max(1, TIME.nanos() - startNanos), retries);
        }
    }
}
