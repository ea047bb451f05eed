#!/usr/bin/env bash
# All that the gateway does at its door, at once, as docs/gateway.md says it: TLS, proxies, CORS, rates, tokens, limits, streams, log.
# Needs openssl.
. "$(dirname "$0")/common.bash"

system=$tmp/system
mkdir -p "$system"/{door,tls}
tls=$(free_port)

new_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
        -addext subjectAltName=DNS:localhost -keyout "$tmp/new-key.pem" -out "$tmp/new-cert.pem" 2>"$tmp/openssl" \
        || fail "no certificate: $(cat "$tmp/openssl")"
    cp "$tmp/new-cert.pem" "$system/tls/cert.pem"
    cp "$tmp/new-key.pem" "$system/tls/key.pem"
}
new_certificate first

# An issuer of tokens: its key as a JWK set, and a token of it.
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$tmp/issuer.pem" 2>/dev/null || fail "no key of an issuer"
modulus=$(openssl rsa -in "$tmp/issuer.pem" -noout -modulus | cut -d= -f2)
n=$(printf "$(printf %s "$modulus" | sed 's/../\\x&/g')" | base64url)
echo "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"one\",\"n\":\"$n\",\"e\":\"AQAB\"}]}" >"$system/keys.json"
token() {
    local text
    text=$(printf %s '{"alg":"RS256","kid":"one"}' | base64url).$(printf %s "$1" | base64url)
    echo "$text.$(printf %s "$text" | openssl dgst -sha256 -sign "$tmp/issuer.pem" | base64url)"
}
soon=$(($(date +%s) + 600))
ann=$(token "{\"iss\":\"me\",\"aud\":\"door\",\"sub\":\"ann\",\"roles\":\"clerk\",\"exp\":$soon}")
late=$(token '{"iss":"me","aud":"door","sub":"ann","exp":1000}')

cat >"$system/weft.yml" <<YML
name: doors
gateway:
  max_body: 100k
  max_headers: 8k
  timeout: 5s
  access_log: on
  streams: {idle: 2s}
  tls: {port: $tls, certificate: tls/cert.pem, key: tls/key.pem}
  proxies: {addresses: [127.0.0.1]}
  cors: {origins: [https://shop.example]}
  rate: {address: 20/1h}
  jwt: {keys: keys.json, issuer: me, audience: door, open: ["GET /open/{rest...}", GET /events]}
YML
echo "name: door" >"$system/door/service.yml"
cat >"$system/door/Door.java" <<'JAVA'
import module dev.weft.app;
import java.io.InputStream;

void main(String... args) {
    Weft.run(App.named("door").routes(Routes.of(
        Route.get("/who", it -> Response.text(Context.current().caller().subject() + " " + it.headers().get("Forwarded").orElse(""))),
        Route.get("/open/{name}", it -> Response.text("open " + it.variable("name"))),
        Route.post("/length", it -> Response.text("" + it.body().bytes().length)),
        Route.get("/events", it -> Response.of(200).header("Content-Type", "text/event-stream")
            .with(Body.of(new Events(), OptionalLong.empty()))))), args);
}

/** Three events, then nothing. */
static final class Events extends InputStream {
    private int said;

    @Override
    public int read(byte[] into, int offset, int most) {
        if (most == 0) return 0;
        try {
            Thread.sleep(said < 3 ? 100 : 600_000);
        } catch (InterruptedException e) {
            return -1;
        }
        var event = ("data: " + ++said + "\n\n").getBytes();
        System.arraycopy(event, 0, into, offset, event.length);
        return event.length;
    }

    @Override
    public int read() {
        throw new UnsupportedOperationException();
    }
}
JAVA

start "$system"
plain=$WEFT_GATEWAY
secure=https://localhost:$tls
export CURL_CA_BUNDLE=$system/tls/cert.pem

# Both ports lead to the same services; which one it was, they are told.
WEFT_GATEWAY=$secure
ask GET /_weft/health; is 200; has '"state":"ready"'
ask GET /who '' "Authorization: Bearer $ann" 'X-Forwarded-For: 203.0.113.9'
is 200; has 'ann for=203.0.113.9;'; has 'proto=https'
equal "the trace's length" 32 "$(header Weft-Trace | tr -d '\n' | wc -c | tr -d ' ')"
WEFT_GATEWAY=$plain
ask GET /who '' "Authorization: Bearer $ann" 'X-Forwarded-For: 203.0.113.9'; is 200; has 'proto=http'
for version in 1.2 1.3; do
    curl -s --tlsv$version --tls-max $version "$secure/open/x" | grep -q '^open x$' || fail "TLS $version"
done
[ "$(curl -s -o "$tmp/body" -w '%{http_code}' "http://localhost:$tls/open/x")" = 400 ] || fail "plain HTTP on the port of TLS"
grep -q 'speaks HTTPS only' "$tmp/body" || fail "who speaks plain HTTP is not told: $(cat "$tmp/body")"

# Tokens.
WEFT_GATEWAY=$secure
ask GET /who '' 'X-Forwarded-For: 203.0.113.9'; is 401; has unauthenticated
ask GET /who '' "Authorization: Bearer $late" 'X-Forwarded-For: 203.0.113.9'; is 401; has expired
ask GET /open/y '' 'X-Forwarded-For: 203.0.113.9'; is 200; has 'open y'

# CORS.
ask OPTIONS /who '' 'Origin: https://shop.example' 'Access-Control-Request-Method: GET'; is 204
equal "who may read" https://shop.example "$(header Access-Control-Allow-Origin)"
ask OPTIONS /who '' 'Origin: https://other.example' 'Access-Control-Request-Method: GET'; is 403; has cors-refused
ask GET /open/z '' 'Origin: https://shop.example' 'X-Forwarded-For: 203.0.113.9'; is 200
equal "who may read" https://shop.example "$(header Access-Control-Allow-Origin)"

# Limits.
head -c 100000 /dev/zero >"$tmp/fits"
head -c 200000 /dev/zero >"$tmp/large"
length() {
    curl -s -o "$tmp/body" -w '%{http_code}' -X POST --data-binary "@$1" -H "Authorization: Bearer $ann" \
        -H 'X-Forwarded-For: 203.0.113.8' -H "X-Large: ${2-}" "$secure/length"
}
equal "a body that fits" 200 "$(length "$tmp/fits")"
equal "its length" 100000 "$(cat "$tmp/body")"
equal "a body that is too large" 413 "$(length "$tmp/large")"
equal "headers that are too large" 431 "$(length "$tmp/fits" "$(head -c 9000 "$tmp/fits" | tr '\0' x)")"

# Rates: each address has its own.
codes=$(curl -s -o /dev/null -w '%{http_code}\n' -H 'X-Forwarded-For: 203.0.113.7' "$secure/open/[1-25]" | sort | uniq -c | tr -s ' \n' ' ')
equal "20 of 25 requests" ' 20 200 5 429 ' "$codes"
ask GET /open/x '' 'X-Forwarded-For: 203.0.113.6'; is 200

# Events come as they are sent; silence ends the stream, whole.
curl -sS -N -m 20 "$secure/events" >"$tmp/events" 2>"$tmp/curl" || fail "the stream was cut: $(cat "$tmp/curl")"
equal "the events" 'data: 1 data: 2 data: 3' "$(grep . "$tmp/events" | tr '\n' ' ' | sed 's/ $//')"

# What stands around it all is told to who has the token, not to callers.
"$WEFT" explain gateway >"$tmp/explained" || fail "weft explain gateway"
for line in 'timeout .*5 s .*gateway:' 'rate.address.quota .*20 .*gateway:' 'jwt.issuer .*me' 'retry.attempts .*3 .*default' 'door-.*closed'; do
    grep -q -e "$line" "$tmp/explained" || fail "no $line in what the gateway explains: $(cat "$tmp/explained")"
done
"$WEFT" explain gateway dor >"$tmp/explained" 2>&1 && fail "the gateway explains how it calls nobody"
grep -q 'no service dor .*did you mean door?' "$tmp/explained" || fail "no hint: $(cat "$tmp/explained")"
ask GET /_weft/explain '' "Authorization: Bearer $ann"; is 404

# The log: one line a request, with the client and the caller, and none for a look at the health.
in_log() { grep -q -e "$1" "$tmp/dev.log"; }
await 10 in_log 'AccessLog: 203.0.113.9 GET /who 200 .* door ann' || fail "no line of the request in the log"
in_log 'no TLS with 127.0.0.1: it was asked in HTTP without TLS' || fail "no line of the plain request in the log"
! in_log 'AccessLog: .*/_weft/health' || fail "a look at the health is in the log"

# A renewed certificate counts without a restart; a bad one does not.
serial() { openssl s_client -connect "localhost:$tls" </dev/null 2>/dev/null | openssl x509 -noout -subject; }
is_second() { serial | grep -q 'CN *= *second'; }
new_certificate second
await 40 is_second || fail "the new certificate is not served: $(serial)"
ask GET /_weft/health; is 200
echo nothing >"$system/tls/key.pem"
await 40 in_log 'the new certificate is not taken, the one before stays: .*there is no key in it' || fail "a bad key is not told"
ask GET /_weft/health; is 200

stop

# What cannot be used stops the start, with its place.
"$WEFT" dev "$system" --data "$tmp/data" >"$tmp/dev.log" 2>&1 </dev/null && fail "it started with a bad key"
in_log 'weft.yml:8: key: .*/tls/key.pem:1: there is no key in it; wanted is PKCS#8' || fail "the bad key is not named"

echo "35-gateway: all well"
