# Finds a JDK of the one feature release that Weft is built with. Sourced by ./weft and ./verify;
# runs on bash 3.2. No JVM is started to look: a JDK says its version in its file "release".

jdk_feature=25

# Is the folder $1 a JDK (with compiler) of the wanted feature release?
jdk_fits() {
    local line
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            "JAVA_VERSION=\"$jdk_feature\""* | "JAVA_VERSION=\"$jdk_feature".* | \
                "JAVA_VERSION=\"$jdk_feature"[-+]*) return 0 ;;
            JAVA_VERSION=*) return 1 ;;
        esac
    done <"$1/release"
    return 1
}

# Sets jdk to the first that fits, looking at $JAVA_HOME, then $1 (may be empty), then java on the
# PATH, then the usual folders; else returns 1.
jdk_find() {
    local place java
    jdk=
    for place in "${JAVA_HOME:-}" "${1:-}"; do
        if [ -n "$place" ] && jdk_fits "$place"; then
            jdk=$place
            return 0
        fi
    done
    if java=$(command -v java); then
        while [ -L "$java" ]; do
            place=$(readlink "$java")
            case $place in
                /*) java=$place ;;
                *) java=${java%/*}/$place ;;
            esac
        done
        place=${java%/bin/*}
        if jdk_fits "$place"; then
            jdk=$place
            return 0
        fi
    fi
    for place in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/* "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home \
        "${HOME:-}"/Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk@$jdk_feature/libexec/openjdk.jdk/Contents/Home \
        /usr/local/opt/openjdk@$jdk_feature/libexec/openjdk.jdk/Contents/Home; do
        if jdk_fits "$place"; then
            jdk=$place
            return 0
        fi
    done
    return 1
}

# Says where jdk_find looked and how to get a JDK.
jdk_explain() {
    cat >&2 <<EOF
Weft needs a JDK $jdk_feature (with javac; another feature release does not do) and found none. Looked at:
  JAVA_HOME             ${JAVA_HOME:-(not set)}
  java on the PATH      $(command -v java || echo '(none)')
  system folders        /usr/lib/jvm/*, /usr/lib64/jvm/*, /usr/java/*, /opt/*, /Library/Java/JavaVirtualMachines/*, Homebrew's openjdk@$jdk_feature
  your own folders      ~/.sdkman/candidates/java/*, ~/.jdks/*, ~/Library/Java/JavaVirtualMachines/*
Get one, for example Temurin:
  SDKMAN                sdk install java $jdk_feature-tem
  macOS, Homebrew       brew install --cask temurin@$jdk_feature
  Debian, Ubuntu        apt install temurin-$jdk_feature-jdk  (or openjdk-$jdk_feature-jdk)
  Fedora                dnf install java-$jdk_feature-openjdk-devel
or set JAVA_HOME to one that is elsewhere.
EOF
}
