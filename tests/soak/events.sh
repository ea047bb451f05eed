#!/usr/bin/env bash
# Kills and pauses the processes of a system that moves events, half of the times on SQLite and half on PostgreSQL, and checks what
# its writers were told against what everybody saw; prints the seeds. Exit code 1 on the first history with an anomaly.
#
#   tests/soak/events.sh KILLS [SEED]      PAUSES=N pauses and full disks on each storage (a tenth of its kills); MEAN_MS=2000
#                                          between two kills on average
#   tests/soak/events.sh 200
#
# STORES="sqlite postgres" names the storages. Needs what ./weft builds, and PostgreSQL's programs.
[[ ${1:-} =~ ^[1-9][0-9]*$ && ${2:-1} =~ ^[0-9]+$ ]] || {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}
kills=$1 seed=${2:-$RANDOM} stores=${STORES:-sqlite postgres}
export WEFT=${WEFT:-$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/weft}
"$WEFT" --version >/dev/null || exit 1
. "$(dirname "${BASH_SOURCE[0]}")/../system/common.bash"

# PostgreSQL does not run as root, but as somebody who has to find his way in.
chmod 711 "$tmp"
dist=$(cd -P "$root/build/dist" && pwd)
set -- $stores
each=$(((kills + $# - 1) / $#))
pauses=${PAUSES:-$((each / 10))} full=${PAUSES:-$((each / 10))}
if ! command -v prlimit >/dev/null; then
    echo "there is no prlimit, so no disk will be full"
    full=0
fi
for store in $stores; do
    start "$root/tests/system/checker" --profile "$store"
    echo "$store: SEED=$seed KILLS=$each"
    "$(cat "$dist/jdk")/bin/java" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$(cat "$dist/classpath"):$dist/lib-test/*" \
        "$root/tests/soak/Kills.java" "$tmp/data" "$seed" "$each" "$pauses" "$full" "${MEAN_MS:-2000}" ||
        fail "$store, SEED=$seed"
    stop
    rm -rf "$tmp/data"
done
