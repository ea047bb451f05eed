# Start-up. Sourced by benchmarks/run.
#
# "First" has an empty data folder, so the services are compiled; "second" has their jars. The
# cache of class data is there in both: ./weft trains it when it builds. The kinds take turns. The
# CPU time of all processes up to the ready line says what a busy machine hides.

runs=${runs:-7}

floor() {
    local begun
    begun=$(now_ms)
    "$@" >/dev/null 2>&1 </dev/null
    echo $(($(now_ms) - begun))
}

for mode in processes together; do
    start_shop "$work/data-$mode" $([ "$mode" = processes ] || echo --together)
    stop_shop
done

for ((run = 1; run <= runs; run++)); do
    note "$run" jvm wall_ms "$(floor "$jdk/bin/java" -XX:+UseSerialGC -version)"
    note "$run" command wall_ms "$(floor "$weft" --version)"
    for mode in processes together; do
        for start in first second; do
            data=$work/data-$mode
            [ "$start" = second ] || data=$work/empty
            rm -rf "$work/empty"
            start_shop "$data" $([ "$mode" = processes ] || echo --together)
            note "$run" "$mode-$start" wall_ms "$wall_ms"
            note "$run" "$mode-$start" ready_ms "$ready_ms"
            cpu=0
            while read -r pid _; do cpu=$((cpu + $(cpu_ms "$pid"))); done < <(processes)
            note "$run" "$mode-$start" cpu_ms "$cpu"
            stop_shop
        done
    done
done

of() { awk -F'\t' -v what="$1" -v figure="$2" '!/^#/ && $2 == what && $3 == figure { print $4 }' "$out"; }
jvm=$(of jvm wall_ms | median)
printf '%-18s %9s %15s %9s %9s %8s   %s\n' "ms, $runs runs" median range says CPU "x JVM" aim
for what in jvm command processes-first processes-second together-first together-second; do
    wall=$(of "$what" wall_ms | median)
    aim=
    [ "$what" != processes-second ] || aim="<= 3000"
    printf '%-18s %9s %15s %9s %9s %8s   %s\n' "$what" "$wall" \
        "$(of "$what" wall_ms | sort -g | sed -n '1p;$p' | paste -sd ' ' | sed 's/ / .. /')" \
        "$(of "$what" ready_ms | median)" "$(of "$what" cpu_ms | median)" "$(awk -v a="$wall" -v b="$jvm" 'BEGIN { printf "%.1f", a / b }')" "$aim"
done
