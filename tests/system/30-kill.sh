#!/usr/bin/env bash
# Customers buy while every process, hub and gateway too, is killed at random moments: nothing is lost and nothing
# happens twice.
# SEED=N repeats the choices of a run; WEFT_RETAIL names another file, LINES how much of it is bought.
. "$(dirname "$0")/common.bash"

RANDOM=${SEED:=$RANDOM}
echo "SEED=$SEED"
file=${WEFT_RETAIL:-$root/examples/shop/sample.csv.gz}

start "$root/examples/shop"
replay "$file" --lines "${LINES:-2300}" --rate 150 >"$tmp/replay" 2>&1 </dev/null &
buying=$!
others=$buying

bought() {
    curl -s -m 5 "$WEFT_GATEWAY/reports/revenue" | grep -q '"orders":[1-9]'
}
await 60 bought || fail "nothing was bought within 60 s: $(cat "$tmp/replay")"

victims=(cart hub product order gateway customer payment)
kills=0
while kill -0 "$buying" 2>/dev/null && [ "$kills" -lt 15 ]; do
    sleep "0.$((RANDOM % 10))"
    victim=${victims[kills % ${#victims[@]}]}
    pid=$(pid_of "$victim")
    # Empty while it is on its way back from the last time.
    if [ -n "$pid" ] && kill -9 "$pid" 2>/dev/null; then
        echo "killed $victim ($pid)"
        kills=$((kills + 1))
    fi
done
[ "$kills" -ge ${#victims[@]} ] || fail "the replay ended before each was killed: $(cat "$tmp/replay")"

code=0
wait "$buying" || code=$?
others=
cat "$tmp/replay"
[ "$code" = 0 ] || fail "the replay ended with $code"
grep -q '^totals   equal' "$tmp/replay" || fail "the totals differ"
stop
echo "$kills kills, nothing lost, nothing twice"
