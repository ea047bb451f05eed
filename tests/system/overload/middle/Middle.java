import module dev.weft.app;

/** Answers with what back says. */
void main(String... arguments) {
    Weft.run(
            App.named("middle").routes(weft -> Routes.of(Route.get("/middle/{n}", request ->
                    weft.client("back").call(Request.get("/back/" + request.variable("n")))))),
            arguments);
}
