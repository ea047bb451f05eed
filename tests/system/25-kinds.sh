#!/usr/bin/env bash
# Services that are more than Java sources: with dependencies, with a build of their own, in another language. Needs
# python3 for the last.
. "$(dirname "$0")/common.bash"

system=$tmp/system
mkdir -p "$system"/{rows,tool,script}
echo 'name: kinds' >"$system/weft.yml"

# AssertJ, because building Weft has fetched it.
version=$(sed -n 's/.*<assertj.version>\(.*\)<.*/\1/p' "$root/pom.xml")
echo "dependencies: [org.assertj:assertj-core:$version]" >"$system/rows/service.yml"
cat >"$system/rows/Rows.java" <<'EOF'
import static org.assertj.core.api.Assertions.assertThat;
import module dev.weft.app;

void main(String... args) {
    Weft.run(App.named("rows").routes(Routes.of(Route.get("/rows", it -> {
        assertThat(it.path()).isEqualTo("/rows");
        return Response.text("rows one");
    }))), args);
}
EOF

cat >"$system/tool/service.yml" <<'EOF'
build: {command: sh make.sh, jar: made/tool.jar}
EOF
cat >"$system/tool/make.sh" <<'EOF'
set -e
rm -rf out made && mkdir -p out made
"$JAVA_HOME/bin/javac" --module-path "$WEFT_HOME/lib" --add-modules dev.weft.app -d out Tool.java
"$JAVA_HOME/bin/jar" --create --file made/tool.jar --main-class Tool -C out .
EOF
cat >"$system/tool/Tool.java" <<'EOF'
import module dev.weft.app;

void main(String... args) {
    Weft.run(App.named("tool").routes(Routes.of(Route.get("/tool", it -> Response.text("tool one")))), args);
}
EOF

cat >"$system/script/service.yml" <<'EOF'
build: cp server.txt out/server.py
run: {command: [python3, out/server.py]}
routes:
  - GET /script/{name}
EOF
mkdir "$system/script/out"
cat >"$system/script/server.txt" <<'EOF'
import http.server, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("script one " + self.path).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

address = (os.environ["WEFT_HOST"], int(os.environ["WEFT_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
EOF

says() { ask GET "$1" && [ "$status" = 200 ] && [ "$body" = "$2" ]; }
all_say() { says /rows "rows $1" && says /tool "tool $1" && says /script/x "script $1 /script/x"; }
change() { sed -i.bak "s/ $1/ $2/" "$system"/*/*.java "$system/script/server.txt" && rm -f "$system"/*/*.bak; }
in_log() { grep -q -- "$1" "$tmp/dev.log"; }

# What keeps a system from starting is told with its file, and Maven's own words without its advice.
cp "$system/rows/service.yml" "$tmp/right.yml"
echo 'dependencies: [org.assertj:assertj-cor:0]' >"$system/rows/service.yml"
code=0
"$WEFT" dev "$system" --data "$tmp/data" --port "$(free_port)" --admin-port "$(free_port)" >"$tmp/dev.log" 2>&1 || code=$?
equal "exit code of a wrong dependency" 1 "$code"
in_log "rows/service.yml: Maven could not find the dependencies org.assertj:assertj-cor:0" || fail "no dependency named"
! in_log 'Re-run Maven' || fail "advice for users of Maven"
cp "$tmp/right.yml" "$system/rows/service.yml"

jdk_home() { . "$root/build-tools/jdk.sh" && jdk_find && export JAVA_HOME=$jdk; }
jdk_home || fail "no JDK"
unwatched=
start "$system"
all_say one || fail "not all answer"
settle

change one two
await 60 all_say two || fail "not all were replaced"
change two one
await 60 all_say one || fail "a change that is taken back is not"

echo 'exit 3' >>"$system/tool/make.sh"
await 30 in_log 'the build command "sh make.sh" failed with exit code 3' || fail "a failed build is not told"
in_log 'tool: not replaced, the old version keeps running' || fail "not told what runs"
says /tool "tool one" || fail "the old version is gone"
sed -i.bak '$d' "$system/tool/make.sh" && rm "$system/tool/make.sh.bak"
change one two
await 60 all_say two || fail "it does not go on behind a failed build"
failures=$(grep -c 'failed with exit code 3' "$tmp/dev.log")
[ "$failures" -le 3 ] || fail "a failed build starts itself again: $failures times"
stop
