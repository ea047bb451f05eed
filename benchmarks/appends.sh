# Appends to Weft's event store, to Axon's and to one written by hand. Sourced by benchmarks/run.

runs=${runs:-3}
seconds=${seconds:-1}
stores=${WEFT_STORES:-weft-postgres axon-postgres plain-postgres weft-sqlite plain-sqlite}
writers=${WEFT_WRITERS:-1 8 64}
events=${WEFT_APPENDS:-1 10 100}
bytes=${WEFT_BYTES:-256 1024}
. "$here/stores.sh"

measure appends "$stores" "ms=$((seconds * 1000))" "warm_up_ms=${WEFT_WARM_UP_MS:-7200}" \
    "writers=$writers" "events=$events" "bytes=$bytes"

echo "appends a second, each on disk; medians of $runs rounds of $seconds s; ratios are of the same round"
printf '%6s %7s %8s' bytes events writers
for store in $stores; do printf ' %15s' "$store"; done
printf ' %10s %11s %13s\n' 'pg/axon' 'pg/by hand' 'lite/by hand'
for b in $bytes; do
    for e in $events; do
        for w in $writers; do
            printf '%6s %7s %8s' "$b" "$e" "$w"
            for store in $stores; do printf ' %15s' "$(of appends "$store" "$w" "$e" "$b" per_s)"; done
            printf ' %10s %11s %13s\n' "$(ratio appends weft-postgres appends axon-postgres "$w" "$e" "$b")" \
                "$(ratio appends weft-postgres appends plain-postgres "$w" "$e" "$b")" \
                "$(ratio appends weft-sqlite appends plain-sqlite "$w" "$e" "$b")"
        done
    done
done
echo
# Of the first kind of append.
e=${events%% *}
echo "appends of $e event(s) of $bytes_of_one bytes, us: p50, p99, CPU of client and server for each"
printf '%-15s' ''
for w in $writers; do printf ' %32s' "$w writers"; done
echo
for store in $stores; do
    printf '%-15s' "$store"
    for w in $writers; do
        figures=
        for figure in p50_us p99_us cpu_us server_cpu_us; do
            figures+=" $(printf '%.0f' "$(of appends "$store" "$w" "$e" "$bytes_of_one" "$figure")")"
        done
        printf ' %32s' "$figures"
    done
    echo
done
for b in $bytes; do
    aim "64 writers of one event of $b bytes, PostgreSQL >= 5 x Axon" "$(ratio appends weft-postgres appends axon-postgres 64 1 "$b")" 'v >= 5'
    aim "the same >= 0.7 x written by hand" "$(ratio appends weft-postgres appends plain-postgres 64 1 "$b")" 'v >= 0.7'
    aim "the same, SQLite >= 0.8 x written by hand" "$(ratio appends weft-sqlite appends plain-sqlite 64 1 "$b")" 'v >= 0.8'
done
echo "behind each figure all its events were read back: none lost, doubled, changed or out of order, positions without gaps"
