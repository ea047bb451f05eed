#!/usr/bin/env bash
# One of three instances is killed, one hangs, the hub is away, all are replaced, while requests come at a steady rate, half of
# them over a second service: how many are answered, and that those that come back get requests again.
# Runs alone: each has two seconds. RATE names how many requests a second.
. "$(dirname "$0")/common.bash"

RATE=${RATE:-100}
start "$root/tests/system/faults"
scenarios=()
control=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' "$tmp/data/system.json")

# The supervisor itself is asked, for the hub may be away.
supervisor() { curl -s -S -m 20 -H "Authorization: Bearer $token" "$@"; }
processes() {
    supervisor "$control/admin/processes" | tr '}' '\n' | grep "\"service\":\"$1\"" |
        sed -n 's/.*"instance":"\([^"]*\)".*"pid":\([0-9]*\).*/\1 \2/p'
}
pid_of() { processes back | sed -n "s/^$1 //p"; }
instances() { processes back | cut -d ' ' -f 1; }
now() { date +%s%3N; }

# Of the requests that began in [from, to), a line for each that has ended.
window() { awk -v from="$1" -v to="$2" '$1 >= from && $1 < to' "$tmp/requests"; }
ended() { [ "$(awk -v to="$1" '$1 + $5 >= to' "$tmp/requests" | wc -l)" -ge 5 ]; }
answered_by() { [ "$(window "$2" 9999999999999 | awk -v by="$1" '$3 == 200 && $4 == by' | wc -l)" -ge 3 ]; }
all_answered_by() {
    local each
    for each in $1; do answered_by "$each" "$2" || return 1; done
}

scenario() { scenarios+=("$1|$2|$3|$4"); }

# What became of the requests between two moments; at least so many of 10,000 have to be answered.
share() {
    local what=$1 from=$2 to=$3 least=$4
    window "$from" "$to" >"$tmp/window"
    awk -v what="$what" -v least="$least" '
        { all++; n[$2]++; if ($3 == 200) { well++; good[$2]++ } if ($5 > most) most = $5 }
        END {
            if (!all) { print what ": no requests"; exit 1 }
            printf "%-22s %5.2f %% of %d answered (front %d/%d, back %d/%d), the slowest in %d ms\n", what, 100 * well / all,
                all, good["front"], n["front"], good["back"], n["back"], most
            exit (10000 * well < least * all)
        }' "$tmp/window" || fail "too few of: $(awk '$3 != 200 { print $2, $3 }' "$tmp/window" | sort | uniq -c | tr '\n' ';')"
}

"$WEFT" run "$root/tests/system/faults/Load.java" "$RATE" "$tmp/requests" front back >"$tmp/load" 2>&1 </dev/null &
others=$!
: >"$tmp/requests"
warm() { [ "$(tail -n 300 "$tmp/requests" | awk '$3 == 200 && $5 < 200' | wc -l)" = 300 ]; }
await 30 warm || fail "not warm: $(tail -n 20 "$tmp/requests") $(cat "$tmp/load")"

before=$(instances)
victim=$(echo "$before" | head -n 1)
from=$(now)
kill -9 "$(pid_of "$victim")"
replaced() { [ "$(instances | sort)" != "$(echo "$before" | sort)" ] && all_answered_by "$(instances)" "$from"; }
await 20 replaced || fail "the killed instance is not back: $(processes back)"
scenario "kill -9 of one" "$from" "$(now)" 9900

victim=$(instances | head -n 1)
pid=$(pid_of "$victim")
from=$(now)
kill -STOP "$pid"
sleep 5
kill -CONT "$pid"
to=$(now)
scenario "one hangs for 5 s" "$from" "$to" 9900
back=$to

# It hangs first, and is killed then: the supervisor starts it again.
from=$(now)
pid=$(processes hub | sed 's/.* //')
kill -STOP "$pid"
sleep 10
kill -9 "$pid"
hub_is_back() { supervisor "$WEFT_ADMIN/admin/services" 2>/dev/null | grep -q '"service":"back"'; }
await 20 hub_is_back || fail "the hub is not back: $(processes hub)"
scenario "the hub away for 10 s" "$from" "$(now)" 10000
await 20 answered_by "$victim" "$back" || fail "the one that hung gets no requests"

from=$(now)
before=$(instances)
supervisor -X POST "$control/admin/processes/back/restart" >"$tmp/restart" || fail "$(cat "$tmp/restart")"
for each in $before; do
    ! instances | grep -q "$each" || fail "$each was not replaced: $(cat "$tmp/restart")"
done
await 20 all_answered_by "$(instances)" "$from" || fail "not all of $(instances) get requests"
scenario "a rolling replacement" "$from" "$(now)" 10000

await 10 ended $(($(now) + 2100)) || fail "no requests any more"
for each in "${scenarios[@]}"; do
    IFS='|' read -r what from to least <<<"$each"
    share "$what" "$from" "$to" "$least"
done
stop
