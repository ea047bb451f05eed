# The same two services by Weft and by others. Sourced by benchmarks/run; benchmarks/peers says what they are.
#
# A front asks a back and answers with what it got: JSON of ten fields, read and written at both.
# Each service is a process with the same JVM and heap; all of them are up while they take turns.
# All but bare Helidon have: 1 s for a call and 300 ms for a try of it (where the whole can be
# bounded: Weft, Armeria), 3 tries with backoff and jitter, a breaker for each instance, traces over
# both hops, of which at most 200 a second are recorded and sent off. wrk, the generator of open
# load and what takes the traces share the cores.

need wrk wrk
runs=${runs:-3}
seconds=${seconds:-6}
warm_up=${WEFT_WARM_UP:-25}
read -r -a systems <<<"${WEFT_PEERS:-weft helidon armeria spring vertx}"
scenarios=" ${WEFT_SCENARIOS:-throughput latency stall overload} "
jvm=(-XX:+UseSerialGC -Xms256m -Xmx256m -XX:-UsePerfData --enable-native-access=ALL-UNNAMED
    --sun-misc-unsafe-memory-access=allow)
read -r -a more_jvm <<<"${WEFT_JVM:-}"
read -r -a counts <<<"${WEFT_CONNECTIONS:-64}"
capacity=400 # /limited: 8 at once for 20 ms

JAVA_HOME=$jdk mvn -q -f "$here/peers/pom.xml" package >"$work/build" 2>&1 || die "the build failed: $(cat "$work/build")"
mkdir "$work/weft" "$work/load"
"$jdk/bin/javac" -d "$work/weft" -parameters --module-path "$(cat "$root/build/dist/classpath")" \
    --add-modules dev.weft.app "$here/peers/weft/Peer.java" || die "the peer of Weft does not compile"
"$jdk/bin/javac" -d "$work/load" "$here/src/main/java/dev/weft/benchmarks/"{OpenLoad,TraceSink}.java ||
    die "the load does not compile"

sink=http://127.0.0.1:$(port)
"$jdk/bin/java" -XX:+UseSerialGC -Xmx64m -cp "$work/load" dev.weft.benchmarks.TraceSink "${sink##*:}" >"$work/sink.log" 2>&1 &
children+=("$!")

declare -A front front_pid back_pids

# Starts service $2 of system $1 at port $3, which asks the backs $4; sets pid.
start_service() {
    local name=$1 role=$2 at=$3 backs=$4 path main=Peer
    case $name in
        weft) path=$work/weft:$(cat "$root/build/dist/classpath") ;;
        spring) main=peer.Peer ;;&
        *) path=$here/peers/$name/target/lib/* ;;
    esac
    mkdir "$work/$name-$at"
    (
        cd "$work/$name-$at" || exit 1
        export PORT=$at BACKS=$backs TRACES=$sink/$name
        export WEFT_PORT=$at WEFT_REGISTRY=static:back=$backs OTEL_EXPORTER_OTLP_ENDPOINT=$sink/$name
        exec "$jdk/bin/java" "${jvm[@]}" "${more_jvm[@]}" -cp "$path" "$main" "$role"
    ) >"$work/$name-$at.log" 2>&1 </dev/null &
    pid=$!
    children+=("$pid")
}

# Starts a system with $2 backs.
start_system() {
    local name=$1 i at backs='' pids=''
    for ((i = 0; i < $2; i++)); do
        at=$(port)
        start_service "$name" back "$at" "http://127.0.0.1:1"
        await "$name" "http://127.0.0.1:$at"
        backs+=${backs:+,}http://127.0.0.1:$at
        pids+=" $pid"
    done
    at=$(port)
    start_service "$name" front "$at" "$backs"
    front[$name]=http://127.0.0.1:$at front_pid[$name]=$pid back_pids[$name]=$pids
    await "$name" "${front[$name]}"
}

await() {
    curl -s -f --retry 60 --retry-delay 1 --retry-all-errors -o "$work/answer" "$2/orders/4711" ||
        die "$1 does not answer at $2: $(tail -n 20 "$work/$1-${2##*:}.log")"
}

start_all() {
    local name
    for name in "${systems[@]}"; do start_system "$name" "$1"; done
    for name in "${systems[@]}"; do closed "$name" 64 "$warm_up"; done
}

stop_all() {
    local name pid
    for name in "${!front[@]}"; do
        for pid in ${front_pid[$name]} ${back_pids[$name]}; do end_child "$pid"; done
    done
}

sum_cpu() {
    local pid sum=0
    for pid in "$@"; do sum=$((sum + $(cpu_ms "$pid"))); done
    echo "$sum"
}

# Loads system $1 by $2 connections, each asking again when answered, for $3 seconds.
closed() { wrk -t1 -c"$2" -d"$3s" --timeout 5s --latency "${front[$1]}/orders/4711" >"$work/wrk"; }

# Asks for $1 $2 times a second, and gives up after $3 ms, over at most $4 connections; the rest are windows in seconds.
open() {
    "$jdk/bin/java" -XX:+UseSerialGC -Xms1g -Xmx1g -Xmn900m -cp "$work/load" dev.weft.benchmarks.OpenLoad "$@" >"$work/said"
}

# Notes window $1 of what open said under the key that follows, and the good answers a second of its $2 seconds.
note_window() {
    local window=$1 length=$2 sent good p50 p90 p99 p999 most
    shift 2
    IFS=$'\t' read -r _ sent good p50 p90 p99 p999 most < <(awk -v w="$window" '$1 == w && NF == 8' "$work/said")
    note "$@" p50_us "$p50"
    note "$@" p90_us "$p90"
    note "$@" p99_us "$p99"
    note "$@" p999_us "$p999"
    note "$@" max_us "$most"
    note "$@" failed_percent "$(awk -v s="$sent" -v g="$good" 'BEGIN { printf "%.3f", 100 * (s - g) / s }')"
    note "$@" good_per_s "$(awk -v g="$good" -v t="$length" 'BEGIN { printf "%.1f", g / t }')"
}

# The figure $4 of scenario $1, system $2, case $3 in all rounds, and its median.
all() { awk -F'\t' -v s="$1" -v name="$2" -v c="$3" -v f="$4" '$1 == s && $3 == name && $4 == c && $5 == f { print $6 }' "$out"; }
of() { all "$@" | median; }
by() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'; }

measure_throughput() {
    local name=$2 connections=$3 requests front_before back_before front_ms back_ms
    front_before=$(cpu_ms "${front_pid[$name]}") back_before=$(sum_cpu ${back_pids[$name]})
    closed "$name" "$connections" "$seconds"
    front_ms=$(($(cpu_ms "${front_pid[$name]}") - front_before)) back_ms=$(($(sum_cpu ${back_pids[$name]}) - back_before))
    set -- throughput "$1" "$name" "$connections"
    note "$@" per_s "$(awk '/^Requests\/sec/ { print $2 }' "$work/wrk")"
    for percent in 50 99; do
        note "$@" "p${percent}_us" "$(awk -v p="$percent%" '$1 == p {
            v = $2 + 0; if ($2 ~ /ms$/) v *= 1000; else if ($2 !~ /us$/) v *= 1000000; printf "%.0f", v }' "$work/wrk")"
    done
    requests=$(awk '/requests in/ { print $1 }' "$work/wrk")
    note "$@" failed_percent "$(awk -v n="$requests" '/Non-2xx/ { bad = $NF } END { printf "%.3f", 100 * bad / n }' "$work/wrk")"
    note "$@" front_cpu_us "$(awk -v a="$front_ms" -v n="$requests" 'BEGIN { printf "%.1f", a * 1000 / n }')"
    note "$@" back_cpu_us "$(awk -v a="$back_ms" -v n="$requests" 'BEGIN { printf "%.1f", a * 1000 / n }')"
}

throughput() {
    local run name connections rate
    for ((run = 1; run <= runs; run++)); do
        for connections in "${counts[@]}"; do
            for name in "${systems[@]}"; do measure_throughput "$run" "$name" "$connections"; done
        done
    done
    for name in "${systems[@]}"; do note throughput 1 "$name" front rss_mb "$(memory_mb "${front_pid[$name]}" Rss)"; done
    echo "throughput: wrk with 1 thread; medians of $runs rounds of $seconds s"
    printf '%-10s %12s %11s %19s %8s %9s %9s %9s %13s %12s %9s\n' "" connections requests/s range weft/it "p50 us" "p99 us" "failed %" "front CPU us" "back CPU us" "front MB"
    for connections in "${counts[@]}"; do
        for name in "${systems[@]}"; do
            rate=$(of throughput "$name" "$connections" per_s)
            printf '%-10s %12s %11.0f %19s %8s %9s %9s %9s %13s %12s %9s\n' "$name" "$connections" "$rate" \
                "$(all throughput "$name" "$connections" per_s | sort -g | awk 'NR == 1 { printf "%.0f .. ", $1 } END { printf "%.0f", $1 }')" \
                "$(by "$(of throughput weft "$connections" per_s)" "$rate")" "$(of throughput "$name" "$connections" p50_us)" \
                "$(of throughput "$name" "$connections" p99_us)" "$(of throughput "$name" "$connections" failed_percent)" \
                "$(of throughput "$name" "$connections" front_cpu_us)" "$(of throughput "$name" "$connections" back_cpu_us)" \
                "$(of throughput "$name" front rss_mb)"
        done
    done
    echo "aim: weft >= 0.85 x helidon, >= 1.3 x the best of the others"
}

latency() {
    local run name kind lowest='' rate
    local -A half
    for name in "${systems[@]}"; do
        rate=$(of throughput "$name" 64 per_s)
        if [ "$rate" = - ]; then
            measure_throughput 1 "$name" 64
            rate=$(of throughput "$name" 64 per_s)
        fi
        half[$name]=$(awk -v r="$rate" 'BEGIN { print int(r / 2) }')
        lowest=$(printf '%s\n' $lowest "${half[$name]}" | sort -g | head -n 1)
    done
    for ((run = 1; run <= runs; run++)); do
        for name in "${systems[@]}"; do
            for kind in own common; do
                [ "$kind" = own ] && rate=${half[$name]} || rate=$lowest
                note latency "$run" "$name" "$kind" rate "$rate"
                open "${front[$name]}/orders/4711" "$rate" 10000 128 5 "$seconds" || die "the load failed"
                note_window 1 "$seconds" latency "$run" "$name" "$kind"
            done
        done
    done
    echo "latency: at half of its own throughput at 64 connections, and of the lowest of all; medians of $runs rounds of $seconds s"
    printf '%-10s %8s %11s %9s %9s %20s %10s %9s\n' "" half requests/s "p50 us" "p99 us" "range of p99" "p99.9 us" "failed %"
    for kind in own common; do
        for name in "${systems[@]}"; do
            printf '%-10s %8s %11s %9s %9s %20s %10s %9s\n' "$name" "$kind" "$(of latency "$name" "$kind" rate)" \
                "$(of latency "$name" "$kind" p50_us)" "$(of latency "$name" "$kind" p99_us)" \
                "$(all latency "$name" "$kind" p99_us | sort -g | awk 'NR == 1 { printf "%.0f .. ", $1 } END { printf "%.0f", $1 }')" \
                "$(of latency "$name" "$kind" p999_us)" "$(of latency "$name" "$kind" failed_percent)"
        done
    done
    echo "aim: weft has the lowest p99 of all"
}

stall() {
    local run name rate=${WEFT_RATE:-1000} healthy=10 stopped=10 after=5 warm=5 load victim window
    for ((run = 1; run <= runs; run++)); do
        for name in "${systems[@]}"; do
            rm -f "$work/said"
            open "${front[$name]}/orders/4711" "$rate" 2000 4096 "$warm" "$healthy" "$stopped" "$after" &
            load=$!
            victim=${back_pids[$name]##* }
            until grep -q begun "$work/said" 2>/dev/null; do sleep 0.05; done
            sleep $((warm + healthy))
            kill -STOP "$victim"
            sleep "$stopped"
            kill -CONT "$victim"
            wait "$load" || die "the load failed"
            note_window 1 "$healthy" stall "$run" "$name" healthy
            note_window 2 "$stopped" stall "$run" "$name" stopped
            note_window 3 "$after" stall "$run" "$name" after
        done
    done
    echo "stall: one of three backs stopped (SIGSTOP) for $stopped s at $rate requests/s; medians of $runs rounds; a failure counts as 2 s"
    printf '%-10s %15s %15s %8s %12s %15s %12s %9s %13s\n' "" "p99 us healthy" "p99 us stopped" ratio "p50 stopped" "p99.9 stopped" "max stopped" "failed %" "p99 us after"
    for name in "${systems[@]}"; do
        printf '%-10s %15s %15s %8s %12s %15s %12s %9s %13s\n' "$name" "$(of stall "$name" healthy p99_us)" "$(of stall "$name" stopped p99_us)" \
            "$(by "$(of stall "$name" stopped p99_us)" "$(of stall "$name" healthy p99_us)")" "$(of stall "$name" stopped p50_us)" \
            "$(of stall "$name" stopped p999_us)" "$(of stall "$name" stopped max_us)" "$(of stall "$name" stopped failed_percent)" \
            "$(of stall "$name" after p99_us)"
    done
    echo "aim: weft's p99 with one of three stopped <= 3 x its p99 in health"
}

overload() {
    local run name
    for ((run = 1; run <= runs; run++)); do
        for name in "${systems[@]}"; do
            open "${front[$name]}/limited/4711" $((capacity / 2)) 1000 4096 2 5 || die "the load failed"
            note_window 1 5 overload "$run" "$name" half
            open "${front[$name]}/limited/4711" $((3 * capacity)) 1000 4096 5 15 || die "the load failed"
            note_window 1 15 overload "$run" "$name" triple
            open "${front[$name]}/limited/4711" $((capacity / 2)) 1000 4096 2 5 || die "the load failed"
            note_window 1 5 overload "$run" "$name" after
        done
    done
    echo "overload: a back that can do $capacity a second, asked for $((3 * capacity)); good is 200 within 1 s; medians of $runs rounds"
    printf '%-10s %14s %20s %17s %17s %15s %18s\n' "" "good/capacity" range "good/s of $((3 * capacity))" "p50 us of all" "failed % half" "failed % behind"
    for name in "${systems[@]}"; do
        printf '%-10s %14s %20s %17s %17s %15s %18s\n' "$name" "$(by "$(of overload "$name" triple good_per_s)" "$capacity")" \
            "$(all overload "$name" triple good_per_s | sort -g | awk -v c="$capacity" 'NR == 1 { printf "%.2f .. ", $1 / c } END { printf "%.2f", $1 / c }')" \
            "$(of overload "$name" triple good_per_s)" "$(of overload "$name" triple p50_us)" \
            "$(of overload "$name" half failed_percent)" "$(of overload "$name" after failed_percent)"
    done
    echo "aim: weft >= 0.9"
}

for scenario in throughput latency stall overload; do
    case $scenarios in *" $scenario "*) ;; *) continue ;; esac
    case $scenario in
        throughput) start_all 1 ;;
        latency) case $scenarios in *" throughput "*) ;; *) start_all 1 ;; esac ;;
        stall) stop_all && start_all 3 ;;
        overload) stop_all && start_all 1 ;;
    esac
    "$scenario"
    echo
done
curl -s "$sink/" >"$work/traces"
echo "traces received, bytes: $(tr '\n' ' ' <"$work/traces")"
for name in "${systems[@]}"; do
    [ "$name" = helidon ] || grep -q "^$name " "$work/traces" || die "$name sent no traces, so it was not measured as said"
done
