import module dev.weft.app;

/** Works for five milliseconds and says which instance it is. */
void main(String... arguments) {
    var instance = System.getenv().getOrDefault("WEFT_INSTANCE", "alone");
    Weft.run(
            App.named("back").routes(Routes.of(Route.get("/back/{n}", request -> {
                Thread.sleep(5);
                return Response.text(instance);
            }))),
            arguments);
}
