# Appends to the event store. Sourced by benchmarks/run; EventStoreBenchmark does the work.

runs=${runs:-5}
seconds=${seconds:-3}
dist=$(cd -P "$root/build/dist" && pwd)

# Java runs the source file as it is: nothing but Weft itself has to be built.
"$jdk/bin/java" -XX:+UseSerialGC -Xmx512m --enable-native-access=ALL-UNNAMED -cp "$(cat "$dist/classpath")" \
    "$here/src/main/java/dev/weft/benchmarks/EventStoreBenchmark.java" "$work" "$runs" $((seconds * 1000)) \
    >"$work/figures" || die "the benchmark failed"
while IFS=$'\t' read -r run what writers per_s p50 p99; do
    note "$run" "$what" "$writers" per_s "$per_s"
    note "$run" "$what" "$writers" p50_us "$p50"
    note "$run" "$what" "$writers" p99_us "$p99"
done <"$work/figures"

of() { awk -F'\t' -v what="$1" -v writers="$2" -v figure="$3" '!/^#/ && $2 == what && $3 == writers && $4 == figure { print $5 }' "$out" | median; }
overwrite=$(of sync_overwrite 1 per_s)
append=$(of sync_append 1 per_s)
times() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
echo "medians of $runs rounds of $seconds s each"
printf '%-16s %8s %10s %8s %8s %18s %16s\n' "" writers "a second" "p50 us" "p99 us" "x sync, overwrite" "x sync, append"
while read -r what writers; do
    rate=$(of "$what" "$writers" per_s)
    printf '%-16s %8s %10s %8s %8s %18s %16s\n' "$what" "$writers" "$rate" "$(of "$what" "$writers" p50_us)" \
        "$(of "$what" "$writers" p99_us)" "$(times "$rate" "$overwrite")" "$(times "$rate" "$append")"
done <<'ROWS'
sync_overwrite 1
sync_append 1
append 1
append 8
append 64
ROWS
echo "aim: 64 writers >= 8 x the sync rate"
