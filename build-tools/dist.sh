# Makes what ./weft starts: a folder with all jars, the class path and the AOT cache. Sourced by
# ./weft and ./verify, after jdk.sh; runs on bash 3.2; expects root and, but for dist_is_fresh, jdk.
#
#   build/dists/ID/lib/*.jar    all that the command needs at run time
#   build/dists/ID/lib-test     what "weft test" puts behind them
#   build/dists/ID/classpath    the jars, joined by colons, absolute, in a fixed order
#   build/dists/ID/jdk          the JDK that trained the cache
#   build/dists/ID/weft.aot     the AOT cache, if training worked
#   build/dists/ID/native       SQLite's native library, unpacked by the training
#   build/dists/ID/stamp        as old as the sources that went in
#   build/dist                  a link to the current one
#
# A build makes a new folder and turns the link, because a JVM opens its jars late: a running
# "weft dev" must not find other ones in their place. The three newest folders are kept.

dist=$root/build/dist
dist_log=$root/build/weft-build.log

# How the JVM of the command runs: it is short-lived or mostly idle. The cache is trained with the
# same flags; others at run time would make it unusable. (No -Xshare: it excludes AOT caches.) The
# heap begins small: the JVM's own choice is a part of all memory, and is then in use.
dist_flags=(
    -XX:+UseSerialGC
    -Xms16m
    -XX:TieredStopAtLevel=1
    --enable-native-access=ALL-UNNAMED
    --sun-misc-unsafe-memory-access=allow
    # The JVM's own warnings, of JDK 25 about its caches too, would stand on standard output.
    -Xlog:disable
    -Xlog:all=error:stderr
)

# Sets dist_classpath and dist_home if a dist is there and no source is newer. A deleted or added
# file shows in the time of its folder. Costs one process, "find".
dist_is_fresh() {
    local pom module first
    [ -s "$dist/classpath" ] && [ -e "$dist/stamp" ] || return 1
    IFS= read -r dist_classpath <"$dist/classpath"
    first=${dist_classpath%%:*}
    dist_home=${first%/lib/*}
    # Not so when the repository was moved.
    case $dist_home in "$root"/build/dists/*) ;; *) return 1 ;; esac
    local sources=("$root/pom.xml" "$root/.mvn" "$root/build-tools")
    for pom in "$root"/*/pom.xml "$root"/adaptors/*/pom.xml; do
        module=${pom%/pom.xml}
        case $module in "$root"/examples | "$root"/architecture | "$root"/benchmarks) continue ;; esac
        sources+=("$pom")
        [ -d "$module/src/main" ] && sources+=("$module/src/main")
    done
    [ -z "$(find "${sources[@]}" -newer "$dist/stamp" -print -quit 2>&1)" ]
}

# Is the AOT cache there and made by this very JDK? A cache that could not be trained counts as
# there, so that each start does not try again.
dist_is_trained() {
    local trained_by
    [ -e "$dist_home/jdk" ] && [ ! "$jdk/release" -nt "$dist_home/jdk" ] || return 1
    IFS= read -r trained_by <"$dist_home/jdk"
    [ "$trained_by" = "$jdk" ]
}

dist_say() {
    printf '%s\n' "$*" >&2
}

# Shows $1 in one line that the next call replaces; only where someone is looking.
dist_show() {
    [ -t 2 ] || return 0
    printf '\r\033[K%s' "$*" >&2
}

dist_lock_held=
dist_child=
dist_new=
dist_built= # or training, or waiting for another process that does

dist_on_exit() {
    if [ -n "$dist_child" ]; then
        kill "$dist_child" 2>/dev/null
        wait "$dist_child" 2>/dev/null
        dist_child=
    fi
    [ -z "$dist_new" ] || rm -rf "$dist_new"
    dist_new=
    if [ -n "$dist_lock_held" ]; then
        rm -f "$root/build/lock"
        dist_lock_held=
    fi
}

# One build at a time: build/lock is a link that names the process that builds. Making a link
# either succeeds or finds one there, which a file does not promise everywhere.
dist_lock() {
    local lock=$root/build/lock holder said=
    dist_built=yes
    mkdir -p "$root/build" || exit 4
    if [ ! -w "$root/build" ]; then
        dist_say "weft: cannot write to $root/build"
        exit 4
    fi
    until ln -s "$$" "$lock" 2>/dev/null; do
        holder=$(readlink "$lock") || continue
        if kill -0 "$holder" 2>/dev/null || [ -d "/proc/$holder" ]; then
            if [ -z "$said" ]; then
                dist_say "weft: process $holder is building Weft, waiting for it (if there is no such build: rm $lock)"
                said=yes
            fi
            sleep 0.3
        elif mv "$lock" "$lock.$$" 2>/dev/null; then
            # Its holder died. If someone else was quicker and has it by now, give it back.
            [ "$(readlink "$lock.$$")" = "$holder" ] || mv -n "$lock.$$" "$lock" 2>/dev/null
            rm -f "$lock.$$"
        fi
    done
    dist_lock_held=yes
    trap dist_on_exit EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

dist_unlock() {
    dist_on_exit
    trap - EXIT INT TERM HUP
}

# Sets dist_new to a new, empty dist folder. Call before the build reads the first source.
dist_begin() {
    dist_new=$root/build/dists/$(date +%Y%m%d-%H%M%S)-$$
    mkdir -p "$dist_new/lib" && : >"$dist_new/stamp"
}

# Completes dist_new, into which Maven copied the dependencies, with the command's own jar $1 and
# the cache, and makes it the current one.
dist_finish() {
    local jar joined= all old LC_ALL=C
    cp "$1" "$dist_new/lib/" || return 1
    for jar in "$dist_new"/lib/*.jar; do rm -f "$dist_new/lib-test/${jar##*/}"; done
    for jar in "$dist_new"/lib/weft-*.jar; do joined=$joined:$jar; done
    for jar in "$dist_new"/lib/*.jar; do
        case ${jar##*/} in weft-*) ;; *) joined=$joined:$jar ;; esac
    done
    printf '%s\n' "${joined#:}" >"$dist_new/classpath"
    dist_home=$dist_new
    dist_classpath=${joined#:}
    dist_train
    # Not one step, but whoever comes in between waits for the lock and looks again.
    ln -sfn "dists/${dist_new##*/}" "$dist"
    dist_new=
    all=("$root"/build/dists/*)
    [ ${#all[@]} -le 3 ] || for old in "${all[@]:0:${#all[@]}-3}"; do
        [ "$old" = "$dist_home" ] || rm -rf "$old"
    done
}

# Trains the AOT cache of dist_home; a failure costs start-up time only.
dist_train() {
    local new=$dist_home/weft.aot.new begun=$SECONDS
    dist_show "Weft: training the start-up cache …"
    WEFT_HOME=$dist_home "$jdk/bin/java" "${dist_flags[@]}" "-XX:AOTCacheOutput=$new" \
        -cp "$dist_classpath" dev.weft.cli.Main train >"$root/build/weft-train.log" 2>&1 </dev/null &
    dist_child=$!
    while kill -0 "$dist_child" 2>/dev/null; do
        if [ $((SECONDS - begun)) -gt 90 ]; then
            kill -9 "$dist_child" 2>/dev/null
        fi
        dist_show "Weft: training the start-up cache, $((SECONDS - begun)) s"
        sleep 0.2
    done
    # The shell would announce that it was killed.
    if wait "$dist_child" 2>/dev/null && [ -s "$new" ]; then
        mv -f "$new" "$dist_home/weft.aot"
    else
        rm -f "$new" "$dist_home/weft.aot"
        dist_show ""
        dist_say "weft: no start-up cache, training failed (starts are slower): $root/build/weft-train.log"
    fi
    dist_child=
    dist_show ""
    printf '%s\n' "$jdk" >"$dist_home/jdk"
}

# The module that Maven is at, from its log: "3/12 Weft http".
dist_step() {
    sed -n 's/^\[INFO\] Building \(.*[^ ]\)  *[^ ]*  *\[\([0-9]*\/[0-9]*\)\]$/\2 \1/p' "$dist_log" | tail -n 1
}

# What went wrong, from Maven's log $1: the compiler's errors, or else Maven's own, without advice.
dist_errors() {
    local errors
    errors=$(grep '^\[ERROR\]' "$1" | sed -e 's/^\[ERROR\] *//' -e 's/ -> \[Help 1\]$//' -e "s|$root/||g" |
        grep -v -e '^$' -e '^->' -e '^\[Help 1\]' -e '[Rr]e-run Maven' -e '^For more information about' \
            -e '^After correcting' -e '^mvn <args>' -e '^COMPILATION ERROR' | awk '!seen[$0]++')
    case $errors in
        *.java:*) errors=$(printf '%s\n' "$errors" | grep -v '^Failed to execute goal') ;;
        "") errors=$(tail -n 10 "$1") ;;
    esac
    printf '%s\n' "$errors" | head -n 30
}

# Builds the modules that the command needs, unless another process just did. Exits on failure.
dist_build() {
    local begun=$SECONDS
    dist_lock
    if dist_is_fresh; then
        dist_unlock
        return 0
    fi
    if ! command -v mvn >/dev/null; then
        dist_say "Weft has to be built and needs Maven (3.8.7 or later) for that, but there is no mvn on the PATH. Get it by:"
        dist_say "  sdk install maven   |   brew install maven   |   apt install maven   |   dnf install maven"
        exit 3
    fi
    [ -t 2 ] || dist_say "Weft: building (log: $dist_log)"
    dist_begin || exit 4
    JAVA_HOME=$jdk mvn -f "$root/pom.xml" -B -ntp -Pquick,dist "-Dweft.dist=$dist_new" -pl cli -am package \
        >"$dist_log" 2>&1 </dev/null &
    dist_child=$!
    while kill -0 "$dist_child" 2>/dev/null; do
        [ ! -t 2 ] || dist_show "Weft: building $(dist_step), $((SECONDS - begun)) s"
        sleep 0.3
    done
    local failed=
    wait "$dist_child" || failed=yes
    dist_child=
    if [ -n "$failed" ] || ! dist_finish "$root"/build/quick/weft-cli/weft-cli-*.jar; then
        dist_show ""
        dist_say "Weft could not be built:"
        dist_errors "$dist_log" >&2
        dist_say "The whole log: $dist_log"
        exit 4
    fi
    dist_say "Weft: built in $((SECONDS - begun)) s"
    dist_unlock
}
