#!/usr/bin/env bash
# Fuzzes the server, the server behind TLS and the gateway, each for a third of the minutes, with seeds that are printed; ends with
# exit code 1 on the first case that goes wrong.
#
#   tests/soak/fuzz.sh MINUTES                        all three
#   tests/soak/fuzz.sh MINUTES server|tls|gateway     one of them
#   tests/soak/fuzz.sh MINUTES http://host:port       what runs there; what reaches its handlers is not known then
#   tests/soak/fuzz.sh --case SEED:NUMBER [server|tls|gateway|http://host:port]    one case again
#
# Needs what ./weft builds; starts nothing but one JVM at a time with a heap of 256 MB.
set -u

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

seed='' number='' minutes=0 targets=(server tls gateway)
if [ "${1:-}" = --case ]; then
    [[ ${2:-} =~ ^([0-9]+):([0-9]+)$ ]] || usage
    seed=${BASH_REMATCH[1]} number=${BASH_REMATCH[2]}
    targets=("${3:-server}")
else
    [[ ${1:-} =~ ^[1-9][0-9]*$ ]] || usage
    minutes=$1
    [ $# -lt 2 ] || targets=("$2")
fi

"$root/weft" --version >/dev/null || exit 1
dist=$(cd -P "$root/build/dist" && pwd)
seconds=$((minutes * 60 / ${#targets[@]}))
for target in "${targets[@]}"; do
    "$(cat "$dist/jdk")/bin/java" -Xmx256m -cp "$(cat "$dist/classpath"):$dist/lib-test/*" \
        "$root/tests/soak/Fuzz.java" "$target" "$seconds" $seed $number || exit 1
done
