package shop.product;

import module dev.weft.app;
import module java.net.http;

import shop.contracts.PublicEvents.ProductRegistered;

/** Downloads the pictures of products, keeps them and serves them. */
class Photos {

    static final int MAX_BYTES = 5 << 20;
    static final Set<String> PICTURES = Set.of("image/png", "image/jpeg", "image/gif", "image/webp");
    static final Duration TIMEOUT = Duration.ofSeconds(20);
    static final String TABLE = "create table if not exists photo(id text primary key, media_type text, bytes blob)";

    /** Made for the first picture: a client that knows TLS takes 9 MB, which most shops of a test never need. */
    private static class Web {
        static final HttpClient CLIENT = HttpClient.newBuilder()
            .connectTimeout(Duration.ofSeconds(5)).followRedirects(HttpClient.Redirect.NORMAL).build();
    }

    /** Runs again if the process dies in between: keeping the same picture twice does no harm. */
    static void download(Weft weft, ProductRegistered product) throws Exception {
        if (product.photo().isEmpty()) return;
        var answer = Web.CLIENT.send(HttpRequest.newBuilder(product.photo().get()).timeout(TIMEOUT).build(),
            HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), MAX_BYTES));
        var mediaType = answer.headers().firstValue("Content-Type").orElse("nothing");
        if (answer.statusCode() != 200) throw new IOException("the answer was " + answer.statusCode());
        if (!PICTURES.contains(mediaType)) throw new IOException("it is no picture but " + mediaType);
        weft.database().write(sql -> sql.update(
            "insert into photo values (?, ?, ?) on conflict (id) do update set media_type = excluded.media_type,"
                + " bytes = excluded.bytes", product.id(), mediaType, answer.body()));
        weft.handle(Product.DECIDER, product.id(), new Product.PhotoFound(product.id()));
    }

    static void giveUp(Weft weft, ProductRegistered product, Exception failure) throws InterruptedException {
        var reason = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        weft.handle(Product.DECIDER, product.id(), new Product.PhotoMissed(product.id(), reason));
    }

    static Response serve(Weft weft, String id) {
        return weft.database().first("select media_type, bytes from photo where id = ?", row ->
                Response.of(200).header("Content-Type", row.text("media_type"))
                    .header("X-Content-Type-Options", "nosniff").with(Body.of(row.bytes("bytes"))), id)
            .orElseThrow(() -> Problem.notFound("photo", id));
    }
}
