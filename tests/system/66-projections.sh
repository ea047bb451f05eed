#!/usr/bin/env bash
# A projection's tables are rebuilt beside the live ones, compared, swapped and taken back while requests go on; then its code
# changes with its version, and the new tables are there when the new code answers.
. "$(dirname "$0")/common.bash"

cp -r "$root/tests/system/projections" "$tmp/system"
unwatched=
start "$tmp/system"

read_meter() { ask POST "/reads/$1" "{\"number\":$2}" && is 201; }
sum() { ask GET "/sums/$1" && [ "$status" = 200 ] && [ "$body" = "{\"sum\":$2}" ]; }
projections() { "$WEFT" projections "$@" --data "$tmp/data" >"$tmp/said" 2>&1; }
said() { grep -q -- "$1" "$tmp/said" || fail "no '$1' in: $(cat "$tmp/said")"; }

read_meter a 1; read_meter b 5; read_meter a 2
settle
sum a 3 || fail "the first sum"
projections list || fail "$(cat "$tmp/said")"
said 'meter  *sums  *1  *1  *live  *3/3  *sums, reading'

# Damaged, it is found and mended, taken back, and mended again.
ask POST /damages/a && is 200
projections rebuild meter.sums || fail "$(cat "$tmp/said")"
sum a -1 || fail "a rebuild changed the live table"
! projections compare meter.sums || fail "nothing differs"
said 'sums: 2 rows live, 2 rebuilt, 1 differ'
said 'id=a: data {"sum":-1} → {"sum":3}'
said 'reading: 3 rows live, 3 rebuilt, none differ'
read_meter b 1
projections swap meter.sums || fail "$(cat "$tmp/said")"
settle
sum a 3 && sum b 6 || fail "after the swap"
projections undo meter.sums || fail "$(cat "$tmp/said")"
settle
sum a -1 && sum b 6 || fail "after the undo"
projections swap meter.sums || fail "$(cat "$tmp/said")"
projections list && said 'kept' && said 'live'
projections drop meter.sums || fail "$(cat "$tmp/said")"
! projections undo meter.sums || fail "undone with nothing kept"
! projections rebuild meter.nobody || fail "rebuilt what is not there"
said 'there is no projection meter.nobody'

# New code, while requests go on: each answer is of the old tables or of the new ones, none is missing.
(
    while [ ! -e "$tmp/enough" ]; do
        curl -s -m 10 "$WEFT_GATEWAY/sums/b" || echo "no answer"
        echo
    done
) >"$tmp/answers" &
asking=$!
others="$others $asking"
sed -i.before 's/VERSION = 1/VERSION = 2/; s/FACTOR = 1/FACTOR = 10/' "$tmp/system/meter/Meter.java"
await 60 sum b 60 || fail "not rebuilt: $(projections list; cat "$tmp/said")"
touch "$tmp/enough"
wait "$asking"
others=
[ "$(LC_ALL=C sort -u "$tmp/answers" | tr -d '\n')" = '{"sum":60}{"sum":6}' ] || fail "answers: $(sort "$tmp/answers" | uniq -c)"
read_meter a 4
settle
sum a 70 || fail "the new tables do not go on"
projections list
said 'meter  *sums  *3  *2  *live'
said 'meter  *sums  *2  *1  *kept'
stop
