#!/usr/bin/env bash
# The shop in one process: the same routes, the same receipts, the same totals. It promises what was recorded.
. "$(dirname "$0")/common.bash"

start "$root/examples/shop" --together
file=${WEFT_RETAIL:-$root/examples/shop/sample.csv.gz}
replay "$file" --lines "${LINES:-2300}" >"$tmp/replay" 2>&1 || fail "the replay: $(cat "$tmp/replay")"
grep -q '^totals   equal' "$tmp/replay" || fail "the totals differ: $(cat "$tmp/replay")"
cat "$tmp/replay"

ask POST /carts/none/items '{"product_id":"none","quantity":1}'; is 422; has unknown-product
ask GET /no/such/route; is 404
ask POST /products '{"id":"T1","title":"Cup","price":1.10}' 'Idempotency-Key: t1'; is 201
first=$body
cup=$(header Weft-Receipt)
ask POST /products '{"id":"T1","title":"Cup","price":1.10}' 'Idempotency-Key: t1'; is 201
equal "the first answer" "$first" "$body"
ask POST /customers '{"id":"T2","name":"Ann","country":"Eire"}'; is 201
ann=$(header Weft-Receipt)
ask POST /carts/T2/items '{"product_id":"T1","quantity":2}' "Weft-After: $cup, $ann"; is 201; has '"total":2.20'
"$WEFT" await "$cup" "$ann" "$(header Weft-Receipt)" "$(header Weft-Trace)" --data "$tmp/data" --timeout 60 >"$tmp/await" ||
    fail "not done: $(cat "$tmp/await")"
equal "what weft await says" done "$(cat "$tmp/await")"

"$WEFT" contracts check --data "$tmp/data" >"$tmp/check" || fail "contracts: $(cat "$tmp/check")"
"$WEFT" openapi --data "$tmp/data" >"$tmp/openapi" || fail "$(cat "$tmp/openapi")"
grep -q '"/carts/{customer_id}/checkout": {' "$tmp/openapi" || fail "no checkout in $(cat "$tmp/openapi")"
"$WEFT" asyncapi cart --data "$tmp/data" >"$tmp/asyncapi" || fail "$(cat "$tmp/asyncapi")"
grep -q 'cart.copies reads id, price' "$tmp/asyncapi" || fail "no listener in $(cat "$tmp/asyncapi")"
stop
