#!/usr/bin/env bats
# HTTP/2 for http, and --connect.

load helper
load certs

setup_file() {
    make_certs
    start_server tls_nginx "$BATS_FILE_TMPDIR/nginx" "$CERTS"
    start_server raw_grpc_server "$BATS_FILE_TMPDIR/raw" "$CERTS/good.crt" "$CERTS/good.key"
    start_http_server
    export CA=$CERTS/ca.crt
}

teardown_file() { stop_servers; }

setup() { : >"$NGINX_LOG"; }

logged() { [ "$(wc -l <"$NGINX_LOG")" -ge "$1" ]; }

# saw FIELDS LINE... - these fields of nginx's log, all lines of it.
saw() {
    local fields=$1 seen
    shift
    wait_until logged $# || fail "expected $# requests"
    seen=$(cut -d' ' -f"$fields" "$NGINX_LOG")
    [ "$seen" = "$(printf '%s\n' "$@")" ] || fail "it saw: $seen"
}

@test "http2: with prior knowledge on http, by ALPN on https" {
    says success '~200.*' http --http2 "http://localhost:$NGINX_H2C_PORT/"
    probe http -v --http2 "http://localhost:$NGINX_H2C_PORT/"
    [[ $output == *'HTTP/2 200'* ]] || fail 'expected the protocol in -v'
    saw 2 HTTP/2.0 HTTP/2.0
    need_tls
    says success '~200.*' http --http2 "https://localhost:$NGINX_H2_PORT/"
    [ "$(field /http/tlsProtocol)" = h2 ]
    [ "$(field /warning)" = null ]
    says success '~200.*' http --http2 "https://localhost:$NGINX_H2_PORT/" --cacert "$CA"
    [ "$(field /http/verified)" = true ]
    saw 2 HTTP/2.0 HTTP/2.0 HTTP/2.0 HTTP/2.0
}

@test "http2: only where it is asked for" {
    need_tls
    says success '200 OK' http "https://localhost:$NGINX_H2_PORT/"
    saw 2 HTTP/1.1
}

@test "http2: a server without it" {
    local i
    # However fast the answer is.
    for i in {1..3}; do
        says failure '~.*HTTP/1.*' http --http2 "http://localhost:$NGINX_PORT/"
        [ "$(field /reason)" = Http2Missing ]
        says failure '~.*HTTP/1.*' http --http2 "http://$HTTP/"
    done
    need_tls
    # With TLS there is a choice, and a warning.
    : >"$NGINX_LOG"
    expect success '~200 OK.*' http --http2 "https://localhost:$NGINX_TLS13_PORT/"
    [ "$(field /warning)" = 'HTTP/2 was asked for, the server chose HTTP/1.1' ]
    saw 2 HTTP/1.1 HTTP/1.1
    says success '~200 OK.*' http --http2 "https://127.0.0.1:$HTTPS_PORT/"
    [ "$(field /warning)" = 'HTTP/2 was asked for, the server chose HTTP/1.1' ]
}

@test "http2: a server that speaks nothing else" {
    says failure 'the server speaks HTTP/2 on this port: use --http2' http "http://localhost:$NGINX_H2C_PORT/"
    reason_is Http2Expected
}

@test "http2: statuses, redirects, methods and bodies" {
    local verdict path message
    while read -r verdict path message; do
        says "$verdict" "$message" http --http2 "http://localhost:$NGINX_H2C_PORT$path"
    done <<ROWS
success /status/204 ~204.*
failure /status/404 HTTP probe failed with statuscode: 404
failure /status/503 HTTP probe failed with statuscode: 503
success /redirect ~200.*
success /body/0 ~200.*
success /body/10240 ~200.*
success /body/100000 ~200.*
ROWS
    [ "$(field /http/bodyBytes)" = 10240 ]
    [ "$(field /http/bodyCut)" = true ]
    : >"$NGINX_LOG"
    says success '~200.*' http --http2 -X HEAD "http://localhost:$NGINX_H2C_PORT/body/10240"
    # nginx answers before it has read the body.
    local i
    for i in {1..5}; do
        says success '~200.*' http --http2 --data a=1 "http://localhost:$NGINX_H2C_PORT/"
    done
    wait_until logged 6 || fail 'expected six requests'
    [ "$(cut -d' ' -f7 "$NGINX_LOG" | sort | uniq -c | tr -s ' \n' ' ')" = ' 1 HEAD 5 POST ' ] ||
        fail "it saw: $(cat "$NGINX_LOG")"
}

@test "http2: Host is :authority" {
    probe http --http2 "http://localhost:$NGINX_H2C_PORT/" -H 'Host: other.test:81'
    saw 2,3 'HTTP/2.0 other.test:81'
    need_tls
    : >"$NGINX_LOG"
    probe http --http2 "https://localhost:$NGINX_H2_PORT/" -H 'Host: other.test'
    probe http --http2 "https://localhost:$NGINX_H2_PORT/" --server-name name.test
    saw 2,3,5 'HTTP/2.0 other.test localhost' "HTTP/2.0 localhost:$NGINX_H2_PORT name.test"
}

# The raw server takes the seven bytes before it for the head of a message.
raw() {
    local verdict=$1 message=$2 answer=$3
    shift 3
    says "$verdict" "$message" http --http2 --data ".......$answer" "http://127.0.0.1:$RAW_PORT/" "$@"
}

@test "http2: answers of every kind" {
    raw success '~200.*' serving
    raw success '~200.*' interim
    raw success '~200.*' drip:1
    timings_are resolve connect firstByte
    # The server's settings, which come before, are no byte of the answer: that has nine bytes before its headers.
    timing_at_least firstByte 9
    raw success '~200.*' padded
    raw success '~200.*' strange-frames
    raw success '~200.*' endless-data
    raw failure 'HTTP probe failed with statuscode: 404' 404
    local kib
    for kib in 16 20 30 50 100; do
        probe http -t 5s --http2 --data ".......headers-kib:$kib" "http://127.0.0.1:$RAW_PORT/"
        expect_text success '~200.*'
        within 2000
    done
}

@test "http2: answers that break off" {
    local answer
    for answer in rst:2 rst:7 rst:13 rst-late:2 goaway close close-in-message tcp-reset upper-case no-status bad-hpack \
        data-first not-frames; do
        raw failure '~.+' "$answer"
        [[ $(field /message) != *TLS* ]] || fail 'TLS has no part in it'
    done
    raw failure '~.*INTERNAL_ERROR.*' rst:2
}

@test "http2: answers that do not end" {
    expect_deadline 200 http --http2 --data .......silence "http://127.0.0.1:$RAW_PORT/"
    probe http --http2 -t 100ms -o json --data .......silence "http://127.0.0.1:$RAW_PORT/"
    parse_json
    timings_are resolve connect
    expect_deadline 200 http --http2 --data .......silence:part "http://127.0.0.1:$RAW_PORT/"
    expect_deadline 200 http --http2 --data .......pings "http://127.0.0.1:$RAW_PORT/"
    raw unknown '~no answer: .*headers.*' endless-headers
    [ "$(field /reason)" = HeadersTooLarge ]
}

@test "connect: elsewhere, with the name of the URL" {
    # None of these names has an address.
    says success '200 OK' http http://else.test/ --connect "127.0.0.1:$NGINX_PORT"
    [ "$(field /target)" = http://else.test/ ]
    says success '200 OK' http http://else.test:81/ --connect ":$NGINX_PORT"
    saw 3,5 'else.test -' 'else.test:81 -'
    need_tls
    : >"$NGINX_LOG"
    says success '200 OK' http https://else.test/ --connect "localhost:$NGINX_TLS13_PORT"
    says success '~200.*' http --http2 https://else.test/ --connect "localhost:$NGINX_H2_PORT"
    saw 3,5 'else.test else.test' 'else.test else.test'
}

@test "connect: the certificate has to be for the URL" {
    need_tls
    says success '200 OK' http https://localhost/ --connect "127.0.0.1:$NGINX_TLS13_PORT" --cacert "$CA"
    says failure '~the certificate is not for else.test but for localhost, .*' \
        http https://else.test/ --connect "localhost:$NGINX_TLS13_PORT" --cacert "$CA"
    says success '200 OK' http https://else.test/ --connect "localhost:$NGINX_TLS13_PORT" --cacert "$CA" \
        --server-name localhost
    says success '200 OK' http https://staging.test/ --connect ":$NGINX_STAGING_PORT"
    says failure '~TLS handshake refused: .*' http https://else.test/ --connect ":$NGINX_STAGING_PORT"
}

@test "connect: redirects within the URL's host and port stay there" {
    says success '200 OK' http http://else.test/redirect --connect "127.0.0.1:$NGINX_PORT"
    saw 3,8 'else.test /redirect' 'else.test /status/200'
}

@test "connect: Host and metadata given override" {
    probe http http://else.test/ --connect "127.0.0.1:$NGINX_PORT" -H 'Host: third.test'
    is_status 0
    saw 3 third.test
}

@test "connect: nobody there" {
    says failure '~dial tcp .*127.0.0.1:1: connection refused' http http://else.test/ --connect localhost:1
    # Whoever is asked for names here may be slow.
    says unknown '~(no answer within 1s: )?lookup nowhere.invalid.*' \
        http "http://localhost:$NGINX_PORT/" --connect nowhere.invalid:80
}

@test "connect: wrong usage" {
    expect_usage "~--connect 'localhost' is not \[HOST\]:PORT: the port is missing, .*" http http://a --connect localhost
    expect_usage "~--connect 'http://a:80' is not \[HOST\]:PORT: .*" http http://a --connect http://a:80
    expect_usage "~--connect 'a:0' is not \[HOST\]:PORT: .*" http http://a --connect a:0
    expect_usage '~--connect is not an option of tcp: .*' tcp :1 --connect a:80
}

@test "http2, connect: by flags and by JSON the same" {
    equal <<ROWS
{"httpGet":{"port":$NGINX_PORT,"host":"else.test","connect":"localhost:$NGINX_PORT"}} http else.test:$NGINX_PORT --connect localhost:$NGINX_PORT
ROWS
    need_tls
    equal <<ROWS
{"httpGet":{"port":$NGINX_H2_PORT,"scheme":"HTTPS","http2":true,"path":"/redirect"}} http https://localhost:$NGINX_H2_PORT/redirect --http2
{"httpGet":{"port":$NGINX_TLS13_PORT,"scheme":"HTTPS","http2":true}} http https://localhost:$NGINX_TLS13_PORT/ --http2
ROWS
}
