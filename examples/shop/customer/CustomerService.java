package shop.customer;

import static dev.weft.http.Endpoint.*;
import static shop.contracts.PublicEvents.*;

import module dev.weft.app;

/** Who buys: customers sign up and can be looked at. */
class CustomerService {

    record SignUp(Optional<String> id, String name, String country) {
        SignUp {
            id.ifPresent(it -> Require.text("id", it, 100));
            Require.text("name", name, 200);
            Require.text("country", country, 100);
        }
    }

    record Customer(String id, String name, String country) {}

    /** What happened to a customer is no secret, so it is the public event itself. */
    static final Decider<Customer, Optional<Customer>, CustomerSignedUp> CUSTOMER = Decider.of(
        "customer", Optional.empty(), CustomerService::decide, CustomerService::evolve, CUSTOMER_SIGNED_UP);

    static Decision<CustomerSignedUp> decide(Customer it, Optional<Customer> known) {
        return known.isEmpty()
            ? Decision.emit(new CustomerSignedUp(it.id(), it.name(), it.country()))
            : Decision.reject("customer-exists", "there is a customer " + it.id());
    }

    static Optional<Customer> evolve(Optional<Customer> before, CustomerSignedUp it) {
        return Optional.of(new Customer(it.id(), it.name(), it.country()));
    }

    public static void main(String[] args) {
        Weft.run(App.named("customer")
            .publish(CUSTOMER)
            .routes(weft -> Routes.of(
                post("/customers", SignUp.class, Customer.class).status(201)
                    .location(it -> "/customers/" + it.id()).to(it -> signUp(weft, it)),
                get("/customers/{id}", String.class, Customer.class).to(id ->
                    weft.state(CUSTOMER, id).orElseThrow(() -> Problem.notFound("customer", id))))),
            args);
    }

    static Customer signUp(Weft weft, SignUp it) throws InterruptedException {
        var customer = new Customer(it.id().orElseGet(weft::newId), it.name(), it.country());
        return weft.handle(CUSTOMER, customer.id(), customer).orProblem(409).orElseThrow();
    }
}
