#!/usr/bin/env bash
# Every command of the README works.
. "$(dirname "$0")/common.bash"

run_document "$root/README.md"
[ "$ran" -ge 6 ] || fail "only $ran blocks were found"
said 'totals   equal'
said '"total":2.20'
said '{"orders":1,"lines":1,"units":2,"revenue":2.20}'
said 'Hello, Ann!'
said 'nobody greets himself'
said '{"count":2,"last_from":"Eve"}'
said " 1 error"
said '36 passed'
stop
echo "$ran blocks of the README ran"
