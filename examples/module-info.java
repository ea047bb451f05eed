// The examples as Maven sees them, for their tests. Weft itself compiles each service's folder.
open module dev.weft.examples {
    requires dev.weft.app;
    requires java.net.http;
}
