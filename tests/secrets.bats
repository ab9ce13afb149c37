#!/usr/bin/env bats
# What must never be printed: values of headers and metadata, user and password of a URL, keys; of a URL the query only
# with -v. Whatever the format, and whatever becomes of the probe.

load helper
load certs

# Every secret has this in it, as it is or in the forms in which it travels.
SECRET=hunter2
FORMS='hunter2|aHVudGVyM|h1bnRlcj|odW50ZXIy|hunter%32'

setup_file() {
    make_certs
    start_http_server
    start_tcp_server
    start_server tls_nginx "$BATS_FILE_TMPDIR/nginx" "$CERTS"
    start_server raw_grpc_server "$BATS_FILE_TMPDIR/raw" "$CERTS/good.crt" "$CERTS/good.key"
}

teardown_file() { stop_servers; }

# Every output format that there is.
formats() {
    "$PROBECTL" --list-options | awk -F '\t' '$2 == "--output" { gsub(",", " ", $6); print $6; exit }'
}

not_shown() {
    if grep -aEq "$FORMS" "$out" "$err"; then fail 'a secret was shown'; fi
    # Of a key, any line.
    if grep -aFqf <(grep -v -e '-----' "$CERTS/client.key") "$out" "$err"; then fail 'a key was shown'; fi
}

# keeps ARGS... - in every format. What is said without -v is said with it too, but that a query is shown, and none is
# given here.
keeps() {
    local format
    for format in $(formats); do
        probe "$@" -o "$format" -v
        not_shown
    done
}

@test "secrets: headers, whatever the answer" {
    local path
    for path in status/200 status/404 redirect/302?to=/status/200 redirect/302?to=http://else.test/ raw/empty raw/cut-body; do
        keeps http "$HTTP/$path" -H "Authorization: Bearer $SECRET" -H "X-Token: $SECRET" -H "cookie:$SECRET" \
            -H "Accept: text/$SECRET" -H "User-Agent: $SECRET"
        [ "$status" -ne 2 ] || fail 'expected a verdict'
    done
    # It was sent.
    asked "^X-Token: $SECRET" || fail "asked: $(last_request)"
    keeps http "127.0.0.1:$REFUSED_PORT" -H "X-Token: $SECRET"
    keeps http -t 100ms "127.0.0.1:$SILENT_PORT" -H "X-Token: $SECRET"
    keeps http --http2 "http://localhost:$NGINX_H2C_PORT/" -H "X-Token: $SECRET" -H "Authorization: $SECRET"
    keeps http --unix-socket "$NGINX_SOCKET" http://localhost/ -H "X-Token: $SECRET"
    keeps http http://else.test --connect "127.0.0.1:$NGINX_PORT" -H "X-Token: $SECRET"
    need_tls
    keeps http --http2 "https://localhost:$NGINX_H2_PORT/" -H "X-Token: $SECRET" -H "Host: $SECRET"
}

@test "secrets: user and password" {
    local path
    for path in status/200 status/404 redirect/302?to=/status/200 redirect/302?to=http://else.test/; do
        keeps http "http://$SECRET:$SECRET@$HTTP/$path"
        [ "$status" -ne 2 ] || fail 'expected a verdict'
    done
    asked '^Authorization: Basic' || fail "asked: $(last_request)"
    keeps http "http://hunter%32@$HTTP/"
    keeps http --http2 "http://$SECRET:@localhost:$NGINX_H2C_PORT/"
    keeps http "http://me:$SECRET@127.0.0.1:$REFUSED_PORT/"
    keeps http "http://me:$SECRET@no.such.invalid/" -t 5s
    keeps http -t 100ms "http://me:$SECRET@127.0.0.1:$SILENT_PORT/"
    need_tls
    keeps http "https://$SECRET@localhost:$NGINX_TLS13_PORT/" --cacert "$CERTS/ca.crt"
    keeps http "https://$SECRET@127.0.0.1:$HTTPS_PORT/" --cacert "$CERTS/ca.crt"
}

@test "secrets: those in a redirect" {
    # Here the query is what tells the server what to send, so that -v shows it.
    local format which
    for which in same-host none; do
        for format in $(formats); do
            probe http "$HTTP/redirect/302?to=http://me:$SECRET@else.test/a" --redirect "$which" -o "$format"
            is_status 0
            not_shown
        done
    done
    expect success '~.*' http "$HTTP/redirect/302?to=http://me:$SECRET@else.test/a"
    [[ $(field /warning) == *http://else.test/a* ]] || fail 'expected the place in the warning'
}

@test "secrets: a query, but for -v" {
    local format
    for format in $(formats); do
        probe http "$HTTP/status/200?token=$SECRET" -o "$format"
        not_shown
        probe http "$HTTP/redirect/302?to=http://else.test/?token=$SECRET" -o "$format"
        not_shown
        probe http "127.0.0.1:$REFUSED_PORT/?token=$SECRET" -o "$format"
        not_shown
    done
    probe http "$HTTP/status/200?token=$SECRET" -v
    [[ $output == *"token=$SECRET"* ]] || fail 'expected the query'
}

@test "secrets: the value of an answer's header, where it goes on in the next line" {
    keeps http "$HTTP/raw/folded"
    is_status 0
    keeps http "$HTTP/raw/folded" --header-contains 'Set-Cookie: c'
    is_status 1
    probe http "$HTTP/raw/folded" -o json
    parse_json
    [ "$(field /http/response/2)" = '(23 bytes, not shown)' ] || fail 'expected the length of what goes on'
}

@test "secrets: metadata" {
    local service
    for service in serving not-serving trailers-only:16 502 rst:2 close; do
        keeps grpc "127.0.0.1:$RAW_PORT" --service "$service" -H "authorization: Bearer $SECRET" -H "x: $SECRET"
        [ "$status" -ne 2 ] || fail 'expected a verdict'
    done
    keeps grpc "127.0.0.1:$REFUSED_PORT" -H "authorization: $SECRET"
    keeps grpc -t 100ms "127.0.0.1:$SILENT_PORT" -H "authorization: $SECRET"
    need_tls
    keeps grpc --tls "127.0.0.1:$RAW_TLS_PORT" -H "authorization: $SECRET"
}

@test "secrets: keys" {
    need_tls
    local mine=(--cert "$CERTS/client.crt" --key "$CERTS/client.key")
    keeps http "https://localhost:$NGINX_CLIENT_PORT/" "${mine[@]}"
    is_status 0
    keeps tcp --tls "localhost:$NGINX_CLIENT_PORT" "${mine[@]}"
    keeps grpc --tls "localhost:$RAW_TLS_PORT" "${mine[@]}"
    # Where a key stands in the wrong place.
    keeps tcp --tls :1 --cert "$CERTS/client.key" --key "$CERTS/client.crt"
    keeps tcp --tls :1 --cacert "$CERTS/client.key"
    keeps tcp --tls :1 --cert "$CERTS/client.crt" --key "$CERTS/stranger.key"
}

@test "secrets: by JSON" {
    keeps -f "{\"httpGet\":{\"port\":$HTTP_PORT,\"httpHeaders\":[{\"name\":\"X-Token\",\"value\":\"$SECRET\"}]}}"
    is_status 0
    keeps -f "{\"grpc\":{\"port\":$RAW_PORT,\"metadata\":[{\"name\":\"x\",\"value\":\"$SECRET\"}]}}"
    is_status 0
}

# Wrong usage quotes what was given, but not these.
wrong() {
    probe "$@"
    is_status 2
    [ -n "$stderr" ] || fail 'expected an error'
    not_shown
}

@test "secrets: wrong usage" {
    wrong http "$HTTP" -H "Authorization Bearer $SECRET"
    wrong http "$HTTP" -H "X-Token: $SECRET"$'\n'
    wrong http "$HTTP" -H ": $SECRET"
    wrong http "$HTTP" -H "$SECRET"
    wrong grpc "$HTTP" -H "grpc-x: $SECRET"
    wrong grpc "$HTTP" -H "x: $SECRET"$'\r'
    wrong http "http://me:$SECRET@"
    wrong http "http://me:$SECRET@host:99999/"
    wrong http "ftp://me:$SECRET@host/"
    wrong http "me:$SECRET@host"
    wrong http "me:$SECRET@host:80/"
    wrong http "http://$HTTP/" "http://me:$SECRET@host/"
    wrong "http://me:$SECRET@host/"
    wrong "http://host/?token=$SECRET"
    wrong -f '{"exec":{"command":["true"]}}' "http://host/?token=$SECRET"
    wrong http "http://localhost:99999/?token=$SECRET"
    wrong http "localhost:x/?token=$SECRET"
    wrong http "ftp://localhost/?token=$SECRET"
    wrong http "localhost?token=$SECRET"
    wrong http "http://$HTTP/" "http://host/?token=$SECRET"
    wrong http "http://a" --connect "http://host/?token=$SECRET"
    wrong http --port 1 --host "host?token=$SECRET"
    wrong tcp "http://host:80/?token=$SECRET"
    wrong grpc "host:80?token=$SECRET"
    wrong tcp "me:$SECRET@host:80"
    wrong grpc "http://me:$SECRET@host:80"
    wrong http "http://a" --connect "me:$SECRET@host:80"
    wrong -f "{\"httpGet\":{\"port\":80,\"httpHeaders\":[{\"name\":\"X-Token\",\"value\":\"$SECRET\\n\"}]}}"
    wrong -f "{\"httpGet\":{\"port\":80,\"httpHeaders\":[{\"name\":\"X Token\",\"value\":\"$SECRET\"}]}}"
    wrong -f "{\"httpGet\":{\"port\":80,\"httpHeaders\":[{\"name\":\"X-Token\",\"value\":[\"$SECRET\"]}]}}"
    wrong -f "{\"httpGet\":{\"port\":80,\"httpHeaders\":{\"X-Token\":\"$SECRET\"}}}"
    wrong -f "{\"httpGet\":{\"port\":80,\"host\":\"me:$SECRET@host\"}}"
}
