import module dev.weft.app;

/** Answers with what middle says. */
void main(String... arguments) {
    Weft.run(
            App.named("front").routes(weft -> Routes.of(Route.get("/front/{n}", request ->
                    weft.client("middle").call(Request.get("/middle/" + request.variable("n")))))),
            arguments);
}
