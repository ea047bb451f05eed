# What the tests of running systems share; sourced. Needs bash and curl, and WEFT naming the launcher.
#
#   start DIR [OPTIONS]     runs "weft dev" with free ports and data of its own, returns when it is ready
#                           (with unwatched= it looks out for changed sources)
#   stop                    ends it as Ctrl-C would, and requires that no process is left
#   ask METHOD PATH [BODY [HEADER...]]    sets status, body, headers; says what it was in failures
#   pid_of SERVICE          prints the process id of one that is ready
#   is STATUS               requires the status of the last answer
#   has TEXT / header NAME  requires text in its body / prints a header of it
set -u
: "${WEFT:?names the launcher}"

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tmp=$(mktemp -d)
dev=
others=
unwatched=--no-watch
status= body= asked=

fail() {
    echo "FAILED: $*"
    if [ -n "$asked" ]; then
        echo "  last request: $asked"
        echo "  answered $status: $body"
    fi
    if [ -s "$tmp/dev.log" ]; then
        echo "--- the end of what weft dev printed"
        tail -n 40 "$tmp/dev.log"
    fi
    exit 1
}

on_exit() {
    local code=$?
    trap - EXIT
    local pid
    for pid in $others; do
        kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    if [ -n "$dev" ]; then
        kill -TERM "$dev" 2>/dev/null
        await 20 gone || kill -9 -- "-$dev" 2>/dev/null
    fi
    rm -rf "$tmp"
    exit "$code"
}
trap on_exit EXIT

# Runs the command again until it succeeds, at most so many seconds.
await() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

free_port() {
    local port
    while :; do
        port=$((${WEFT_TEST_PORTS:-20000} + RANDOM % 6000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

gone() { ! kill -0 "$dev" 2>/dev/null; }
ready_or_gone() { grep -q '^ready in ' "$tmp/dev.log" || gone; }

start() {
    local folder=$1 port admin_port
    shift
    port=$(free_port)
    admin_port=$(free_port)
    export WEFT_GATEWAY=http://127.0.0.1:$port WEFT_ADMIN=http://127.0.0.1:$admin_port
    : >"$tmp/dev.log"
    # A job of its own, because a job in the background would ignore the interrupt.
    set -m
    "$WEFT" dev "$folder" $unwatched --data "$tmp/data" --port "$port" --admin-port "$admin_port" "$@" \
        >"$tmp/dev.log" 2>&1 </dev/null &
    dev=$!
    set +m
    await 120 ready_or_gone || fail "weft dev was not ready within 120 s"
    ! gone || fail "weft dev ended"
    token=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' "$tmp/data/system.json")
}

# All processes of the system: they run with its data folder in their command line or environment.
left() {
    local process
    for process in /proc/[0-9]*; do
        if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -q -F "$tmp/data"; then
            echo "${process#/proc/} $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null | cut -c1-150)"
        fi
    done
}
none_left() { [ -z "$(left)" ]; }

stop() {
    kill -INT -- "-$dev"
    await 30 gone || fail "weft dev did not end within 30 s of an interrupt"
    dev=
    if [ -d /proc/self ]; then
        await 5 none_left || fail "processes are left: $(left)"
    fi
}

ask() {
    local method=$1 path=$2 data=${3-}
    local arguments=(-s -S -m 30 -X "$method" -o "$tmp/body" -D "$tmp/headers" -w '%{http_code}')
    [ "$#" -lt 3 ] || [ -z "$data" ] || arguments+=(-H 'Content-Type: application/json' --data-binary "$data")
    shift $(($# < 3 ? $# : 3))
    local each
    for each in "$@"; do arguments+=(-H "$each"); done
    asked="$method $path ${data:0:200} $*"
    : >"$tmp/body"
    status=$(curl "${arguments[@]}" "$WEFT_GATEWAY$path" 2>"$tmp/curl") || status="none ($(cat "$tmp/curl"))"
    body=$(head -c 100000 "$tmp/body" | tr -d '\0')
}

is() { [ "$status" = "$1" ] || fail "expected status $1"; }
has() { case $body in *"$1"*) ;; *) fail "expected '$1' in the answer" ;; esac; }
header() { sed -n "s/^$1: *\(.*[^[:space:]]\)[[:space:]]*\$/\1/Ip" "$tmp/headers"; }

equal() { [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"; }

# The supervisor itself is asked, for the hub may be away.
pid_of() {
    local control
    control=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' "$tmp/data/system.json")
    curl -s -m 5 -H "Authorization: Bearer $token" "$control/admin/processes" | tr '}' '\n' |
        grep "\"service\":\"$1\"" | grep '"state":"ready"' | sed -n 's/.*"pid":\([0-9]*\).*/\1/p' | head -n 1
}

settle() {
    "$WEFT" settle --data "$tmp/data" --timeout 60 >"$tmp/settle" || fail "not settled: $(cat "$tmp/settle")"
}

# Runs a document: its sh blocks in order, as a person would beside $tmp/work. A block that is marked "long" starts a
# system that runs until the end; a java or yml block with a name is a file that a person would write; one that is named
# "shop" has to stand in the shop, line by line. Sets ran to how many; $tmp/all is what they printed.
run_document() {
    local document=$1 work=$tmp/work block own line
    mkdir -p "$work" "$tmp/home"
    ln -sfn "$root/examples" "$work/examples"
    ln -sfn "$root/build" "$work/build"
    ln -sfn "$root/build-tools" "$work/build-tools"
    ln -sfn "$WEFT" "$work/weft"
    awk -v folder="$tmp" '
        /^ *```(sh|java|yml)/ {
            n++; kind = $1; sub(/^`+/, "", kind)
            out = kind == "sh" ? folder "/block-" n "." ($2 == "" ? "sh" : $2) : $2 == "shop" ? folder "/block-" n ".shop" : folder "/work/" $2
            if (out ~ "/work/.*/") { path = out; sub("/[^/]*$", "", path); system("mkdir -p " path) }
            next
        }
        /^ *```/ { if (out != "") close(out); out = ""; next }
        out != "" { print > out }' "$document"
    # What runs is found as on a machine with nothing else: by its folder, not by the environment.
    export HOME=$tmp/home PATH="$(cat "$root/build/dist/jdk")/bin:$PATH"
    ran=0
    for block in $(ls "$tmp" | grep '^block-' | sort -t - -k 2 -n); do
        case $block in
            *.long)
                read -r command dev_word folder <"$tmp/$block"
                equal "the long command" "./weft dev" "$command $dev_word"
                start "$work/$folder"
                ;;
            *.shop)
                cat "$root"/examples/shop/*/*.java | sed 's/^ *//' >"$tmp/shop"
                sed 's/^ *//' "$tmp/$block" | while IFS= read -r line; do
                    grep -q -F -- "$line" "$tmp/shop" || fail "the shop has no '$line'"
                done || exit 1
                ;;
            *)
                if [ "$(cat "$tmp/$block")" = ./verify ]; then
                    [ -x "$root/verify" ] || fail "there is no ./verify"
                    continue # It is what runs this.
                fi
                own=$(free_port)
                sed -e "s#localhost:8080#${WEFT_GATEWAY#http://}#" -e "s#8081#$own#; s#8082#$own#" \
                    -e 's#^curl #curl -sS --fail-with-body #' "$tmp/$block" >"$tmp/commands"
                # Some commands are refused, and meant to be.
                (cd "$work" && unset WEFT_GATEWAY WEFT_ADMIN && bash "$tmp/commands") >"$tmp/out" 2>&1 </dev/null ||
                    fail "$(cat "$tmp/commands" "$tmp/out")"
                ! grep -q '"status":5' "$tmp/out" || fail "$(cat "$tmp/commands" "$tmp/out")"
                cat "$tmp/out" >>"$tmp/all"
                ;;
        esac
        ran=$((ran + 1))
    done
}

said() { grep -q -F -- "$1" "$tmp/all" || fail "expected '$1' in $(cat "$tmp/all")"; }

replay() {
    "$WEFT" run "$root/examples/shop/Replay.java" "$@"
}
