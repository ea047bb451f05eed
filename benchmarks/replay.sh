# Replay. Sourced by benchmarks/run.
#
# The physical limit beside it is the CPU: what all processes used of what the machine had. The
# program that replays shares the cores with the shop; its share is listed.

runs=${runs:-1}
[ -r "${WEFT_RETAIL:-}" ] || die "name the file to replay: WEFT_RETAIL=FILE benchmarks/run replay"
lines=()
[ -z "${WEFT_LINES:-}" ] || lines=(--lines "$WEFT_LINES")

# CPU time of all processes of the shop so far.
used() {
    local pid service
    while read -r pid service; do echo "$service $(cpu_ms "$pid")"; done < <(processes)
}

for ((run = 1; run <= runs; run++)); do
    data=$work/data-$run
    start_shop "$data"
    used >"$work/before"
    machine=($(machine_ms))
    begun=$(now_ms)
    client=$(cpu_ms $$ all)
    WEFT_GATEWAY=$gateway WEFT_ADMIN=$admin "$weft" run "$shop/Replay.java" "$WEFT_RETAIL" "${lines[@]}" \
        >"$work/replayed" 2>"$work/replay-errors" </dev/null
    code=$?
    wall=$(($(now_ms) - begun))
    client=$(($(cpu_ms $$ all) - client))
    machine_after=($(machine_ms))
    used >"$work/after"
    grep -E "^(lines|time|skipped|totals) " "$work/replayed"
    [ "$code" = 0 ] || { tail -n 20 "$work/replay-errors"; echo "the replay ended with exit code $code"; }
    note "$run" replay exit_code "$code"
    note "$run" replay wall_s "$(awk -v t=$wall 'BEGIN { print t / 1000 }')"
    note "$run" replay lines "$(sed -n 's/^lines *\([0-9,]*\).*/\1/p' "$work/replayed" | tr -d ,)"
    note "$run" replay seconds "$(sed -n 's/^time *\([0-9,.]*\) s.*/\1/p' "$work/replayed" | tr -d ,)"
    note "$run" replay lines_per_s "$(sed -n 's/^time.* s, *\([0-9,]*\) lines.*/\1/p' "$work/replayed" | tr -d ,)"
    note "$run" replay retries "$(sed -n 's/^time.*, *\([0-9,]*\) retries.*/\1/p' "$work/replayed" | tr -d ,)"
    note "$run" replay equal "$(grep -c '^totals *equal' "$work/replayed")"
    while read -r service ms; do
        note "$run" "$service" cpu_s "$(awk -v a="$ms" -v b="$(awk -v s="$service" '$1 == s { print $2 }' "$work/before")" 'BEGIN { printf "%.1f", (a - b) / 1000 }')"
    done <"$work/after"
    note "$run" replay-program cpu_s "$(awk -v t=$client 'BEGIN { printf "%.1f", t / 1000 }')"
    note "$run" machine cpu_s "$(awk -v a=$((machine_after[0] - machine[0])) 'BEGIN { printf "%.1f", a / 1000 }')"
    note "$run" machine idle_s "$(awk -v a=$((machine_after[1] - machine[1])) 'BEGIN { printf "%.1f", a / 1000 }')"
    note "$run" machine stolen_s "$(awk -v a=$((machine_after[2] - machine[2])) 'BEGIN { printf "%.1f", a / 1000 }')"
    while read -r pid service; do
        note "$run" "$service" rss_mb "$(memory_mb "$pid" Rss)"
    done < <(processes)
    for file in "$data"/*.db; do
        base=${file##*/}
        note "$run" "${base%.db}" disk_mb "$(du -cm "$file"* | tail -n 1 | cut -f1)"
    done
    [ ! -d "$data/logs" ] || note "$run" logs disk_mb "$(du -sm "$data/logs" | cut -f1)"
    stop_shop
done

of() { awk -F'\t' -v what="$1" -v figure="$2" '!/^#/ && $2 == what && $3 == figure { print $4 }' "$out" | median; }
echo
bought=$(of replay lines)
echo "lines/s $(of replay lines_per_s); $(of replay seconds) s for $bought lines (the whole file of 397,884: aim <= 360 s, 1,105 lines/s)"
echo "machine: $(of machine cpu_s) s of CPU on $(nproc) cores, $(of machine idle_s) s idle, $(of machine stolen_s) s taken by its host"
printf '%-16s %8s %10s %10s %10s\n' "" "CPU s" "us/line" "RSS MB" "disk MB"
for what in cart product customer order payment gateway hub supervisor replay-program logs; do
    printf '%-16s %8s %10s %10s %10s\n' "$what" "$(of "$what" cpu_s)" \
        "$(awk -v a="$(of "$what" cpu_s)" -v b="$bought" 'BEGIN { if (a == "-" || b == "-") print "-"; else printf "%.0f", a * 1e6 / b }')" \
        "$(of "$what" rss_mb)" "$(of "$what" disk_mb)"
done
