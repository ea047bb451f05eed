# What an append costs in a log of ten million events, beside one of ten thousand. Sourced by benchmarks/run.

runs=${runs:-5}
small=${WEFT_SMALL:-10000}
large=${WEFT_LOG:-10000000}
stores=${WEFT_STORES:-weft-postgres weft-sqlite}
writers=${WEFT_WRITERS:-1 64}
. "$here/stores.sh"

measure growth "$stores" "small=$small" "large=$large" "writers=$writers" "bytes=$bytes_of_one"

echo "appends a second of one event of $bytes_of_one bytes to any of a log's streams, which have 100 events each; medians of $runs rounds"
printf '%-15s %8s %16s %16s %6s\n' '' writers "at $small" "at $large" cost
for store in $stores; do
    for w in $writers; do
        printf '%-15s %8s %16s %16s %6s\n' "$store" "$w" "$(of small "$store" "$w" 1 "$bytes_of_one" per_s)" \
            "$(of large "$store" "$w" 1 "$bytes_of_one" per_s)" "$(ratio small "$store" large "$store" "$w" 1 "$bytes_of_one")"
    done
done
for store in $stores; do
    for w in $writers; do
        aim "$store, $w writers: an append costs <= 1.3 x" "$(ratio small "$store" large "$store" "$w" 1 "$bytes_of_one")" 'v <= 1.3'
    done
done
