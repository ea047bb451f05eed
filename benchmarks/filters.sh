# What a filter adds to a call that goes well. Sourced by benchmarks/run; FilterBenchmark does the work.
#
# JMH gives each filter JVMs of its own, with the call at the bottom not inlined. What that call
# takes alone is taken off. With two threads the filter is one for both, as in a service.

runs=${runs:-2}
seconds=${seconds:-1}
warm_up=2
build=$root/build/quick/weft-benchmarks

JAVA_HOME=$jdk mvn -q -f "$root/pom.xml" -Pbenchmarks,quick -pl benchmarks -am package >"$work/build" 2>&1 ||
    die "the build failed: $(cat "$work/build")"
for threads in 1 2; do
    "$jdk/bin/java" -cp "$(echo "$build"/weft-benchmarks-*.jar):$build/lib/*" org.openjdk.jmh.Main FilterBenchmark \
        -t "$threads" -f "$runs" -wi "$((4 * warm_up))" -i "$((4 * seconds))" -w 250ms -r 250ms -foe true \
        ${WEFT_FILTERS:+-p "filtered=NOTHING,$WEFT_FILTERS"} -prof gc -rf csv -rff "$work/csv" >"$work/jmh" 2>&1 ||
        die "the benchmark failed: $(tail -n 30 "$work/jmh")"
    # "Benchmark","Mode","Threads","Samples","Score","Score Error","Unit","Param: filtered"
    while IFS=, read -r figure _ _ _ score error _ filter; do
        case $figure in
            *.call\") note "$threads" "$filter" ns "$score" && note "$threads" "$filter" ns_error "$error" ;;
            *:gc.alloc.rate.norm\") note "$threads" "$filter" bytes "$score" ;;
        esac
    done < <(tr -d '\r' <"$work/csv")
done

of() { awk -F'\t' -v threads="$1" -v filter="$2" -v figure="$3" '$1 == threads && $2 == filter && $3 == figure { print $4 }' "$out"; }
added() { awk -v all="$(of "$1" "$2" "$3")" -v bare="$(of "$1" NOTHING "$3")" 'BEGIN { printf "%.0f", all - bare }'; }
echo "added to a call of $(of 1 NOTHING ns | xargs printf '%.1f') ns; $runs JVMs each, $seconds s measured in each behind $warm_up s of warm-up"
printf '%-24s %6s %7s %6s %14s\n' "" ns "+-" B "ns, 2 threads"
awk -F'\t' '$1 == 1 && $3 == "ns" && $2 != "NOTHING" { print $2 }' "$out" | while read -r filter; do
    label=${filter,,}
    printf '%-24s %6s %7.0f %6s %14s\n' "${label//_/-}" "$(added 1 "$filter" ns)" "$(of 1 "$filter" ns_error)" \
        "$(added 1 "$filter" bytes)" "$(added 2 "$filter" ns)"
done
echo "aim: a policy adds <= 1,000 ns and <= 200 B; stacks are many filters, traces are no policy"
