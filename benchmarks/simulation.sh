# Calls that the simulator gets through. Sourced by benchmarks/run; SimulationBenchmark does the work.

runs=${runs:-5}
seconds=${seconds:-2}
dist=$(cd -P "$root/build/dist" && pwd)

# Java runs the source file as it is: nothing but Weft itself has to be built.
"$jdk/bin/java" -Xmx512m --add-opens java.base/java.lang=ALL-UNNAMED -cp "$(cat "$dist/classpath"):$dist/lib-test/*" \
    "$here/src/main/java/dev/weft/benchmarks/SimulationBenchmark.java" "$runs" $((seconds * 1000)) \
    >"$work/figures" || die "the benchmark failed"
while IFS=$'\t' read -r run what per_s; do
    note "$run" "$what" per_s "$per_s"
done <"$work/figures"

of() { awk -F'\t' -v what="$1" '!/^#/ && $2 == what && $3 == "per_s" { print $4 }' "$out" | median; }
sleeps=$(of sleeps)
echo "medians of $runs rounds of $seconds s each"
printf '%-8s %14s %10s\n' "" "calls a second" "x sleeps"
for what in sleeps plain weft; do
    printf '%-8s %14s %10s\n' "$what" "$(of "$what")" \
        "$(awk -v a="$(of "$what")" -v b="$sleeps" 'BEGIN { printf "%.2f", a / b }')"
done
