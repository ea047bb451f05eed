# What a filter adds to a call that goes well. Sourced by benchmarks/run; FilterBenchmark does the work.
#
# JMH gives each filter JVMs of its own, with the call at the bottom not inlined. What that call
# takes alone is taken off. With two threads the filter is one for both, as in a service.

runs=${runs:-2}
seconds=${seconds:-1}
build=$root/build/quick/weft-benchmarks

JAVA_HOME=$jdk mvn -q -f "$root/pom.xml" -Pbenchmarks,quick -pl benchmarks -am package >"$work/build" 2>&1 ||
    die "the build failed: $(cat "$work/build")"
for threads in 1 2; do
    "$jdk/bin/java" -cp "$(echo "$build"/weft-benchmarks-*.jar):$build/lib/*" org.openjdk.jmh.Main FilterBenchmark \
        -t "$threads" -f "$runs" -i "$((4 * seconds))" -foe true -prof gc \
        ${WEFT_FILTERS:+-p "filtered=NOTHING,$WEFT_FILTERS"} >"$work/jmh" 2>&1 ||
        die "the benchmark failed: $(tail -n 30 "$work/jmh")"
    # "# Parameters: (filtered = RETRY)", "Iteration   1: 34.203 ns/op", "  gc.alloc.rate.norm:  0.120 B/op"
    while read -r filter figure value; do
        note "$threads" "$filter" "$figure" "$value"
    done < <(awk '/^# Parameters:/ { filter = $NF; sub(/\)/, "", filter) }
        /^Iteration / { sub(/^Iteration +[0-9]+: /, ""); print filter, "ns", $1 }
        $1 == "gc.alloc.rate.norm:" { print filter, "bytes", $2 }' "$work/jmh")
done

of() { awk -F'\t' -v threads="$1" -v filter="$2" -v figure="$3" '$1 == threads && $2 == filter && $3 == figure { print $4 }' "$out"; }
added() { awk -v all="$(of "$@" | median)" -v bare="$(of "$1" NOTHING "$3" | median)" 'BEGIN { printf "%.0f", all - bare }'; }
range() { of "$@" | sort -g | awk 'NR == 1 { printf "%.0f .. ", $1 } END { printf "%.0f", $1 }'; }
echo "added to a call of $(of 1 NOTHING ns | median) ns: medians of $runs JVMs with $((4 * seconds)) times 250 ms each"
printf '%-24s %6s %7s %16s %14s %16s\n' "" B ns range "ns, 2 threads" range
awk -F'\t' '!/^#/ && $2 != "NOTHING" && !seen[$2]++ { print $2 }' "$out" | while read -r filter; do
    label=${filter,,}
    printf '%-24s %6s %7s %16s %14s %16s\n' "${label//_/-}" "$(added 1 "$filter" bytes)" "$(added 1 "$filter" ns)" \
        "$(range 1 "$filter" ns)" "$(added 2 "$filter" ns)" "$(range 2 "$filter" ns)"
done
echo "aim: a policy adds <= 1,000 ns and <= 200 B; stacks are many filters, traces are no policy"
