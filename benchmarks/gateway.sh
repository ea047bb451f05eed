# One GET through the gateway. Sourced by benchmarks/run.
#
# Direct, through Weft's gateway and through nginx (one worker, no log, kept connections to the
# service) take turns. wrk shares the cores with all of them: the figures are for comparing. The
# gateway traces requests (at most WEFT_TRACES_PER_SECOND a second, 200 unless set), waits for and
# chooses among instances, bounds time and bodies; nginx here does none of that.

need wrk wrk
need nginx nginx-light
runs=${runs:-3}
seconds=${seconds:-8}

start_shop "$work/data"
post /customers '{"id":"c1","name":"Ann","country":"France"}'
service=$(address customer)
[ -n "$service" ] || { cat "$work/log" >&2; die "where does customer listen?"; }

proxy_port=$(port)
mkdir "$work/nginx"
cat >"$work/nginx/nginx.conf" <<CONF
worker_processes 1;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
daemon off;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path $work/nginx/body;
    proxy_temp_path $work/nginx/proxy;
    fastcgi_temp_path $work/nginx/fastcgi;
    uwsgi_temp_path $work/nginx/uwsgi;
    scgi_temp_path $work/nginx/scgi;
    keepalive_requests 100000000;
    upstream service { server ${service#http://}; keepalive 64; keepalive_requests 100000000; }
    server {
        listen 127.0.0.1:$proxy_port;
        location / {
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For \$remote_addr;
        }
    }
}
CONF
PATH=$PATH:/usr/sbin nginx -p "$work/nginx" -c "$work/nginx/nginx.conf" -e "$work/nginx/error.log" >/dev/null 2>&1 </dev/null &
nginx=$!
children+=("$nginx")
curl -s -f --retry 20 --retry-connrefused --retry-delay 1 -o "$work/answer" "http://127.0.0.1:$proxy_port/customers/c1" ||
    die "nginx does not answer: $(cat "$work/nginx/error.log")"

declare -A target=([direct]=$service [weft]=$gateway [nginx]=http://127.0.0.1:$proxy_port)
gateway_pid=$(processes | awk '$2 == "gateway" { print $1 }')
customer_pid=$(processes | awk '$2 == "customer" { print $1 }')
nginx_pids="$nginx $(descendants "$nginx")"

sum_cpu() {
    local pid sum=0
    for pid in "$@"; do sum=$((sum + $(cpu_ms "$pid"))); done
    echo "$sum"
}

# Loads target $1 by $2 connections for $3 seconds.
load_it() { wrk -t1 -c"$2" -d"$3s" --timeout 10s --latency "${target[$1]}/customers/c1" >"$work/wrk"; }

for what in direct weft nginx; do load_it "$what" 16 "$seconds"; done
for ((run = 1; run <= runs; run++)); do
    for connections in 1 16; do
        for what in direct weft nginx; do
            case $what in direct) proxy=() ;; weft) proxy=("$gateway_pid") ;; nginx) proxy=($nginx_pids) ;; esac
            proxy_before=$(sum_cpu "${proxy[@]}")
            service_before=$(cpu_ms "$customer_pid")
            load_it "$what" "$connections" "$seconds"
            proxy_after=$(sum_cpu "${proxy[@]}")
            service_after=$(cpu_ms "$customer_pid")
            ! grep -q -e 'Non-2xx' -e 'Socket errors' "$work/wrk" || { cat "$work/wrk"; echo "$what: not all requests were answered well"; }
            note "$run" "$what" "$connections" per_s "$(awk '/^Requests\/sec/ { print $2 }' "$work/wrk")"
            for percent in 50 99; do
                note "$run" "$what" "$connections" "p${percent}_us" "$(awk -v p="$percent%" '$1 == p {
                    v = $2 + 0; if ($2 ~ /ms$/) v *= 1000; else if ($2 !~ /us$/) v *= 1000000; printf "%.0f", v }' "$work/wrk")"
            done
            requests=$(awk '/requests in/ { print $1 }' "$work/wrk")
            note "$run" "$what" "$connections" proxy_cpu_us "$(awk -v a=$((proxy_after - proxy_before)) -v n="$requests" 'BEGIN { printf "%.1f", a * 1000 / n }')"
            note "$run" "$what" "$connections" service_cpu_us "$(awk -v a=$((service_after - service_before)) -v n="$requests" 'BEGIN { printf "%.1f", a * 1000 / n }')"
        done
    done
done
stop_shop
end_child "$nginx"

of() { awk -F'\t' -v what="$1" -v connections="$2" -v figure="$3" '!/^#/ && $2 == what && $3 == connections && $4 == figure { print $5 }' "$out" | median; }
echo "medians of $runs rounds of $seconds s; wrk with 1 thread on the same cores"
printf '%-8s %12s %12s %9s %9s %9s %13s %15s\n' "" connections requests/s "x nginx" "p50 us" "p99 us" "proxy CPU us" "service CPU us"
for connections in 1 16; do
    peer=$(of nginx "$connections" per_s)
    for what in direct weft nginx; do
        rate=$(of "$what" "$connections" per_s)
        printf '%-8s %12s %12.0f %9s %9s %9s %13s %15s\n' "$what" "$connections" "$rate" \
            "$(awk -v a="$rate" -v b="$peer" 'BEGIN { printf "%.2f", a / b }')" "$(of "$what" "$connections" p50_us)" \
            "$(of "$what" "$connections" p99_us)" "$(of "$what" "$connections" proxy_cpu_us)" "$(of "$what" "$connections" service_cpu_us)"
    done
done
echo "aim: weft >= 0.4 x nginx"
