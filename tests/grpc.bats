#!/usr/bin/env bats
# The grpc probe: against grpc-core and grpc-js, and against a server that gives every answer that those never do.

load helper
load certs

# Debian's grpc belongs to Debian's python3.
GRPC_PYTHON=/usr/bin/python3

setup_file() {
    load certs
    make_certs
    PYTHON=$GRPC_PYTHON start_server grpc_server "$BATS_FILE_TMPDIR/grpc" "$CERTS"
    start_server raw_grpc_server "$BATS_FILE_TMPDIR/raw" "$CERTS/good.crt" "$CERTS/good.key"
    start_server tls_nginx "$BATS_FILE_TMPDIR/nginx" "$CERTS"
    start_server tls_server "$BATS_FILE_TMPDIR/tls" "$CERTS/good.crt" "$CERTS/good.key"
    start_tcp_server
    start_http_server
}

teardown_file() { stop_servers; }

# Each row: a verdict, a service, a reason or - for any, a message. Asked of the port $AT.
answers() {
    local verdict service reason message
    while read -r verdict service reason message; do
        says "$verdict" "$message" grpc "127.0.0.1:$AT" --service "$service"
        [ "$reason" = - ] || [ "$(field /reason)" = "$reason" ] || fail "expected reason: $reason"
    done
}

# The last probe's JSON has these in its member grpc.
saw() {
    local member value
    parse_json
    for member in "$@"; do
        value=$(field "/grpc/${member%%=*}") || return
        [ "$value" = "${member#*=}" ] || fail "expected grpc.$member, not $value"
    done
}

# --- real servers ---------------------------------------------------------------------------------

@test "grpc: grpc-core's answers" {
    AT=$GRPC_PORT answers <<ROWS
success SERVING Ok SERVING
failure NOT_SERVING NotServing NOT_SERVING
failure UNKNOWN HealthUnknown UNKNOWN: the server does not know the health of the service 'UNKNOWN'
failure SERVICE_UNKNOWN ServiceUnknown SERVICE_UNKNOWN: the server does not know the service 'SERVICE_UNKNOWN'
failure EMPTY HealthUnknown UNKNOWN: the server does not know the health of the service 'EMPTY'
failure OUT_OF_RANGE BadHealthStatus a health status that the protocol does not have: 42
failure nobody GrpcNotFound NOT_FOUND: the service 'nobody' is not registered: unknown service
failure UNIMPLEMENTED GrpcUnimplemented ~UNIMPLEMENTED: the server has no health service: the words of .*
failure UNAUTHENTICATED GrpcUnauthenticated ~UNAUTHENTICATED: the words of .*
failure PERMISSION_DENIED GrpcPermissionDenied ~PERMISSION_DENIED: the words of .*
failure INTERNAL GrpcInternal ~INTERNAL: the words of .*
failure UNAVAILABLE GrpcUnavailable ~UNAVAILABLE: the words of .*
failure DEADLINE_EXCEEDED GrpcDeadlineExceeded ~DEADLINE_EXCEEDED: the words of .*
failure CANCELLED GrpcCancelled ~CANCELLED: the words of .*
failure RESOURCE_EXHAUSTED GrpcResourceExhausted ~RESOURCE_EXHAUSTED: the words of .*
ROWS
}

@test "grpc: a server without a health service answers before it has the whole request" {
    local i
    for i in {1..10}; do
        says failure '~UNIMPLEMENTED: the server has no health service: .*' grpc "127.0.0.1:$GRPC_EMPTY_PORT"
        [ "$(field /reason)" = GrpcUnimplemented ]
    done
}

@test "grpc: the whole server is asked for where no service is named" {
    local target
    for target in ":$GRPC_PORT" "localhost:$GRPC_PORT" "127.0.0.1:$GRPC_PORT" "unix:$GRPC_SOCKET"; do
        says success SERVING grpc "$target"
    done
    says success SERVING grpc --port "$GRPC_PORT"
    says success SERVING grpc --host 127.0.0.1 --port "$GRPC_PORT" --service ''
    says success SERVING grpc --unix-socket "$GRPC_SOCKET"
}

@test "grpc: JSON says what was seen" {
    probe grpc -o json ":$GRPC_PORT"
    expect_json success SERVING
    saw status=SERVING code=0 httpStatus=200
    timings_are resolve connect firstByte
    [ "$(field /target)" = "localhost:$GRPC_PORT" ]
    probe grpc -o json ":$GRPC_PORT" --service NOT_SERVING
    saw status=NOT_SERVING code=0
    probe grpc -o json ":$GRPC_PORT" --service UNAUTHENTICATED
    saw code=16 codeName=UNAUTHENTICATED 'message=the words of 50 % of servers, ä\n'
    if grep -q '^/grpc/status=' <<<"$JSON"; then fail 'expected no status'; fi
}

@test "grpc: the server is told the deadline, and what it says at the deadline is no answer" {
    : >"$CALLS"
    probe grpc -t 90s ":$GRPC_PORT"
    is_status 0
    local left
    left=$(sed -n 's/^(time-remaining-ms: \(.*\))$/\1/p' "$CALLS")
    ((left > 80000 && left <= 90000)) || fail "the server was told $left ms"
    # It gives up a moment before or after we do.
    probe grpc -t 300ms -o json ":$GRPC_PORT" --service sleep
    expect_json unknown '~no answer within 300ms: .*'
    [ "$(field /reason)" = Timeout ]
    within $((300 + SLACK_MS))
    # A deadline of its own, long before ours, is its answer.
    probe grpc -t 5s ":$GRPC_PORT" --service DEADLINE_EXCEEDED
    expect_text failure '~DEADLINE_EXCEEDED: .*'
    within 3000
}

@test "grpc: metadata" {
    : >"$CALLS"
    probe grpc ":$GRPC_PORT" -H 'X-Upper: 1' -H 'authorization: Bearer hidden' -H 'two: 1' -H 'two: 2' -H 'empty:' \
        -H 'data-bin: AAEC'
    is_status 0
    local line
    for line in 'x-upper: 1' 'authorization: Bearer hidden' 'two: 1' 'two: 2' 'empty: ' \
        "data-bin: b'\\x00\\x01\\x02'" "user-agent: probectl/$("$PROBECTL" --version | cut -d' ' -f2)"; do
        grep -qFx -- "$line" "$CALLS" || fail "the server did not see $line but $(cat "$CALLS")"
    done
    : >"$CALLS"
    probe grpc ":$GRPC_PORT" -H 'user-agent: mine'
    grep -qFx 'user-agent: mine' "$CALLS" || fail "the server saw $(cat "$CALLS")"
    # By flag it takes the place of what a spec gave by that name.
    : >"$CALLS"
    probe -f '{"grpc":{"port":'"$GRPC_PORT"',"metadata":[{"name":"One","value":"1"},{"name":"two","value":"2"}]}}' \
        -H 'one: 3' -H 'one: 4'
    [ "$(grep -Ex '(one|two): .*' "$CALLS" | sort)" = $'one: 3\none: 4\ntwo: 2' ] ||
        fail "the server saw $(cat "$CALLS")"
}

@test "grpc: metadata and authority that cannot be" {
    expect_usage "grpc: metadata 'grpc-timeout': this name belongs to the protocol" \
        grpc ":$GRPC_PORT" -H 'grpc-timeout: 1S'
    expect_usage "~-H needs the form .*" grpc ":$GRPC_PORT" -H ':path: /x'
    expect_usage "~-H .*control character.*" grpc ":$GRPC_PORT" -H $'x: a\r\ny: b'
    expect_usage '--authority has a character that HOST:PORT cannot have' grpc ":$GRPC_PORT" --authority 'a b'
    expect_usage '--authority is too long: 300 bytes at most' \
        grpc ":$GRPC_PORT" --authority "$(printf 'a%.0s' {1..301})"
    probe grpc ":$GRPC_PORT" --authority "$(printf 'a%.0s' {1..300})"
    is_status 0
}

# What nginx, which has no health service, saw of the request.
nginx_saw() {
    : >"$NGINX_LOG"
    probe grpc "$@"
    is_status 1
    wait_until test -s "$NGINX_LOG"
    cut -d' ' -f3,5,7- "$NGINX_LOG"
}

@test "grpc: the request, to the letter" {
    local seen path='POST /grpc.health.v1.Health/Check te=trailers type=application/grpc timeout='
    seen=$(nginx_saw "127.0.0.1:$NGINX_H2C_PORT")
    [[ $seen =~ ^"127.0.0.1:$NGINX_H2C_PORT - $path"[0-9]+m$ ]] || fail "it saw: $seen"
    seen=$(nginx_saw "127.0.0.1:$NGINX_H2C_PORT" --authority else.test:81)
    [[ $seen =~ ^"else.test:81 - $path"[0-9]+m$ ]] || fail "it saw: $seen"
    need_tls
    seen=$(nginx_saw "localhost:$NGINX_H2_PORT" --tls)
    [[ $seen =~ ^"localhost:$NGINX_H2_PORT localhost $path"[0-9]+m$ ]] || fail "it saw: $seen"
    # SNI is the server's name, :authority remains where the call goes, or what it is told.
    seen=$(nginx_saw "localhost:$NGINX_H2_PORT" --tls --server-name name.test)
    [[ $seen =~ ^"localhost:$NGINX_H2_PORT name.test $path"[0-9]+m$ ]] || fail "it saw: $seen"
    seen=$(nginx_saw "localhost:$NGINX_H2_PORT" --tls --server-name name.test --authority else.test)
    [[ $seen =~ ^"else.test name.test $path"[0-9]+m$ ]] || fail "it saw: $seen"
    seen=$(nginx_saw "unix:$NGINX_TLS_SOCKET" --tls)
    [[ $seen =~ ^"localhost localhost $path"[0-9]+m$ ]] || fail "it saw: $seen"
}

@test "grpc: grpc-core with TLS" {
    need_tls
    says success SERVING grpc --tls ":$GRPC_TLS_PORT"
    [ "$(field /grpc/verified)" = false ]
    says success SERVING grpc --tls ":$GRPC_TLS_PORT" --cacert "$CERTS/ca.crt"
    [ "$(field /grpc/verified)" = true ]
    [ "$(field /grpc/tlsProtocol)" = h2 ]
    says failure "~the certificate's issuer is not trusted .*" \
        grpc --tls ":$GRPC_TLS_PORT" --cacert "$CERTS/other-ca.crt"
    says failure '~the certificate is not for else.test but for localhost, .*' \
        grpc --tls ":$GRPC_TLS_PORT" --cacert "$CERTS/ca.crt" --server-name else.test
}

@test "grpc: grpc-core with mutual TLS" {
    need_tls
    local mine=(--cert "$CERTS/client.crt" --key "$CERTS/client.key")
    says success SERVING grpc --tls ":$GRPC_MTLS_PORT" --cacert "$CERTS/ca.crt" "${mine[@]}"
    # Certificate and key in one file.
    says success SERVING grpc --tls ":$GRPC_MTLS_PORT" --cert "$CERTS/client.pem"
    says failure '~the server .* a client certificate.*: give --cert and --key.*' grpc --tls ":$GRPC_MTLS_PORT"
    [ "$(field /reason)" = ClientCertificateRequired ]
    # grpc-core closes without an alert: the certificate that we showed is why.
    says failure '~.*client certificate.*' grpc --tls ":$GRPC_MTLS_PORT" \
        --cert "$CERTS/stranger.crt" --key "$CERTS/stranger.key"
}

@test "grpc: plaintext to a TLS port, and the reverse" {
    # One that just closes, one that says so by an alert, one that says so in HTTP/1.
    says failure 'the connection was closed without an answer: does the server want TLS?' grpc ":$GRPC_TLS_PORT"
    local i
    for i in {1..4}; do
        says failure 'the server speaks TLS on this port: use https:// or --tls' grpc ":$TLS_STRICT_PORT"
        [ "$(field /reason)" = TlsExpected ]
    done
    says failure 'the server does not speak HTTP/2: it answers in HTTP/1' grpc ":$NGINX_TLS13_PORT"
    need_tls
    for i in {1..4}; do
        says failure 'the server does not speak TLS: it answers in plain text' grpc --tls ":$TLS_BANNER_PORT"
    done
    says failure 'the server does not speak TLS: it answers in plain text' grpc --tls ":$GRPC_PORT"
    [ "$(field /reason)" = NotTls ]
}

@test "grpc: servers that are no gRPC servers" {
    local i
    # However fast the answer is.
    for i in {1..4}; do
        says failure 'the server does not speak HTTP/2: it answers in HTTP/1' grpc "$HTTP"
        [ "$(field /reason)" = Http2Missing ]
        says failure 'the server does not speak HTTP/2: it answers in HTTP/1' grpc ":$NGINX_PORT"
    done
    says failure "~(not gRPC: content-type 'text/plain'|the server broke the response off).*" grpc ":$NGINX_H2C_PORT"
    says failure '~.+' grpc "127.0.0.1:$GREET_PORT"
    says failure '~.+' grpc "127.0.0.1:$CLOSE_PORT"
    says failure '~.+' grpc "127.0.0.1:$RESET_PORT"
    says failure "dial tcp 127.0.0.1:$REFUSED_PORT: connection refused" grpc "127.0.0.1:$REFUSED_PORT"
    reason_is ConnectionRefused
    timings_are resolve
    need_tls
    says failure '~not gRPC: the server answers in HTTP/1.*, it does not choose h2 by ALPN' \
        grpc --tls "127.0.0.1:$HTTPS_PORT"
    [ "$(field /reason)" = Http2Missing ]
    says failure '~not gRPC: the server answers in HTTP/1.*, it does not choose h2 by ALPN' \
        grpc --tls ":$NGINX_TLS13_PORT"
}

@test "grpc: silence is unknown, at the deadline" {
    expect_deadline 300 grpc "127.0.0.1:$SILENT_PORT"
    expect_deadline 200 grpc "127.0.0.1:$FULL_PORT"
    probe grpc -t 100ms --timeout-as failure "127.0.0.1:$SILENT_PORT"
    expect_text failure "no answer within 100ms: connected to 127.0.0.1:$SILENT_PORT, no response"
    need_tls
    expect_deadline 200 grpc --tls "127.0.0.1:$SILENT_PORT"
}

@test "grpc: grpc-js" {
    if ! command -v npm >/dev/null || ! command -v node >/dev/null; then skip 'npm is not there'; fi
    install_grpc_js
    start_js_server
    AT=$JS_PORT answers <<ROWS
success SERVING Ok SERVING
failure NOT_SERVING NotServing NOT_SERVING
failure SERVICE_UNKNOWN ServiceUnknown SERVICE_UNKNOWN: the server does not know the service 'SERVICE_UNKNOWN'
failure nobody GrpcNotFound NOT_FOUND: the service 'nobody' is not registered: unknown service
ROWS
    AT=$JS_EMPTY_PORT answers <<ROWS
failure x GrpcUnimplemented ~UNIMPLEMENTED: the server has no health service: .*
ROWS
    says failure '~.*TLS.*' grpc ":$JS_TLS_PORT"
    need_tls
    says success SERVING grpc --tls ":$JS_TLS_PORT" --cacert "$CERTS/ca.crt" --service SERVING
    says success SERVING grpc --tls ":$JS_MTLS_PORT" --cert "$CERTS/client.pem" --service SERVING
    says failure '~the server .* a client certificate.*: give --cert and --key.*' grpc --tls ":$JS_MTLS_PORT"
    says failure '~.+' grpc --tls ":$JS_PORT"
}

# Once for all runs, below build/.
install_grpc_js() {
    GRPC_JS=$(realpath -m "$TESTS/../build/npm")
    [ -d "$GRPC_JS/node_modules/@grpc/grpc-js" ] ||
        npm install --prefix "$GRPC_JS" --no-audit --no-fund --no-save --loglevel=error '@grpc/grpc-js@^1.12' 3>&- ||
        fail 'npm could not install @grpc/grpc-js'
}

# The helper's start_server runs Python; this is its like for node.
start_js_server() {
    local dir=$BATS_FILE_TMPDIR/servers words word
    NODE_PATH=$GRPC_JS/node_modules node "$TESTS/servers/grpc_server.js" "$CERTS" \
        </dev/null >"$dir/js.ready" 2>"$dir/js.err" 3>&- &
    echo $! >"$dir/js.pid"
    wait_until read_ready "$dir/js.ready" || fail "the server did not start: $(cat "$dir/js.err")"
    for word in "${words[@]:1}"; do
        export "${word?}"
    done
}

# --- answers that no library gives ----------------------------------------------------------------

@test "grpc: answers in every form that a good one may have" {
    AT=$RAW_PORT answers <<ROWS
success serving Ok SERVING
success unknown-fields Ok SERVING
success status-twice Ok SERVING
success subtype Ok SERVING
success interim Ok SERVING
success padded Ok SERVING
success empty-frames Ok SERVING
success strange-frames Ok SERVING
success goaway-first Ok SERVING
success goaway-after Ok SERVING
success close-after Ok SERVING
success rst-after Ok SERVING
success split:1 Ok SERVING
success split:3 Ok SERVING
success drip:1 Ok SERVING
success headers-kib:10 Ok SERVING
ROWS
    # More than libcurl hands on at once.
    local service
    for service in headers-kib:{16,50,100} trailers-kib:{20,100} long-message:{65536,4194304}; do
        probe grpc -t 5s "127.0.0.1:$RAW_PORT" --service "$service"
        expect_text success SERVING
        within 2000
    done
}

@test "grpc: health statuses" {
    AT=$RAW_PORT answers <<ROWS
failure not-serving NotServing NOT_SERVING
failure unknown HealthUnknown UNKNOWN: the server does not know the health of the service 'unknown'
failure service-unknown ServiceUnknown SERVICE_UNKNOWN: the server does not know the service 'service-unknown'
failure empty-message HealthUnknown UNKNOWN: the server does not know the health of the service 'empty-message'
failure out-of-range BadHealthStatus a health status that the protocol does not have: 42
failure negative BadHealthStatus a health status that the protocol does not have: -1
ROWS
}

@test "grpc: the server as a whole is named as such" {
    local answer message
    while read -r answer message; do
        echo "$answer" >"$BATS_FILE_TMPDIR/raw.default"
        says failure "$message" grpc "127.0.0.1:$RAW_PORT"
    done <<ROWS
unknown UNKNOWN: the server does not know the health of the server as a whole (no --service was given)
service-unknown SERVICE_UNKNOWN: the server does not know the server as a whole (no --service was given)
code:5 NOT_FOUND: the server as a whole (no --service was given) is not registered: the words of 5
ROWS
    rm "$BATS_FILE_TMPDIR/raw.default"
}

@test "grpc: every status code, in trailers and without a message before them" {
    local names=(OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED
        RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS
        UNAUTHENTICATED) code
    local reasons=(Ok GrpcCancelled GrpcUnknown GrpcInvalidArgument GrpcDeadlineExceeded GrpcNotFound GrpcAlreadyExists
        GrpcPermissionDenied GrpcResourceExhausted GrpcFailedPrecondition GrpcAborted GrpcOutOfRange GrpcUnimplemented
        GrpcInternal GrpcUnavailable GrpcDataLoss GrpcUnauthenticated)
    for code in {1..16}; do
        probe grpc -o json "127.0.0.1:$RAW_PORT" --service "code:$code"
        expect_json failure "~${names[code]}: .*the words of $code"
        saw "code=$code" "codeName=${names[code]}" "message=the words of $code"
        reason_is "${reasons[code]}"
    done
    for code in 1 5 12 16; do
        probe grpc "127.0.0.1:$RAW_PORT" --service "trailers-only:$code"
        expect_text failure "~${names[code]}: .*no"
    done
    # Codes that nobody knows are UNKNOWN, as for other clients.
    for code in 17 99 -1 abc; do
        says failure "UNKNOWN: the words of $code" grpc "127.0.0.1:$RAW_PORT" --service "code:$code"
        [ "$(field /reason)" = GrpcUnknown ]
    done
    AT=$RAW_PORT answers <<ROWS
failure code-over-serving GrpcUnavailable UNAVAILABLE: going away
failure code-over-flaw GrpcInternal INTERNAL: oops
failure 503-with-status GrpcUnavailable UNAVAILABLE: busy
ROWS
}

@test "grpc: a server's words are decoded, and safe to print" {
    probe grpc "127.0.0.1:$RAW_PORT" --service message-encoded
    expect_text failure 'UNAVAILABLE: 50% of €\n\x1b[31m%zz%4'
    probe grpc -o json "127.0.0.1:$RAW_PORT" --service message-encoded
    saw 'message=50% of €\n\u001b[31m%zz%4'
    says failure '~UNAVAILABLE: caf.*' grpc "127.0.0.1:$RAW_PORT" --service message-raw
    says failure '~UNAVAILABLE: long long .*' grpc "127.0.0.1:$RAW_PORT" --service message-long
    says failure '~not gRPC: content-type .*' grpc "127.0.0.1:$RAW_PORT" --service type-with-controls
    probe grpc -v "127.0.0.1:$RAW_PORT" --service message-encoded
    if tr -d '\n' <"$out" | LC_ALL=C grep -q '[[:cntrl:]]'; then fail 'a control character was printed'; fi
    # The user's own words too.
    probe grpc ":$GRPC_PORT" --service $'\e[31m'
    expect_text failure "NOT_FOUND: the service '\\x1b[31m' is not registered: unknown service"
}

@test "grpc: messages that are none" {
    local malformed='malformed response: the message is not a HealthCheckResponse'
    AT=$RAW_PORT answers <<ROWS
failure compressed MessageCompressed malformed response: the message is compressed, which was not offered
failure flag-2 MalformedResponse $malformed
failure too-long MessageTooLong malformed response: the message is longer than 4 MiB
failure longest-there-is MessageTooLong malformed response: the message is longer than 4 MiB
failure two-messages SecondMessage malformed response: there are two messages where one belongs
failure not-protobuf MalformedResponse $malformed
failure field-beyond MalformedResponse $malformed
failure cut-varint MalformedResponse $malformed
failure no-message MessageMissing malformed response: status OK, but no message
failure no-message-at-all MessageMissing malformed response: status OK, but no message
failure cut-message TruncatedResponse the response was cut short: its message does not end
failure cut-head TruncatedResponse the response was cut short: its message does not end
failure endless-data SecondMessage malformed response: there are two messages where one belongs
ROWS
}

@test "grpc: answers that are none" {
    AT=$RAW_PORT answers <<ROWS
failure no-trailers GrpcStatusMissing the response was cut short: it has no grpc-status
failure headers-only GrpcStatusMissing the response was cut short: it has no grpc-status
failure 404 UnexpectedStatus not gRPC: HTTP status 404 without a grpc-status
failure 502 UnexpectedStatus not gRPC: HTTP status 502 without a grpc-status
failure 404-grpc UnexpectedStatus not gRPC: HTTP status 404 without a grpc-status
failure 503-serving UnexpectedStatus not gRPC: HTTP status 503
failure html-serving NotGrpc not gRPC: content-type 'text/html'
failure html NotGrpc not gRPC: content-type 'text/html'
failure no-type NotGrpc not gRPC: no content-type
ROWS
}

# The server speaks HTTP/2, so whatever goes wrong then, no missing TLS is to blame.
breaks() {
    local service message
    while read -r service message; do
        says failure "$message" grpc "127.0.0.1:$RAW_PORT" --service "$service"
        message=$(field /message)
        [[ $message != *TLS* ]] || fail 'TLS has no part in it'
    done
}

@test "grpc: streams that the server breaks off" {
    breaks <<ROWS
rst:2 ~.*INTERNAL_ERROR.*
rst:8 ~.*CANCEL.*
rst:11 ~.*ENHANCE_YOUR_CALM.*
rst-late:2 ~.*INTERNAL_ERROR.*
tcp-reset connection reset by peer
close ~.+
close-in-message ~the response was cut short.*
close-before-trailers ~the response was cut short.*
close-in-frame ~the response was cut short.*
ROWS
}

@test "grpc: a server that sends us away is not asked again" {
    : >"$RAW_REQUESTS"
    breaks <<ROWS
rst:7 ~.+
rst:13 ~.+
goaway ~(the server ended the HTTP/2 connection before its answer, or broke its rules|the server turned the request away).*
goaway-calm ~(the server ended the HTTP/2 connection before its answer, or broke its rules|the server turned the request away).*
ROWS
    [ "$(wc -l <"$RAW_REQUESTS")" -eq 4 ] || fail "asked for $(cat "$RAW_REQUESTS")"
}

@test "grpc: HTTP/2 that is none" {
    breaks <<ROWS
upper-case ~.*(PROTOCOL_ERROR|not closed cleanly|malformed response).*
no-status ~.*(PROTOCOL_ERROR|not closed cleanly|malformed response).*
bad-hpack ~.+
stay:bad-hpack ~.+
data-on-0 ~.+
data-first ~.+
not-frames ~.+
frame-too-long ~.+
ROWS
}

@test "grpc: too many headers are no answer" {
    local service
    for service in headers-kib:300 trailers-kib:300 endless-headers; do
        probe grpc -o json "127.0.0.1:$RAW_PORT" --service "$service"
        expect_json unknown '~no answer: .*headers.*'
        [ "$(field /reason)" = HeadersTooLarge ]
    done
}

@test "grpc: an answer that does not come to its end" {
    expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service silence
    expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service silence:headers
    expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service silence:part
    expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service silence:message
    expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service drip:50
    expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service pings
}

@test "grpc: a peer that never pauses is no way past the deadline, nor past a signal" {
    local kind pid started
    for kind in update update-0 unknown priority data; do
        expect_deadline 200 grpc "127.0.0.1:$RAW_PORT" --service "flood:$kind"
        # The server looks for the service behind seven bytes.
        expect_deadline 200 http --http2 --data "1234567flood:$kind" "127.0.0.1:$RAW_PORT"
        : >"$BATS_FILE_TMPDIR/raw"
        "$PROBECTL" grpc -t 20s "127.0.0.1:$RAW_PORT" --service "flood:$kind" >"$BATS_TEST_TMPDIR/out" 3>&- &
        pid=$! status=0
        wait_until grep -q flood "$BATS_FILE_TMPDIR/raw"
        started=$(now_ms)
        kill -TERM "$pid"
        wait "$pid" || status=$?
        elapsed=$(($(now_ms) - started))
        is_status 2
        within "$SLACK_MS"
        grep -q '^unknown: .*interrupted by SIGTERM' "$BATS_TEST_TMPDIR/out"
    done
}

# the_same TARGET... - some of the answers again.
the_same() {
    says success SERVING grpc "$@" --service split:1
    says success SERVING grpc "$@" --service goaway-first
    says success SERVING grpc "$@" --service goaway-after
    says success SERVING grpc "$@" --service close-after
    says failure NOT_SERVING grpc "$@" --service not-serving
    says failure '~NOT_FOUND: .*' grpc "$@" --service trailers-only:5
    says failure '~the response was cut short.*' grpc "$@" --service close-before-trailers
    says failure '~not gRPC: HTTP status 502.*' grpc "$@" --service 502
    expect_deadline 200 grpc "$@" --service silence:message
}

@test "grpc: the same answers over a Unix socket" {
    the_same "unix:$RAW_SOCKET"
}

@test "grpc: the same answers over TLS" {
    need_tls
    the_same --tls "127.0.0.1:$RAW_TLS_PORT"
    # No ALPN, no HTTP/2: what is spoken over TLS has to be agreed on.
    says failure '~.*ALPN.*' grpc --tls "127.0.0.1:$RAW_NOALPN_PORT" --service serving
}

@test "grpc: by flags and by JSON the same" {
    equal <<ROWS
{"grpc":{"port":$GRPC_PORT}} grpc :$GRPC_PORT
{"grpc":{"port":$GRPC_PORT,"service":"NOT_SERVING"},"timeoutSeconds":2} grpc :$GRPC_PORT --service NOT_SERVING -t 2s
{"grpc":{"port":$GRPC_PORT,"host":"127.0.0.1","metadata":[{"name":"a","value":"b"}],"service":"x"}} grpc 127.0.0.1:$GRPC_PORT -H a:b --service x
{"grpc":{"port":$NGINX_H2C_PORT,"authority":"a.test"}} grpc :$NGINX_H2C_PORT --authority a.test
{"grpc":{"unixSocket":"$GRPC_SOCKET"}} grpc unix:$GRPC_SOCKET
{"grpc":{"port":$REFUSED_PORT}} grpc :$REFUSED_PORT
ROWS
    need_tls
    equal <<ROWS
{"grpc":{"port":$GRPC_TLS_PORT,"tls":true,"cacert":"$CERTS/ca.crt","serverName":"localhost","certDays":3}} grpc :$GRPC_TLS_PORT --tls --cacert $CERTS/ca.crt --server-name localhost --cert-days 3
{"grpc":{"port":$GRPC_MTLS_PORT,"tls":true,"cert":"$CERTS/client.crt","key":"$CERTS/client.key"}} grpc :$GRPC_MTLS_PORT --tls --cert $CERTS/client.crt --key $CERTS/client.key
ROWS
}
