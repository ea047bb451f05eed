# One hot stream, and a log that is read from its start. Sourced by benchmarks/run.

runs=${runs:-5}
seconds=${seconds:-1}
read_stores=${WEFT_STORES:-weft-postgres axon-postgres plain-postgres weft-sqlite plain-sqlite}
hot_stores=${WEFT_HOT_STORES:-weft-postgres plain-postgres decider-postgres weft-sqlite plain-sqlite decider-sqlite}
writers=${WEFT_WRITERS:-1 8 64}
. "$here/stores.sh"

measure hot "$hot_stores" "ms=$((seconds * 1000))" "warm_up_ms=${WEFT_WARM_UP_MS:-4500}" "writers=$writers" "bytes=$bytes_of_one"
measure reads "$read_stores" "large=${WEFT_LOG:-200000}" "bytes=$bytes_of_one"

echo "one stream: appends a second of one event of $bytes_of_one bytes; medians of $runs rounds of $seconds s"
echo "(weft and by hand at whatever version it is; the decider decides each event on the state behind all before it)"
printf '%-18s' ''
for w in $writers; do printf ' %26s' "$w writers (p50, p99 us)"; done
echo
for store in $hot_stores; do
    printf '%-18s' "$store"
    for w in $writers; do
        printf ' %26s' "$(of hot "$store" "$w" 1 "$bytes_of_one" per_s) ($(of hot "$store" "$w" 1 "$bytes_of_one" p50_us), $(of hot "$store" "$w" 1 "$bytes_of_one" p99_us))"
    done
    echo
done
echo
echo "the whole log, 500 events at once, by one reader; medians of $runs rounds"
printf '%-18s %12s %17s\n' '' 'events/s' 'p50 us of a page'
for store in $read_stores; do
    printf '%-18s %12s %17s\n' "$store" "$(of reads "$store" 1 500 "$bytes_of_one" per_s)" "$(of reads "$store" 1 500 "$bytes_of_one" p50_us)"
done
for store in $hot_stores; do
    case $store in plain-*) continue ;; esac
    aim "one stream, 64 writers, $store >= 2,000 appends/s" "$(of hot "$store" 64 1 "$bytes_of_one" per_s)" 'v >= 2000'
done
for store in weft-postgres weft-sqlite; do
    aim "$store reads >= 300,000 events/s" "$(of reads "$store" 1 500 "$bytes_of_one" per_s)" 'v >= 300000'
done
