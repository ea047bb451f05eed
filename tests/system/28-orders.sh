#!/usr/bin/env bash
# Placed orders on their way through stock and payment: one is paid, one is refused, one is never answered, one finds too little, and
# the services that see to them are killed amid it. All end as they should, nothing is paid twice, no unit is lost.
. "$(dirname "$0")/common.bash"

# Its process may be one that the supervisor has not missed yet.
killed() {
    local pid
    pid=$(pid_of "$1")
    [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null
}
kill_service() { await 30 killed "$1" || fail "there is no $1 to kill"; }

# buy ORDER CUSTOMER PRODUCT UNITS
buy() {
    ask POST "/carts/$2/items" "{\"product_id\":\"$3\",\"quantity\":$4}"; is 201
    ask POST "/carts/$2/checkout" "{\"order_id\":\"$1\"}"; is 201
}

start "$root/examples/shop"
for customer in ann broke-bob silent-sue; do
    ask POST /customers "{\"id\":\"$customer\",\"name\":\"$customer\",\"country\":\"France\"}"; is 201
done
for product in cup jar; do
    ask POST /products "{\"id\":\"$product\",\"title\":\"A $product\",\"price\":1.10}"; is 201
done
settle
ask GET /stock/cup; is 404; has stock-not-found
ask PUT /stock/cup '{"units":-1}'; is 400
ask PUT /stock/cup '{"units":10}'; is 200; has '"free":10,"reserved":0'
ask PUT /stock/jar '{"units":100}'; is 200
ask GET /fulfilment/A-1; is 404; has fulfilment-not-found

buy A-1 ann cup 2
buy A-2 broke-bob cup 3
buy A-3 silent-sue cup 4
stands() { ask GET "/fulfilment/$1"; [ "$status" = 200 ] && case $body in *"\"stage\":\"$2\""*) ;; *) false ;; esac }
await 30 stands A-1 confirmed || fail "A-1 is not confirmed"
await 30 stands A-2 cancelled || fail "A-2 is not cancelled"
has '"reason":"payment-refused"'

# The money is taken, and nobody is told; then who waits for it dies, and so does who took it. Others go on meanwhile.
taken() { ask GET "/payments/$1"; [ "$status" = 200 ]; }
await 30 taken A-3 || fail "no payment was taken for A-3"
kill_service order
kill_service payment
for order in $(seq 1 10); do
    buy "B-$order" ann jar 1
    case $order in 3 | 7) kill_service order ;; esac
done
settle

ask GET /fulfilment/A-3; is 200; has '"stage":"cancelled"'; has '"reason":"payment-late"'
ask GET /payments/A-3; has '"status":"void"'
ask GET /accounts/silent-sue; has '{"payments":0,"paid":0.00}'
ask GET /payments/A-1; has '"status":"taken"'
ask GET /payments/A-2; is 404
ask GET /stock/cup; is 200; has '"free":8,"reserved":0'

# Whether one of these was late depends on how long the service was away; what belongs together does not.
confirmed=0
for order in $(seq 1 10); do
    if stands "B-$order" confirmed; then
        confirmed=$((confirmed + 1))
        ask GET "/payments/B-$order"; has '"status":"taken"'
    else
        has '"stage":"cancelled"'; has '"reason":"payment-late"'
        ask GET "/payments/B-$order"; has '"status":"void"'
    fi
done
cents=$((220 + 110 * confirmed))
ask GET /accounts/ann; has "{\"payments\":$((1 + confirmed)),\"paid\":$((cents / 100)).$(printf %02d $((cents % 100)))}"
ask GET /stock/jar; has "\"free\":$((100 - confirmed)),\"reserved\":0"

# Too little is there: nothing is paid.
buy A-4 ann cup 9
settle
ask GET /fulfilment/A-4; has '"reason":"out-of-stock"'
ask GET /payments/A-4; is 404
ask GET /stock/cup; has '"free":8,"reserved":0'

# What the shop answered before there were such services, it answers still: an order is what was placed.
for order in A-1 A-2 A-3 A-4; do
    ask GET "/orders/$order"; is 200; has "{\"id\":\"$order\",\"customer_id\":"
done
ask GET /reports/revenue; has '{"orders":14,"lines":14,"units":28,"revenue":30.80}'
stop
echo "$confirmed of 10 orders amid kills confirmed, nothing paid twice, no unit lost"
