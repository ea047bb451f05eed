# What appends.sh, reads.sh and growth.sh have in common: Weft's event store beside others. StoreBenchmark does the work.
#
# One JVM has all stores, which take turns. It has one core, the PostgreSQL that it starts another. The server is as Weft runs
# its own, in the folder of the measurement, and refuses to be measured unless it syncs.

need taskset util-linux
read -r -a cores <<<"${WEFT_CORES-$([ "$(nproc)" -lt 2 ] || echo "0 1")}"
bytes_of_one=${WEFT_BYTES:-256}
bytes_of_one=${bytes_of_one%% *}
# The server does not run as root, and its user has to get to its data.
chmod go+x "$work"

# Measures $1 with the stores $2; the other arguments are StoreBenchmark's. Each figure becomes a line of the table.
measure() {
    local what=$1 stores=$2 path round store writers events bytes per_s p50 p99 cpu server_cpu
    path=$(cat "$root/build/dist/classpath")
    shift 2
    mkdir -p "$work/classes" "$work/$what"
    chmod go+x "$work/$what"
    set -- "$what" "stores=$stores" "folder=$work/$what" "core=${cores[0]:-}" "rounds=$runs" "$@"
    local sources=("$here"/src/main/java/dev/weft/benchmarks/{StoreBenchmark,MeasuredStore,MeasuredServer,AppendLoad,Growth,Payload,Proof,Durations,Cpu,WeftStore,WeftDecider,PlainStore,PlainPostgres,PlainSqlite}.java)
    case $stores in *axon*)
        [ "$here/peers/axon/target/lib" -nt "$here/peers/axon/pom.xml" ] || JAVA_HOME=$jdk mvn -q -f "$here/peers/axon/pom.xml" package >"$work/build" 2>&1 ||
            die "Axon cannot be fetched: $(cat "$work/build")"
        path+=:$(echo "$here/peers/axon/target/lib"/*.jar | tr ' ' :)
        sources+=("$here/peers/axon/AxonStore.java")
        ;;
    esac
    "$jdk/bin/javac" -nowarn -d "$work/classes" -cp "$path" "${sources[@]}" >"$work/build" 2>&1 ||
        die "the benchmark does not compile: $(cat "$work/build")"
    ${cores[1]:+taskset -c "${cores[1]}"} "$jdk/bin/java" -XX:+UseSerialGC -Xms1g -Xmx1g --enable-native-access=ALL-UNNAMED \
        --sun-misc-unsafe-memory-access=allow ${WEFT_JVM:-} -cp "$work/classes:$path" dev.weft.benchmarks.StoreBenchmark "$@" \
        >"$work/figures" 2>"$work/errors" || die "the benchmark failed: $(cat "$work/errors")"
    while IFS=$'\t' read -r what round store writers events bytes per_s p50 p99 cpu server_cpu; do
        note "$what" "$round" "$store" "$writers" "$events" "$bytes" per_s "$per_s"
        note "$what" "$round" "$store" "$writers" "$events" "$bytes" p50_us "$p50"
        note "$what" "$round" "$store" "$writers" "$events" "$bytes" p99_us "$p99"
        note "$what" "$round" "$store" "$writers" "$events" "$bytes" cpu_us "$cpu"
        note "$what" "$round" "$store" "$writers" "$events" "$bytes" server_cpu_us "$server_cpu"
    done <"$work/figures"
    rm -rf "${work:?}/${1:?}"
}

# The figure $6 of store $2 in all rounds of what $1, by writers $3, events of an append $4, bytes $5: "round value".
all() {
    awk -F'\t' -v what="$1" -v store="$2" -v w="$3" -v e="$4" -v b="$5" -v f="$6" \
        '$1 == what && $3 == store && $4 == w && $5 == e && $6 == b && $7 == f { print $2, $8 }' "$out"
}

of() { all "$@" | cut -d' ' -f2 | median; }

# The median of what $1's store $2 does, divided by what $3's store $4 does in the same round; the rest as for all.
ratio() {
    join <(all "$1" "$2" "$5" "$6" "$7" per_s) <(all "$3" "$4" "$5" "$6" "$7" per_s) |
        awk '$3 > 0 { print $2 / $3 }' | median | awk '{ if ($1 == "-") print; else printf "%.2f", $1 }'
}

# Says whether value $2 is what is aimed at: $1 in words, $3 as a condition on v.
aim() {
    echo "aim: $1: $(awk -v v="$2" "BEGIN { if (v == \"-\") print \"not measured\"; else print v, ($3) ? \"met\" : \"missed\" }")"
}
