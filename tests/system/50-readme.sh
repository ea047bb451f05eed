#!/usr/bin/env bash
# Every command of the README works: its sh blocks are run in order, on ports and data of their own. A block that is
# marked "long" starts a system that runs until the end; a java block is a file that a person would write.
. "$(dirname "$0")/common.bash"

work=$tmp/work
mkdir "$work"
ln -s "$root/examples" "$work/examples"
ln -s "$WEFT" "$work/weft"

# $tmp/block-N.KIND for each fenced block, $tmp/work/FILE for each java block.
awk -v folder="$tmp" '
    /^```(sh|java)/ { n++; out = $1 == "```java" ? folder "/work/" $2 : folder "/block-" n "." ($2 == "" ? "sh" : $2); next }
    /^```/ { if (out != "") close(out); out = ""; next }
    out != "" { print > out }' "$root/README.md"

ran=0
for block in $(ls "$tmp" | grep '^block-' | sort -t - -k 2 -n); do
    case $block in
        *.long)
            read -r command dev_word folder <"$tmp/$block"
            equal "the long command" "./weft dev" "$command $dev_word"
            start "$root/$folder"
            ;;
        *)
            if [ "$(cat "$tmp/$block")" = ./verify ]; then
                [ -x "$root/verify" ] || fail "there is no ./verify"
                continue # It is what runs this.
            fi
            own=$(free_port)
            sed -e "s#localhost:8080#${WEFT_GATEWAY#http://}#" -e "s#8081#$own#; s#8082#$own#" \
                -e 's#^curl #curl -sS --fail-with-body #' "$tmp/$block" >"$tmp/commands"
            # "ann" greets herself in one of them, which is refused.
            (cd "$work" && bash "$tmp/commands") >"$tmp/out" 2>&1 </dev/null || fail "$(cat "$tmp/commands" "$tmp/out")"
            ! grep -q '"status":5' "$tmp/out" || fail "$(cat "$tmp/commands" "$tmp/out")"
            cat "$tmp/out" >>"$tmp/all"
            ;;
    esac
    ran=$((ran + 1))
done
[ "$ran" -ge 6 ] || fail "only $ran blocks were found"

said() { grep -q -F -- "$1" "$tmp/all" || fail "expected '$1' in $(cat "$tmp/all")"; }
said 'totals   equal'
said '"total":2.20'
said '{"orders":1,"lines":1,"units":2,"revenue":2.20}'
said 'Hello, Ann!'
said 'nobody greets himself'
said '{"count":2,"last_from":"Eve"}'
stop
echo "$ran blocks of the README ran"
