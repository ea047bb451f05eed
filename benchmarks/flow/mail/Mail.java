import static dev.weft.http.Endpoint.*;

import module dev.weft.app;

/** Does something outside of its tables about each sale: it takes note of it. */
class Mail {
    static final Heard HEARD = new Heard();

    public static void main(String[] args) {
        Weft.run(App.named("mail")
            .listen(Listener.effect("letters").on(Heard.SOLD, event -> HEARD.handled(event.key(), event.data())))
            .routes(Routes.of(
                get("/mail/{round}", String.class, Heard.Figures.class)
                    .to(round -> HEARD.figures(Integer.parseInt(round))))),
            args);
    }
}
