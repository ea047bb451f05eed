#!/usr/bin/env bash
# The shop on PostgreSQL, on a server that Weft runs: customers buy while services and that server are killed at random moments;
# nothing is lost and nothing happens twice. Then the same data again, all services in one process; and what keeps it from starting.
# SEED=N repeats the choices of a run; WEFT_RETAIL names another file, LINES how much of it is bought.
. "$(dirname "$0")/common.bash"
. "$root/build-tools/jdk.sh"

RANDOM=${SEED:=$RANDOM}
echo "SEED=$SEED"
file=${WEFT_RETAIL:-$root/examples/shop/sample.csv.gz}
# The server does not run as root, but as somebody who has to find his way in.
chmod 711 "$tmp"

start "$root/examples/shop" --profile postgres
grep -q '^data in postgresql://127.0.0.1:[0-9]*/postgres, a schema for each service$' "$tmp/dev.log" || fail "where are the data?"
replay "$file" --lines "${LINES:-1500}" --rate "${RATE:-150}" >"$tmp/replay" 2>&1 </dev/null &
buying=$!
others=$buying

bought() { curl -s -m 5 "$WEFT_GATEWAY/reports/revenue" | grep -q '"orders":[1-9]'; }
await 60 bought || fail "nothing was bought within 60 s: $(cat "$tmp/replay")"

victims=(postgres cart postgres product postgres hub customer postgres)
kills=0
while kill -0 "$buying" 2>/dev/null && [ "$kills" -lt "${KILLS:-8}" ]; do
    sleep "0.$((RANDOM % 10))"
    victim=${victims[kills % ${#victims[@]}]}
    pid=$(pid_of "$victim")
    [ -n "$pid" ] || continue # On its way back from the last time.
    # Every second time the server goes at once with all of its helpers: SIGQUIT is its immediate shutdown.
    signal=KILL
    [ "$victim" != postgres ] || [ $((kills % 4)) = 0 ] || signal=QUIT
    if kill -s "$signal" "$pid" 2>/dev/null; then
        echo "killed $victim ($pid, SIG$signal)"
        kills=$((kills + 1))
    fi
done
[ "$kills" -ge ${#victims[@]} ] || fail "the replay ended after $kills kills: $(cat "$tmp/replay")"
code=0
wait "$buying" || code=$?
others=
cat "$tmp/replay"
[ "$code" = 0 ] || fail "the replay ended with $code: $(cat "$tmp/replay")"
grep -q '^totals   equal' "$tmp/replay" || fail "the totals differ"
ask GET /reports/revenue; is 200; revenue=$body

# Bytes in a column, and an effect that writes them twice does no harm.
jdk_find || fail "no JDK"
mkdir "$tmp/pictures"
printf '\211PNG\r\n\032\n' >"$tmp/pictures/cup.png"
pictures=$(free_port)
"$jdk/bin/java" -m jdk.httpserver -b 127.0.0.1 -p "$pictures" -d "$tmp/pictures" >"$tmp/pictures.log" 2>&1 &
others="$others $!"
answers() { curl -s -o /dev/null "http://127.0.0.1:$pictures/cup.png"; }
await 20 answers || fail "the picture server did not start: $(cat "$tmp/pictures.log")"
ask POST /products "{\"id\":\"P1\",\"title\":\"Cup\",\"price\":5,\"photo\":\"http://127.0.0.1:$pictures/cup.png\"}"; is 201
settle
ask GET /products/P1/photo; is 200
cmp "$tmp/body" "$tmp/pictures/cup.png" || fail "another picture came back"

# The server is one of the system's processes, and its password is nowhere but in its file and in environments.
"$WEFT" ps --data "$tmp/data" >"$tmp/ps" || fail "weft ps: $(cat "$tmp/ps")"
grep -q '^postgres .* ready .* postgresql://127.0.0.1:[0-9]*/postgres$' "$tmp/ps" || fail "weft ps: $(cat "$tmp/ps")"
"$WEFT" logs postgres --data "$tmp/data" >"$tmp/logs" || fail "weft logs: $(cat "$tmp/logs")"
grep -q 'database system is ready' "$tmp/logs" || fail "weft logs postgres: $(cat "$tmp/logs")"
"$WEFT" traces --data "$tmp/data" --json >"$tmp/traces" || fail "weft traces: $(cat "$tmp/traces")"
password=$(cat "$tmp/data/postgres/password")
[ "${#password}" = 32 ] || fail "no password of 32 digits"
for place in "$tmp/ps" "$tmp/traces" "$tmp/dev.log" "$tmp/data/system.json" "$tmp/data/logs" "$tmp/data/hub-postgres-own" /proc/[0-9]*/cmdline; do
    ! grep -r -q -a -s -e "$password" "$place" || fail "the password stands in $place"
done
stop
grep -q 'received fast shutdown request' "$tmp/data/logs/postgres.log" || fail "the server was not told to end"
grep -q 'database system is shut down' "$tmp/data/logs/postgres.log" || fail "the server did not end by itself"

# The same data, in one process.
start "$root/examples/shop" --profile postgres --together
ask GET /reports/revenue; is 200; equal "what was bought" "$revenue" "$body"
ask POST /customers '{"id":"late","name":"Eve","country":"France"}' 'Idempotency-Key: late'; is 201
eve=$(header Weft-Receipt)
pid=$(pid_of postgres)
kill -9 "$pid" || fail "no server to kill"
again() { [ -n "$(pid_of postgres)" ] && [ "$(pid_of postgres)" != "$pid" ]; }
await 20 again || fail "the server was not started again"
late() { ask POST /customers '{"id":"late","name":"Eve","country":"France"}' 'Idempotency-Key: late'; [ "$status" = 201 ]; }
await 20 late || fail "the customer is not kept with the new server"
ask GET /carts/late '' "Weft-After: $eve"; is 200
stop

refused() {
    ! "$WEFT" dev "$root/examples/shop" --no-watch --data "$tmp/data" --port "$(free_port)" --admin-port "$(free_port)" \
        --profile "$1" >"$tmp/refused" 2>&1 </dev/null || fail "it started: $(cat "$tmp/refused")"
    grep -q -F -- "$2" "$tmp/refused" || fail "no '$2' in: $(cat "$tmp/refused")"
    ! grep -q -e secret -e "$password" "$tmp/refused" || fail "a password is told: $(cat "$tmp/refused")"
}
refused postgers 'did you mean "postgres"?'
WEFT_POSTGRES=postgresql://weft:secret@127.0.0.1:1/shop refused postgres 'cannot be reached; start the server'
WEFT_POSTGRES=mysql://weft:secret@127.0.0.1:1/shop refused postgres 'postgresql://USER:PASSWORD@HOST:PORT/DATABASE'
echo 9 >"$tmp/data/postgres/data/PG_VERSION"
refused postgres 'the data were made by PostgreSQL 9; installed is'
echo "$kills kills, nothing lost, nothing twice"
