#!/usr/bin/env bash
# A hub alone, as a process: what docs/bus.md shows works as it stands there, and what was answered outlives a kill -9.
. "$(dirname "$0")/common.bash"

export HUB=http://127.0.0.1:$(free_port) TOKEN=secret
mkdir -p "$tmp/data" "$tmp/work"

hub() {
    WEFT_PORT=${HUB##*:} WEFT_DATA="$tmp/data" WEFT_TOKEN=$TOKEN "$(cat "$root/build/dist/jdk")/bin/java" -XX:+UseSerialGC \
        --enable-native-access=ALL-UNNAMED -cp "$root/build/dist/lib/*" dev.weft.hub.HubMain >"$tmp/dev.log" 2>&1 </dev/null &
    hub=$!
    others=$hub
    await 30 curl -s -f -o /dev/null "$HUB/admin/health" || fail "the hub did not start"
}

hub
awk '/^```sh/ { on = 1; print "true"; next } /^```/ { on = 0 } on' "$root/docs/bus.md" |
    sed -e 's#^curl #curl -S --fail-with-body #' >"$tmp/commands"
(cd "$tmp/work" && bash -e "$tmp/commands") >"$tmp/all" 2>&1 || fail "$(cat "$tmp/all")"
[ "$(grep -c '^true' "$tmp/commands")" -ge 7 ] || fail "blocks are missing"
said '{"accepted":1,"repeated":0}'
said '"weftid":"/sensors/7/1/0"'
said '"data":"door is open"'
said 'HTTP/1.1 204'
said '"name":"climate"'
said '{"parked":[]}'
said '{"behind":0}'

pull() { curl -s -S -f "$HUB/bus/subscriptions/climate/pull" -H "Authorization: Bearer $TOKEN" -d '{"lease_ms":100}' >"$tmp/pulled"; }
pull
case $(cat "$tmp/pulled") in *'"id":"m-1"'*'"id":"m-2"'*) ;; *) fail "the replay brought $(cat "$tmp/pulled")" ;; esac
kill -9 "$hub"
wait "$hub" 2>/dev/null
hub
pull
case $(cat "$tmp/pulled") in *'"id":"m-1"'*'"id":"m-2"'*) ;; *) fail "behind a kill came $(cat "$tmp/pulled")" ;; esac
echo "docs/bus.md holds, before and behind a kill -9"
