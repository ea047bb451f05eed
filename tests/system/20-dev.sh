#!/usr/bin/env bash
# A system is started, looked at, hurt, changed and stopped in every way; nothing is left behind.
set -u

away=$(mktemp -d)
port=$((${WEFT_TEST_PORTS:-20000} + RANDOM % 2900 * 2))
admin=$((port + 1))
dev=
export HOME=$away/home
mkdir -p "$HOME" "$away/shop/hello"
cleanup() {
    [ -z "$dev" ] || kill -9 "$dev" 2>/dev/null
    "$WEFT" down -C "$away/shop" >/dev/null 2>&1
    rm -rf "$away"
}
trap cleanup EXIT

fail() {
    echo "$*"
    echo "--- what weft dev said"
    cat "$away/dev.log" 2>/dev/null
    exit 1
}

expect() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# Tries a command until it succeeds; at most 60 s.
eventually() {
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || fail "not within 60 s: $what"
        sleep 0.1
    done
}

hello() {
    cat >"$away/shop/hello/Hello.java" <<EOF
import module dev.weft.app;
void main(String... args) {
    Weft.run(App.named("hello").routes(Routes.of(Route.get("/hello", it -> Response.text("$1")))), args);
}
EOF
}

get() {
    "$WEFT" call -C "$away/shop" GET "$1" 2>/dev/null
}

says() {
    [ "$(get /hello)" = "$1" ]
}

in_log() {
    grep -q -- "$1" "$away/dev.log"
}

# Every process that runs with this test's folder in its arguments or as its working folder.
left() {
    local pid
    for pid in /proc/[0-9]*; do
        pid=${pid#/proc/}
        [ "$pid" = $$ ] && continue
        case $({ tr '\0' ' ' <"/proc/$pid/cmdline"; readlink "/proc/$pid/cwd"; } 2>/dev/null) in
            *20-dev.sh*) ;;
            *"$away"*) echo "$pid" ;;
        esac
    done
}

nothing_left() {
    [ -z "$(left)" ]
}

start() {
    # The process may take a while to begin; what the last one said is not its own.
    : >"$away/dev.log"
    # Without job control, a shell has its background processes ignore SIGINT.
    set -m
    "$WEFT" dev "$away/shop" --port "$port" --admin-port "$admin" "$@" >"$away/dev.log" 2>&1 </dev/null &
    dev=$!
    set +m
    eventually "ready" in_log "^ready in [0-9]* ms"
}

ended() {
    ! kill -0 "$dev"
}

gone() {
    eventually "$1 ends weft dev" ended
    wait "$dev" 2>/dev/null
    code=$?
    dev=
    [ -d /proc/self ] || return 0
    eventually "nothing left after $1" nothing_left
}

pid_of() {
    "$WEFT" ps -C "$away/shop" --json | tr '{' '\n' | sed -n 's/.*"service":"'"$1"'".*"pid":\([0-9]*\),"state":"ready".*/\1/p'
}

: >"$away/shop/weft.yml"
: >"$away/shop/hello/service.yml"

# Errors in files and ports are told with their place, and nothing starts.
echo "instancs: 2" >"$away/shop/hello/service.yml"
code=0
"$WEFT" dev "$away/shop" >"$away/dev.log" 2>&1 || code=$?
expect "exit code of a broken service.yml" 1 "$code"
in_log 'service.yml:1: unknown key "instancs"; did you mean "instances"?' || fail "no line named"
: >"$away/shop/hello/service.yml"

hello 'unfinished'
sed -i.bak 's/Response/Respons/' "$away/shop/hello/Hello.java" && rm -f "$away/shop/hello/Hello.java.bak"
code=0
"$WEFT" dev "$away/shop" --port "$port" --admin-port "$admin" >"$away/dev.log" 2>&1 || code=$?
expect "exit code of a compile error" 1 "$code"
in_log 'Hello.java:3: error:' || fail "no place of the compile error"
nothing_left || fail "a failed start left $(left)"

echo 'void main() throws Exception { Thread.sleep(100_000); }' >"$away/shop/hello/Hello.java"
echo "ready_timeout: 1s" >"$away/shop/hello/service.yml"
code=0
"$WEFT" dev "$away/shop" --port "$port" --admin-port "$admin" >"$away/dev.log" 2>&1 || code=$?
expect "exit code of a service that never becomes ready" 1 "$code"
in_log 'hello never became ready: it was not ready within 1 s' || fail "not told who is not ready"
nothing_left || fail "a failed start left $(left)"
: >"$away/shop/hello/service.yml"

# A command is run when all is ready; its code is ours. What cannot have been meant is told before.
hello one
echo "calls: {helo: {timeout: 1s}}" >"$away/shop/hello/service.yml"
code=0
"$WEFT" dev "$away/shop" --port "$port" --admin-port "$admin" \
    --then "echo \"gateway \$WEFT_GATEWAY\"; \"$WEFT\" call GET /hello; exit 7" >"$away/then.log" 2>"$away/dev.log" || code=$?
expect "exit code of --then" 7 "$code"
in_log 'service.yml:1: calls: there is no service helo; did you mean hello?' || fail "no warning of a misspelt service"
: >"$away/shop/hello/service.yml"
grep -q "^gateway http://127.0.0.1:$port\$" "$away/then.log" || fail "no WEFT_GATEWAY: $(cat "$away/then.log")"
grep -q "^one\$" "$away/then.log" || fail "the command could not call: $(cat "$away/then.log")"
nothing_left || fail "--then left $(left)"

# Alive: processes, calls, logs.
start
says one || fail "no answer through the gateway: $(get /hello)"
case $("$WEFT" ps -C "$away/shop" --json) in
    \[*'"service":"hub"'*'"service":"gateway"'*'"service":"hello"'*\]) ;;
    *) fail "ps --json: $("$WEFT" ps -C "$away/shop" --json)" ;;
esac
"$WEFT" logs hello -C "$away/shop" | grep -q 'hello *| .*listens on' || fail "no log: $("$WEFT" logs -C "$away/shop")"
code=0
"$WEFT" dev "$away/shop" --port $((port + 2)) --admin-port $((port + 3)) >"$away/second.log" 2>&1 || code=$?
expect "exit code of a second one on the same data" 1 "$code"
grep -q "another supervisor (process " "$away/second.log" || fail "$(cat "$away/second.log")"
code=0
"$WEFT" dev "$away/shop" --data "$away/other" --port "$port" --admin-port $((port + 3)) >"$away/second.log" 2>&1 || code=$?
expect "exit code of a busy port" 1 "$code"
grep -q "port $port for the gateway is in use" "$away/second.log" || fail "$(cat "$away/second.log")"
for ports in "70000 $admin" "$((port + 2)) $((port + 2))"; do
    code=0
    "$WEFT" dev "$away/shop" --data "$away/other" --port "${ports% *}" --admin-port "${ports#* }" >"$away/second.log" 2>&1 ||
        code=$?
    expect "exit code of the ports $ports" 1 "$code"
    grep -q "^weft: .*port.*${ports% *}" "$away/second.log" || fail "$(cat "$away/second.log")"
done

# A crash is mended.
first=$(pid_of hello)
kill -9 "$first"
eventually "the service is back" says one
eventually "a new process" in_log "hello ended by itself with SIGKILL"
[ "$(pid_of hello)" != "$first" ] || fail "the same process?"

# A saved file replaces the service without an error in between.
rm -f "$away/stop" "$away/errors"
(
    while [ ! -e "$away/stop" ]; do
        "$WEFT" call -C "$away/shop" GET /hello >/dev/null 2>"$away/call.err" || cat "$away/call.err" >>"$away/errors"
    done
) &
caller=$!
hello two
eventually "the new version answers" says two
touch "$away/stop"
wait "$caller"
[ ! -s "$away/errors" ] || fail "calls failed during the replacement: $(cat "$away/errors")"

# What does not compile leaves the running version alone, and says so.
sed -i.bak 's/Response/Respons/' "$away/shop/hello/Hello.java" && rm -f "$away/shop/hello/Hello.java.bak"
eventually "it is told" in_log "hello: not replaced, the old version keeps running"
eventually "with its place" in_log "Hello.java:3: error:"
says two || fail "the old version is gone"
hello three
eventually "it goes on from there" says three

# Every end ends everything.
kill -INT "$dev"
gone "SIGINT"
expect "exit code of SIGINT" 130 "$code"
[ ! -e "$away/shop/.weft/system.json" ] || fail "system.json is still there"

start
kill -HUP "$dev"
gone "SIGHUP"
expect "exit code of SIGHUP" 129 "$code"

start
"$WEFT" down "$away/shop" >"$away/down.log" 2>&1 || fail "down: $(cat "$away/down.log")"
gone "weft down"
expect "exit code behind weft down" 0 "$code"
in_log '^weft: stopped by weft down (process ' || fail "not told who stopped it"

start
kill -9 "$dev"
gone "SIGKILL"

# In one JVM it is the same.
start --together
says three || fail "together: $(get /hello)"
"$WEFT" ps -C "$away/shop" | grep -q '^hello .* ready ' || fail "together: $("$WEFT" ps -C "$away/shop")"
hello four
eventually "replaced in one JVM" says four
kill -TERM "$dev"
gone "SIGTERM"

# In the background.
"$WEFT" up "$away/shop" --port "$port" --admin-port "$admin" >"$away/up.log" 2>&1 || fail "up: $(cat "$away/up.log")"
says four || fail "up: $(get /hello)"
"$WEFT" down "$away/shop" >/dev/null || fail "down"
[ ! -d /proc/self ] || nothing_left || fail "weft down left $(left)"
grep -q '^weft: stopped by weft down (process ' "$away/shop/.weft/logs/system.log" || fail "not told who stopped it"
code=0
"$WEFT" ps -C "$away/shop" >"$away/out" 2>&1 || code=$?
expect "exit code of ps without a system" 1 "$code"

# One file alone.
cat >"$away/Once.java" <<'EOF'
void main(String... args) {
    IO.println("hello " + String.join(" ", args));
    System.exit(args.length);
}
EOF
code=0
out=$(cd "$away" && "$WEFT" run Once.java a --b) || code=$?
expect "weft run's output" "hello a --b" "$out"
expect "weft run's exit code" 2 "$code"

echo ok
