# From the log into tables. Sourced by benchmarks/run; ProjectionBenchmark does the work.
#
# Replay beside JDBC by hand with the same upserts in the same commits; then how long behind an append
# its row is there, at a constant rate.

runs=${runs:-3}
seconds=${seconds:-8}
stores=${WEFT_STORES:-sqlite postgres}
events=${WEFT_EVENTS:-200000}
rate=${WEFT_RATE:-1000}
dist=$(cd -P "$root/build/dist" && pwd)

# PostgreSQL does not run as root, and its user has to come in.
chmod go+x "$work"
"$jdk/bin/java" -XX:+UseSerialGC -Xmx512m --enable-native-access=ALL-UNNAMED -cp "$(cat "$dist/classpath")" \
    "$here/src/main/java/dev/weft/benchmarks/ProjectionBenchmark.java" \
    "$work" "${stores// /,}" "$runs" "$events" "$rate" "$seconds" >"$work/figures" || die "the benchmark failed"
while IFS=$'\t' read -r run store what figure value; do
    note "$run" "$store" "$what" "$figure" "$value"
done <"$work/figures"

of() { awk -F'\t' -v store="$1" -v what="$2" -v figure="$3" '!/^#/ && $2 == store && $3 == what && $4 == figure { print $5 }' "$out" | median; }
echo "replay of $events events, one upsert each: medians of $runs rounds"
printf '%-10s %12s %12s %15s %8s %14s\n' "" "Weft a second" "JDBC" "JDBC, batches" "x JDBC" "x JDBC, batches"
for store in $stores; do
    replay=$(of "$store" replay per_s) jdbc=$(of "$store" jdbc per_s) batch=$(of "$store" jdbc-batch per_s)
    printf '%-10s %12s %12s %15s %8s %14s\n' "$store" "$replay" "$jdbc" "$batch" \
        "$(awk -v a="$replay" -v b="$jdbc" 'BEGIN { printf "%.2f", a / b }')" \
        "$(awk -v a="$replay" -v b="$batch" 'BEGIN { printf "%.2f", a / b }')"
done
echo "aim: >= 100,000 events a second"
echo
echo "behind $rate appends a second, from when each was due: medians of $runs rounds of $seconds s"
printf '%-10s %-10s %10s %10s %10s\n' "" "" "p50 us" "p99 us" "p99.9 us"
for store in $stores; do
    for what in appended visible; do
        printf '%-10s %-10s %10s %10s %10s\n' "$store" "$what" "$(of "$store" "$what" p50_us)" \
            "$(of "$store" "$what" p99_us)" "$(of "$store" "$what" p999_us)"
    done
done
echo "aim: visible within 10,000 us for 99 of 100"
