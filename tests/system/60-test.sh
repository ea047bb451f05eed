#!/usr/bin/env bash
# "weft test" runs the tests of a system: the shop's, and those of a system outside of this repository, one of which fails.
. "$(dirname "$0")/common.bash"

"$WEFT" test "$root/examples/shop" >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
grep -q '^CartTest  8 passed  [0-9]* ms$' "$tmp/out" || fail "no line for CartTest: $(cat "$tmp/out")"
grep -q '^3[0-9] passed in [0-9]* ms$' "$tmp/out" || fail "no last line: $(cat "$tmp/out")"
"$WEFT" test "$root/examples/shop" -- 'Cart*checked' >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
grep -q '^1 passed in' "$tmp/out" || fail "not one test of its name: $(cat "$tmp/out")"

# Outside: module imports, a service with tests of its own, a failure.
own=$tmp/own
mkdir -p "$own/purse/tests"
echo "name: own" >"$own/weft.yml"
echo "name: purse" >"$own/purse/service.yml"
cat >"$own/purse/Purse.java" <<'JAVA'
package own;

import module dev.weft.app;

class Purse {
    record Changed(long by) {}

    static final Decider<Long, Long, Changed> PURSE = Decider.of("purse", 0L,
        (amount, held) -> held + amount < 0 ? Decision.reject("too-little", "it holds " + held) : Decision.emit(new Changed(amount)),
        (held, event) -> held + event.by(), EventType.of("changed", Changed.class));

    public static void main(String[] args) {
        Weft.run(App.named("purse").publish(PURSE), args);
    }
}
JAVA
cat >"$own/purse/tests/PurseTest.java" <<'JAVA'
package own;

import module dev.weft.testkit;

class PurseTest {
    @Test
    void it_never_holds_less_than_nothing() {
        Scenario.of(Purse.PURSE).given(new Purse.Changed(5)).when(-6L).thenRejected("too-little");
    }

    @Test
    void it_holds_too_much() {
        Scenario.of(Purse.PURSE).when(6L).then(new Purse.Changed(7));
    }
}
JAVA
code=0
"$WEFT" test "$own" >"$tmp/out" 2>&1 || code=$?
equal "the exit code of a failing test" 1 "$code"
for said in 'PurseTest  1 passed, 1 FAILED' '  it_holds_too_much' 'Changed\[by=7\]' 'at own.PurseTest.it_holds_too_much(PurseTest.java:' '1 passed, 1 FAILED in'; do
    grep -q -- "$said" "$tmp/out" || fail "no '$said' in $(cat "$tmp/out")"
done
[ "$(wc -l <"$tmp/out")" -lt 30 ] || fail "a long report: $(cat "$tmp/out")"
[ -z "$(ls "$own/.weft/build")" ] || fail "left behind: $(ls "$own/.weft/build")"

mv "$own/purse/tests" "$own/purse/none"
mkdir "$own/specs" && echo "tests: specs" >>"$own/weft.yml"
! "$WEFT" test "$own" >"$tmp/out" 2>&1 || fail "no test counts as success"
grep -q "there is no test; tests are the .java files in $own/specs" "$tmp/out" || fail "$(cat "$tmp/out")"
echo "weft test tells passed and failed tests"
