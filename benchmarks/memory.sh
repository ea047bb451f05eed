# Memory. Sourced by benchmarks/run.
#
# Resident counts file pages that processes share in each of them; proportional (PSS) divides them.
# The peer is the JDK's file server, the smallest HTTP server there is for this JVM, with the same
# collector and heap.

runs=${runs:-1}
requests=${WEFT_REQUESTS:-1000}

look() {
    local pid service
    while read -r pid service; do
        note "$run" "$1" "$service" rss_mb "$(memory_mb "$pid" Rss)"
        note "$run" "$1" "$service" pss_mb "$(memory_mb "$pid" Pss)"
    done < <({ [ "$1" = together ] && echo "$system together" || processes; [ -z "$peer" ] || echo "$peer file-server"; })
}

get() { curl -s -S -f -o /dev/null "$1?n=[1-$requests]" || die "GET $1 failed"; }

ask() {
    post /customers '{"id":"c1","name":"Ann","country":"France"}'
    post /products '{"id":"p1","title":"Lamp","price":12.5}'
    WEFT_ADMIN=$admin "$weft" settle >"$work/answer" 2>&1 || die "not settled: $(cat "$work/answer")"
    get "$gateway/customers/c1"
    get "$gateway/products/p1"
    get "$gateway/carts/c1"
}

mkdir "$work/files" && echo '{"id":"c1"}' >"$work/files/one.json"
for ((run = 1; run <= runs; run++)); do
    peer_port=$(port)
    "$jdk/bin/java" -XX:+UseSerialGC -Xms16m -Xmx256m -Xss512k -XX:-UsePerfData -m jdk.httpserver -p "$peer_port" \
        -d "$work/files" -o none >"$work/peer.log" 2>&1 </dev/null &
    peer=$!
    children+=("$peer")
    start_shop "$work/data-$run"
    sleep 5
    look first
    stop_shop
    # As on all later starts: nothing is compiled.
    start_shop "$work/data-$run"
    sleep 5
    look idle
    ask
    get "http://127.0.0.1:$peer_port/one.json"
    sleep 5
    look used
    stop_shop
    end_child "$peer"
    peer=
    start_shop "$work/together-$run" --together
    stop_shop
    start_shop "$work/together-$run" --together
    sleep 5
    ask
    sleep 5
    look together
    stop_shop
done

of() { awk -F'\t' -v when="$1" -v what="$2" -v figure="$3" '!/^#/ && $2 == when && $3 == what && $4 == figure { print $5 }' "$out" | median; }
printf '%-12s %10s %10s %10s %10s   %s\n' "MB" "idle RSS" "idle PSS" "used RSS" "used PSS" aim
for what in customer product cart order payment gateway hub supervisor file-server; do
    aim=
    case $what in customer | product | cart | order | payment) aim="RSS <= 90" ;; esac
    printf '%-12s %10s %10s %10s %10s   %s\n' "$what" "$(of idle "$what" rss_mb)" "$(of idle "$what" pss_mb)" \
        "$(of used "$what" rss_mb)" "$(of used "$what" pss_mb)" "$aim"
done
echo "supervisor after a first start, when it has compiled: RSS $(of first supervisor rss_mb)"
printf '%-12s %10s %10s %10s %10s   %s\n' "--together" "" "" "$(of together together rss_mb)" "$(of together together pss_mb)" "all in one"
echo "\"used\" is after $requests GETs to each of customer, product and cart, through the gateway"
