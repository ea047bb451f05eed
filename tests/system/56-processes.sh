#!/usr/bin/env bash
# The system that docs/processes.md builds runs: orders that are paid, refused, never answered and rejected come to their ends.
. "$(dirname "$0")/common.bash"

run_document "$root/docs/processes.md"
[ "$ran" -ge 2 ] || fail "only $ran blocks were found"
said '{"id":"ann","cakes":2,"amount":20,"stage":"paid as P-ann"}'
said '{"id":"bob","cakes":2,"amount":2000,"stage":"too-dear"}'
said '{"id":"cid","cakes":2,"amount":13,"stage":"too-late"}'
said '{"id":"dan","cakes":9,"amount":90,"stage":"oven-full"}'
said 'undo of till: answered'
said '4 set, next '
said 'OrdersTest  1 passed'
echo "$ran blocks ran; four orders came to their ends"
