import module dev.weft.app;

/** Answers with what an instance of back says. */
void main(String... arguments) {
    Weft.run(
            App.named("front").routes(weft -> Routes.of(Route.get("/front/{n}", request ->
                    weft.client("back").call(Request.get("/back/" + request.variables().get("n")))))),
            arguments);
}
