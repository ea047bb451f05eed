# From one service to others. Sourced by benchmarks/run; benchmarks/flow is the system.
#
# One service stores sales at a constant rate and publishes them by the hub's bus. Two others hear all
# of them: one sums them up in its tables (a transactional listener), one only takes note of them (an
# effect). Each service and the hub is a process. Time counts from when a sale was due to when it was
# handled: committed there, or the effect done.

runs=${runs:-3}
seconds=${seconds:-10}
rate=${WEFT_RATE:-1000}
warm_up=${WEFT_WARM_UP:-8}
products=${WEFT_PRODUCTS:-1000}

shop=$here/flow
start_shop "$work/data"

# A member of the JSON object in the answer.
member() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$work/answer"; }

# Sells for $2 seconds and waits until all has been heard.
round() {
    local run=$1 length=$2 service sold heard until pid
    local -A cpu=()
    while read -r pid service; do cpu[$service]=$(cpu_ms "$pid"); done < <(processes)
    post /loads "{\"round\":$run,\"per_second\":$rate,\"seconds\":$length,\"products\":$products}"
    until=$(($(now_ms) + length * 1000 + 60000))
    until curl -s -f -o "$work/answer" "$gateway/loads/$run"; do
        [ "$(now_ms)" -lt "$until" ] || die "the till does not come to an end"
        sleep 0.2
    done
    sold=$(member sold)
    [ "$(member failed)" = 0 ] || die "not all was sold: $(cat "$work/answer")"
    figures "$run" stored
    for service in books mail; do
        while true; do
            curl -s -S -f --retry 5 -o "$work/answer" "$gateway/$service/$run" || die "$service does not answer"
            heard=$(member heard)
            [ "$heard" -lt "$sold" ] || break
            [ "$(now_ms)" -lt "$until" ] || die "$service has heard of $heard of $sold sales"
            sleep 0.2
        done
        [ "$heard" = "$sold" ] && [ "$(member wrong)" = 0 ] ||
            die "$sold were sold, and $service has not heard of each once and in order: $(cat "$work/answer")"
        figures "$run" "$service"
    done
    [ "$run" -gt 0 ] || return 0
    while read -r pid service; do
        note "$run" "$service" cpu_us "$(awk -v ms=$(($(cpu_ms "$pid") - cpu[$service])) -v n="$sold" 'BEGIN { printf "%.0f", ms * 1000 / n }')"
    done < <(processes)
}

figures() {
    local percent value
    [ "$1" -gt 0 ] || return 0
    for percent in p50_us p99_us p999_us; do
        value=$(member "$percent")
        [ -z "$value" ] || note "$1" "$2" "$percent" "$value"
    done
}

round 0 "$warm_up"
for ((run = 1; run <= runs; run++)); do round "$run" "$seconds"; done
stop_shop

of() { awk -F'\t' -v what="$1" -v figure="$2" '!/^#/ && $2 == what && $3 == figure { print $4 }' "$out" | median; }
echo "$rate sales a second, from when each was due: medians of $runs rounds of $seconds s; each was heard once, in order"
printf '%-32s %10s %10s %10s\n' "" "p50 us" "p99 us" "p99.9 us"
while read -r what label; do
    printf '%-32s %10s %10s %10s\n' "$label" "$(of "$what" p50_us)" "$(of "$what" p99_us)" "$(of "$what" p999_us)"
done <<'ROWS'
stored stored by the one
books in the tables of the second
mail an effect of the third is done
ROWS
echo "CPU us a sale: $(awk -F'\t' '!/^#/ && $3 == "cpu_us" && !seen[$2]++ { print $2 }' "$out" |
    while read -r service; do printf '%s %s  ' "$service" "$(of "$service" cpu_us)"; done)"
echo "aim: handled in another service within 10,000 us for 99 of 100"
