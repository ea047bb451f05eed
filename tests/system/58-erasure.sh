#!/usr/bin/env bash
# The club of docs/personal-data.md runs, and forgets a member for ever: also behind a restart, and on disk.
. "$(dirname "$0")/common.bash"

run_document "$root/docs/personal-data.md"
[ "$ran" -ge 2 ] || fail "only $ran blocks were found"
said '[{"name":"Ann","town":"Lyon"},{"name":"Bob","town":"Bern"}]'
said 'members: erased'
said 'bus: erased'
said '[{"name":"a former member","town":"Lyon"},{"name":"Bob","town":"Bern"}]'
said 'members: erased before'
ask POST /members '{"id":"4711","name":"Ann","town":"Lyon"}'
is 409
stop
start "$tmp/work/club"
ask GET /members
is 200
has '[{"name":"a former member","town":"Lyon"},{"name":"Bob","town":"Bern"}]'

# Who is away is named, and erased when it is there again.
code=0
"$WEFT" erase 4712 --service nobody --data "$tmp/data" --yes >"$tmp/out" 2>&1 || code=$?
equal "the exit code for a service that is not there" 1 "$code"
"$WEFT" erase 4712 --service members --data "$tmp/data" --yes >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
equal "what it says" "members: erased" "$(cat "$tmp/out")"
ask GET /members
has '{"name":"a former member","town":"Bern"}'
echo "$ran blocks ran; who is erased stays erased"
