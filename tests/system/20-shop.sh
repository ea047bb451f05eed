#!/usr/bin/env bash
# The shop from outside: every route, every error, receipts, once, photos, what weft tells of it, a replay.
. "$(dirname "$0")/common.bash"
. "$root/build-tools/jdk.sh"

start "$root/examples/shop"

# Customers.
ask POST /customers '{"id":"12","name":"Ann","country":"France"}'
is 201; has '{"id":"12","name":"Ann","country":"France"}'
equal "Location" /customers/12 "$(header Location)"
ann=$(header Weft-Receipt)
case $ann in customer=[1-9]*) ;; *) fail "a receipt of the customer service, not '$ann'" ;; esac
ask GET /customers/12; is 200; has '"name":"Ann"'
ask POST /customers '{"name":"Bob","country":"Eire"}'; is 201
bob=$(header Location)
ask GET "$bob"; is 200; has '"name":"Bob"'
ask POST /customers '{"id":"12","name":"Ann","country":"France"}'; is 409; has urn:weft:problem:customer-exists
ask GET /customers/none; is 404; has urn:weft:problem:customer-not-found; has none
ask POST /customers '{"id":"13","country":"France"}'; is 400; has 'name is missing'
equal "a problem's type" application/problem+json "$(header Content-Type)"
ask POST /customers '{"id":"13","name":"","country":"France"}'; is 400

# Products, with exact prices.
ask POST /products '{"id":"BANK CHARGES","title":"Lantern","price":2.550}'
is 201; has '"price":2.550'; has '"photo_status":"none"'
lantern=$(header Weft-Receipt)
ask GET /products/BANK%20CHARGES; is 200; has '"title":"Lantern"'
ask PUT /products/BANK%20CHARGES/price '{"price":3.39}'; is 200; has '"price":3.39'
dearer=$(header Weft-Receipt)
ask PUT /products/none/price '{"price":1}'; is 404; has product-not-found
ask PUT /products/BANK%20CHARGES/price '{"price":-1}'; is 400; has 'price must not be negative'
ask PUT /products/BANK%20CHARGES/price '{"price":"3"}'; is 400
ask POST /products '{"id":"BANK CHARGES","title":"Lantern","price":1}'; is 409; has product-exists
ask POST /products '{"title":"Cup","price":1,"photo":"file:///etc/passwd"}'; is 400; has 'photo must be a URL'
ask GET /products/none; is 404; has product-not-found
ask GET /products/none/photo; is 404; has photo-not-found

# Read your writes: the cart service answers only once it has heard of both.
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":2}' "Weft-After: $ann, $dearer"
is 201; has '"price":3.39,"amount":6.78'; has '"total":6.78'
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":1}'
is 201; has '"quantity":3'; has '"total":10.17'
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":10,"agreed_price":2.55}'
is 201; has '"price":2.55,"amount":25.50'; has '"total":35.67'
ask GET /carts/12; is 200; has '"total":35.67'
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":1}' 'Weft-After: product=999999' 'weft-deadline-ms: 700'
is 503; has '"reason":"lag"'

# What a cart refuses.
ask POST /carts/none/items '{"product_id":"BANK CHARGES","quantity":1}'
is 422; has urn:weft:problem:unknown-customer; has '"customer_id":"none"'
ask POST /carts/12/items '{"product_id":"none","quantity":1}'
is 422; has urn:weft:problem:unknown-product; has '"product_id":"none"'
ask GET /carts/none; is 422; has unknown-customer
ask POST /carts/none/checkout '{}'; is 422; has unknown-customer
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":-1}'; is 400; has 'quantity must be from 1'
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":"1"}'; is 400
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":1.5}'; is 400
ask POST /carts/12/items '{"product_id":'; is 400; has 'no valid JSON'
ask POST /carts/12/items '[]'; is 400
ask POST /carts/12/items ''; is 400
ask GET /no/such/route; is 404; equal "a problem's type" application/problem+json "$(header Content-Type)"
ask PATCH /carts/12 '{}'; is 405
head -c 20000000 /dev/zero | tr '\0' ' ' >"$tmp/large"
ask POST /carts/12/items "@$tmp/large"; is 413
rm "$tmp/large"

# Checkout freezes the price.
ask POST /carts/12/checkout '{"order_id":"A-1"}'
is 201; has '"id":"A-1","customer_id":"12"'; has '"total":35.67'
equal "Location" /orders/A-1 "$(header Location)"
order=$(header Weft-Receipt)
ask PUT /products/BANK%20CHARGES/price '{"price":9}'; is 200
ask GET /orders/A-1 '' "Weft-After: $order"; is 200; has '"total":35.67'
ask GET /orders/none; is 404; has order-not-found
ask GET /carts/12; is 200; has '"lines":[]'
ask POST /carts/12/checkout '{}'; is 409; has urn:weft:problem:empty-cart
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":1}'; is 201
ask POST /carts/12/checkout '{"order_id":"A-1"}'; is 409; has order-exists
ask DELETE /carts/12/items/BANK%20CHARGES; is 200; has '"lines":[]'
ask GET '/reports/revenue' '' "Weft-After: $order"; is 200; has '{"orders":1,"lines":2,"units":13,"revenue":35.67}'
ask GET '/reports/revenue?customer_id=12'; has '"revenue":35.67'
ask GET '/reports/revenue?product_id=BANK%20CHARGES'; has '"units":13'
ask GET '/reports/revenue?product_id=none'; is 200; has '"orders":0'
ask GET '/reports/revenue?product_id=a&customer_id=b'; is 400

# Once: the same key gives the first answer again.
ask POST /products '{"title":"Cup","price":1.10}' 'Idempotency-Key: cup-1'; is 201
first=$body
ask POST /products '{"title":"Cup","price":1.10}' 'Idempotency-Key: cup-1'; is 201
equal "the first answer" "$first" "$body"
ask POST /products '{"title":"Cup","price":1.20}' 'Idempotency-Key: cup-1'; is 422; has idempotency-key-reused
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":5}' 'Idempotency-Key: item-1'; is 201
ask POST /carts/12/items '{"product_id":"BANK CHARGES","quantity":5}' 'Idempotency-Key: item-1'; is 201
ask GET /carts/12; has '"quantity":5'
ask POST /carts/12/checkout '{}' 'Idempotency-Key: order-1'; is 201
first=$body
ask POST /carts/12/checkout '{}' 'Idempotency-Key: order-1'; is 201
equal "the first order" "$first" "$body"

# Photos are downloaded later; one that cannot be had is given up.
jdk_find || fail "no JDK"
mkdir "$tmp/pictures"
printf '\211PNG\r\n\032\n' >"$tmp/pictures/lantern.png"
pictures=$(free_port)
"$jdk/bin/java" -m jdk.httpserver -b 127.0.0.1 -p "$pictures" -d "$tmp/pictures" >"$tmp/pictures.log" 2>&1 &
others="$others $!"
answers() { curl -s -o /dev/null "http://127.0.0.1:$pictures/lantern.png"; }
await 20 answers || fail "the picture server did not start: $(cat "$tmp/pictures.log")"
ask POST /products "{\"id\":\"P1\",\"title\":\"Lamp\",\"price\":5,\"photo\":\"http://127.0.0.1:$pictures/lantern.png\"}"
is 201; has '"photo_status":"pending"'
ask POST /products "{\"id\":\"P2\",\"title\":\"Lamp\",\"price\":5,\"photo\":\"http://127.0.0.1:$pictures/none.png\"}"
is 201
settle
ask GET /products/P1; has '"photo_status":"downloaded"'
ask GET /products/P1/photo; is 200; equal "media type" image/png "$(header Content-Type)"
cmp "$tmp/body" "$tmp/pictures/lantern.png" || fail "another picture came back"
ask GET /products/P2; has '"photo_status":"not_downloaded"'; has '404'
ask GET /products/P2/photo; is 404

# What weft tells of it.
"$WEFT" ps --data "$tmp/data" --json >"$tmp/ps" || fail "weft ps: $(cat "$tmp/ps")"
for service in hub gateway customer product cart order payment; do
    grep -q "\"service\":\"$service\"" "$tmp/ps" || fail "weft ps does not tell of $service: $(cat "$tmp/ps")"
done
"$WEFT" call --data "$tmp/data" GET /customers/12 >"$tmp/call" 2>"$tmp/call.err" || fail "weft call: $(cat "$tmp/call.err")"
grep -q '"Ann"' "$tmp/call" || fail "weft call: $(cat "$tmp/call")"
! "$WEFT" call --data "$tmp/data" GET /customers/none >"$tmp/call" 2>&1 || fail "weft call of a 404 succeeded"
ask POST /customers '{"id":"traced","name":"Eve","country":"France"}'; is 201
trace=$(header Weft-Trace)
traced() {
    "$WEFT" trace --data "$tmp/data" "$trace" >"$tmp/trace" 2>&1 &&
        grep -q gateway "$tmp/trace" && grep -q customer "$tmp/trace" && grep -q cart "$tmp/trace"
}
await 20 traced || fail "the trace $trace does not tell of gateway, customer and cart: $(cat "$tmp/trace")"
"$WEFT" traces --data "$tmp/data" >"$tmp/traces" || fail "weft traces: $(cat "$tmp/traces")"
grep -q "POST /customers" "$tmp/traces" || fail "weft traces: $(cat "$tmp/traces")"

stop
echo "routes and errors ok"

# A replay, on a shop that holds nothing else; and once more, which changes nothing.
rm -rf "$tmp/data"
start "$root/examples/shop"
for round in first second; do
    replay "$root/examples/shop/sample.csv.gz" >"$tmp/replay" 2>&1 || fail "the $round replay: $(cat "$tmp/replay")"
    grep -q '^totals   equal' "$tmp/replay" || fail "the $round replay: $(cat "$tmp/replay")"
done
tail -n 4 "$tmp/replay"
stop
