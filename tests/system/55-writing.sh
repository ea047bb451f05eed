#!/usr/bin/env bash
# The system that docs/writing-services.md builds runs, its tests pass, and what it quotes of the shop stands there.
. "$(dirname "$0")/common.bash"

run_document "$root/docs/writing-services.md"
[ "$ran" -ge 7 ] || fail "only $ran blocks were found"
said '"detail":"Ann has it"'
said '[{"isbn":"1","title":"Emma","year":1815,"loans":1,"reader":"Ann"}]'
said '[{"name":"Ann","loans":1}]'
said 'BooksTest  1 passed'

# Code that cannot read what is stored is not started.
stop
sed -i.old 's/record Borrowed(String reader)/record Borrowed(String name)/' "$tmp/work/library/books/Books.java"
code=0
"$WEFT" dev "$tmp/work/library" --no-watch --data "$tmp/data" --port "$(free_port)" --admin-port "$(free_port)" >"$tmp/out" 2>&1 </dev/null || code=$?
equal "the exit code of a system that cannot read its events" 1 "$code"
grep -q 'event "borrowed" of stream book-1 at position 2 of the log of books does not fit Books$Borrowed: name is missing' "$tmp/out" ||
    fail "it does not say which event cannot be read: $(cat "$tmp/out")"
echo "$ran blocks ran; a changed event is told before the start"
