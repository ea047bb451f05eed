#!/usr/bin/env bash
# What the shop promises, recorded while it does not run, and compared behind changes to its code.
. "$(dirname "$0")/common.bash"

system=$tmp/shop
mkdir "$system"
cp -R "$root"/examples/shop/{weft.yml,contracts,customer,product,cart,order,payment} "$system"
rm -rf "$system/contracts/recorded"

"$WEFT" contracts record "$system" >"$tmp/record" 2>"$tmp/err" || fail "$(cat "$tmp/record" "$tmp/err")"
grep -q '^product: 4 endpoints, publishes 4 types, listens to 1 type$' "$tmp/record" || fail "$(cat "$tmp/record")"
grep -q '"type": "price-changed"' "$system/contracts/recorded/product.json" || fail "no price-changed recorded"

# A field that is told gets another name in all code that shares it, an input becomes required, another one may come.
change() { sed -i.bak "$2" "$system/$1" && rm "$system/$1.bak"; }
change contracts/PublicEvents.java 's/record PriceChanged(String id, BigDecimal price)/record PriceChanged(String id, BigDecimal amount)/'
change cart/CartService.java 's/new Product(before.title(), e.data().price())/new Product(before.title(), e.data().amount())/
    s/Optional<BigDecimal> agreedPrice) {/Optional<BigDecimal> agreedPrice, String voucher) {/'
change customer/CustomerService.java 's/record SignUp(Optional<String> id,/record SignUp(Optional<String> id, Optional<String> mail,/'
code=0
"$WEFT" contracts check "$system" >"$tmp/check" 2>"$tmp/err" || code=$?
equal "exit code of a breaking change" 1 "$code"
for line in \
    'breaks  product: event price-changed, price: is not told any more; amount is new and of its form; cart.copies relies on it' \
    'breaks  cart: POST /carts/{customer_id}/items, input, voucher: is required, which it was not' \
    'fits    customer: POST /customers, input, mail: is new, optional'; do
    grep -q -x -F -- "$line" "$tmp/check" || fail "no '$line' in $(cat "$tmp/check" "$tmp/err")"
done
[ ! -e "$system/.weft/cart.db" ] || fail "a service that was only asked has kept data"
cat "$tmp/check"
