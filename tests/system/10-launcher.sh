#!/usr/bin/env bash
# The launcher starts what was built, from anywhere, and does not build again.
set -eu

root=$(cd -P "$(dirname "$0")/../.." && pwd)
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT

expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: expected '$2', got '$3'"
        exit 1
    fi
}

version=$("$WEFT" --version)
before=$(readlink "$root/build/dist")
case $version in
    "weft "[0-9]*) ;;
    *) expect "version" "weft <number>" "$version" ;;
esac

ln -s "$WEFT" "$away/weft"
expect "from another folder by a link" "$version" "$(cd "$away" && ./weft --version)"
expect "built again" "$before" "$(readlink "$root/build/dist")"
[ -s "$root/build/dist/weft.aot" ] || { echo "no start-up cache"; exit 1; }

code=0
"$WEFT" --no-such-option >"$away/out" 2>&1 || code=$?
expect "exit code of wrong usage" 2 "$code"

# Without a JDK that fits it says where it looked. Only where none lies in the usual folders can
# the whole command be tried, so the lookup is asked itself.
. "$root/build-tools/jdk.sh"
mkdir -p "$away/jdk/bin"
touch "$away/jdk/bin/java" "$away/jdk/bin/javac"
chmod +x "$away/jdk/bin/java" "$away/jdk/bin/javac"
for said in 17.0.15 24 250 25 25.0.3 26; do
    printf 'IMPLEMENTOR="x"\nJAVA_VERSION="%s"\n' "$said" >"$away/jdk/release"
    fits=no
    ! jdk_fits "$away/jdk" || fits=yes
    case $said in 25 | 25.*) expect "JDK $said" yes "$fits" ;; *) expect "JDK $said" no "$fits" ;; esac
done
echo ok
