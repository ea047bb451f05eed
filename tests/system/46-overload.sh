#!/usr/bin/env bash
# Three services behind each other; the last can do 50 requests a second on two instances. What callers get when three times as
# many come, how many calls arrive at the last one when all of them fail there, and what an instance gets that has just started.
. "$(dirname "$0")/common.bash"

capacity=50
start "$root/tests/system/overload"

# Of the instances of back that are ready: id, process, address.
backs() {
    "$WEFT" ps --data "$tmp/data" --json | tr '{' '\n' |
        sed -n 's/.*"service":"back","instance":"\([^"]*\)","pid":\([0-9]*\),"state":"ready","address":"\([^"]*\)".*/\1 \2 \3/p'
}
two_backs() { [ "$(backs | wc -l)" = 2 ]; }
await 20 two_backs || fail "no two instances: $("$WEFT" ps --data "$tmp/data")"

now() { date +%s%3N; }
load() {
    : >"$tmp/requests"
    "$WEFT" run "$root/tests/system/faults/Load.java" "$1" "$tmp/requests" front >"$tmp/load" 2>&1 </dev/null &
    others=$!
    await 30 answered 10 || fail "no load: $(cat "$tmp/load")"
}
unload() {
    kill "$others"
    wait "$others" 2>/dev/null
    others=
}
answered() { [ "$(awk '$3 == 200' "$tmp/requests" | wc -l)" -ge "$1" ]; }

# Of the requests that began in [from, to), a line for each that has ended.
window() { awk -v from="$1" -v to="$2" '$1 >= from && $1 < to' "$tmp/requests"; }

# All requests that reached the instances of back, refused or not.
arrived() {
    local address
    backs | while read -r _ _ address; do
        curl -s -m 10 "$address/metrics" | grep '^http_server_request_duration_seconds_count{.*/back/{n}'
    done | awk '{ n += $NF } END { printf "%d\n", n }'
}

# Three times of what it can do: it goes on doing most of that.
load $((3 * capacity))
sleep 6
from=$(now)
sleep 6
to=$(now)
sleep 2.5
window "$from" "$to" | awk -v capacity="$capacity" '
    { all++; if ($3 == 200) good++ }
    END {
        printf "overload: %d of %d requests answered in 6 s, %.2f of what can be done\n", good, all, good / 6 / capacity
        if (all < 2 * 6 * capacity) { print "that was no overload"; exit 1 }
        exit (good < 0.7 * 6 * capacity)
    }' || fail "too few under overload: $(awk '{ print $3 }' "$tmp/requests" | sort | uniq -c | tr '\n' ';')"

# All calls fail at the end of three hops: hardly more arrive there than came.
tell() {
    local address
    backs | while read -r _ _ address; do
        curl -s -m 10 -X POST "$address/failing/$1" || echo "not told: $address"
    done
}
said=$(tell yes)$(two_backs || echo "an instance is away")
[ -z "$said" ] || fail "$said"
sleep 1
before=$(arrived)
from=$(now)
sleep 10
after=$(arrived)
to=$(now)
tell no
sleep 0.5
window "$from" "$to" | awk -v arrived=$((after - before)) '
    { all++ }
    END {
        printf "outage: %d calls arrived behind three hops for %d requests, %.2f for each\n", arrived, all, arrived / all
        exit (arrived > 1.25 * all)
    }' || fail "a storm: $(awk '{ print $3 }' "$tmp/requests" | sort | uniq -c | tr '\n' ';')"
unload

# An instance that has just started and is slow at first gets few of the calls.
load 15
both_answer() { [ "$(tail -n 30 "$tmp/requests" | awk '$3 == 200 { n[$4]++ } END { for (id in n) if (n[id] > 5) print id }' | wc -l)" = 2 ]; }
await 40 both_answer || fail "not both answer behind the outage: $(tail -n 30 "$tmp/requests")"
known=$(backs | cut -d ' ' -f 1)
kill -9 "$(backs | sed -n '1s/^[^ ]* \([0-9]*\) .*/\1/p')"
cold() { awk '$3 == 200 { print $1, $4 }' "$tmp/requests" | grep -v -F "$known" | head -n 1; }
started() { [ -n "$(cold)" ]; }
await 30 started || fail "the one that was killed is not back: $("$WEFT" ps --data "$tmp/data")"
read -r from id < <(cold)
sleep 4
window "$from" $((from + 3000)) | awk -v id="$id" '
    $3 == 200 { all++; if ($4 == id) its++ }
    END {
        printf "cold start: %d of %d calls in its first 3 s\n", its, all
        exit (all < 20 || its > 0.4 * all)
    }' || fail "a cold instance got too much"
unload
stop
