#!/usr/bin/env bats
# Unix sockets: a form of address for tcp, grpc and http.

load helper
load certs

setup_file() {
    make_certs
    start_server unix_server "$BATS_FILE_TMPDIR/unix"
    start_server tls_nginx "$BATS_FILE_TMPDIR/nginx" "$CERTS"
    start_server raw_grpc_server "$BATS_FILE_TMPDIR/raw"
}

teardown_file() { stop_servers; }

setup() { cd "$UNIX_DIR" || return; }

# every VERDICT MESSAGE PATH - tcp, grpc and http alike.
every() {
    says "$1" "$2" tcp "unix:$3"
    says "$1" "$2" grpc "unix:$3"
    says "$1" "$2" http --unix-socket "$3" http://localhost/
}

is_reason() { [ "$(field /reason)" = "$1" ] || fail "expected reason $1"; }

@test "unix: tcp" {
    says success 'connected to ok' tcp unix:ok
    says success "connected to $UNIX_DIR/ok" tcp "unix:$UNIX_DIR/ok"
    [ "$(field /target)" = "unix:$UNIX_DIR/ok" ]
    # As gRPC writes it.
    says success '~connected to .*' tcp "unix://$UNIX_DIR/ok"
    says success 'connected to ok' tcp --unix-socket ok
    says success '~.*' tcp unix:close
    says success '~.*' tcp unix:silent
    says success '~.*' tcp 'unix:odd name'
    ln -sf ok link
    says success '~.*' tcp unix:link
    probe tcp unix:counted
    wait_until test -s connections
    [ "$(cat connections)" = '0 bytes, closed' ] || fail "the server saw: $(cat connections)"
}

@test "unix: a conversation, where tcp has one" {
    "$PROBECTL" tcp --help | grep -q -- --expect || return 0
    says success '~.*' tcp unix:greet --expect '220 '
    says failure '~.*' tcp unix:close --expect '220 '
}

@test "unix: grpc" {
    says success SERVING grpc "unix:$RAW_SOCKET"
    says failure NOT_SERVING grpc --unix-socket "$RAW_SOCKET" --service not-serving
    says failure '~the server does not speak HTTP/2: .*' grpc "unix:$NGINX_SOCKET"
    expect_deadline 200 grpc unix:silent
}

@test "unix: http" {
    says success '200 OK' http --unix-socket "$NGINX_SOCKET" http://localhost/
    [ "$(field /target)" = http://localhost/ ]
    says success '204 No Content' http --unix-socket "$NGINX_SOCKET" http://localhost/status/204
    says failure 'HTTP probe failed with statuscode: 503' http --unix-socket "$NGINX_SOCKET" http://localhost/status/503
    says success '200 OK' http --unix-socket "$NGINX_SOCKET" http://localhost/redirect
    expect_deadline 200 http --unix-socket silent http://localhost/
}

@test "unix: TLS" {
    need_tls
    says success '200 OK' http --unix-socket "$NGINX_TLS_SOCKET" https://localhost/
    says success '200 OK' http --unix-socket "$NGINX_TLS_SOCKET" https://localhost/ --cacert "$CERTS/ca.crt"
    says success '~200.*' http --unix-socket "$NGINX_TLS_SOCKET" https://localhost/ --http2
    says failure '~the certificate is not for else.test but for .*' \
        http --unix-socket "$NGINX_TLS_SOCKET" https://else.test/ --cacert "$CERTS/ca.crt"
    says success '~connected to .*' tcp --tls "unix:$NGINX_TLS_SOCKET" --cacert "$CERTS/ca.crt"
    says failure '~not gRPC: .*' grpc --tls "unix:$NGINX_TLS_SOCKET"
}

@test "unix: the URL's host is a name and no more" {
    : >"$NGINX_LOG"
    probe http --unix-socket "$NGINX_SOCKET" 'http://no.such.test:81/a?b'
    is_status 0
    wait_until test -s "$NGINX_LOG"
    [ "$(cut -d' ' -f3,8 "$NGINX_LOG")" = 'no.such.test:81 /a?b' ] || fail "it saw: $(cat "$NGINX_LOG")"
    need_tls
    : >"$NGINX_LOG"
    probe http --unix-socket "$NGINX_TLS_SOCKET" 'https://else.test/'
    is_status 0
    wait_until test -s "$NGINX_LOG"
    [ "$(cut -d' ' -f3,5 "$NGINX_LOG")" = 'else.test else.test' ] || fail "it saw: $(cat "$NGINX_LOG")"
}

@test "unix: nobody there" {
    every failure 'dial unix missing: no such file or directory' missing
    is_reason NoSocket
    every failure 'dial unix ok/inside: not a directory' ok/inside
    every failure 'dial unix stale: connection refused' stale
    is_reason ConnectionRefused
    every failure 'dial unix bound: connection refused' bound
}

@test "unix: not a socket, or not one of streams" {
    : >file
    every failure 'dial unix file: not a socket' file
    is_reason NoSocket
    every failure 'dial unix locked/..: not a socket' locked/..
    every failure 'dial unix dgram: wrong kind of socket' dgram
    every failure 'dial unix seqpacket: wrong kind of socket' seqpacket
}

@test "unix: no permission is unknown" {
    # All that leads there lets others in.
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" "$UNIX_DIR"
    if [ "$(id -u)" -eq 0 ]; then
        # Root may do everything.
        UNDER=(setpriv --reuid=65534 --regid=65534 --clear-groups)
        every unknown 'dial unix locked/inside: permission denied' locked/inside
    fi
    every unknown 'dial unix shut: permission denied' shut
    is_reason PermissionDenied
}

@test "unix: a path may have as many bytes as the kernel takes" {
    local longest
    longest=$(printf 'a%.0s' {1..107})
    says success "connected to $longest" tcp "unix:$longest"
    local message='the path of the Unix socket has 108 bytes: the kernel takes 107 at most'
    expect_usage "tcp: $message" tcp "unix:a$longest"
    expect_usage "grpc: $message" grpc "unix:a$longest"
    expect_usage "http: $message" http --unix-socket "a$longest" http://localhost/
    expect_usage "~.*$message" -f "{\"tcpSocket\":{\"unixSocket\":\"a$longest\"}}"
    expect_usage '~tcp: the path of the Unix socket is empty.*' tcp unix:
}

@test "unix: a full queue is waited for" {
    expect_deadline 300 tcp unix:full
    expect_deadline 300 grpc unix:full
    rm -f go
    beside probe tcp -t 10s unix:late
    # It waits: the server lets nobody in before it sees this.
    : >go
    join
    probe tcp -t 10s unix:late
    expect_text success 'connected to late'
}

@test "unix: where there is no network, not even a loopback" {
    UNDER=(unshare --net)
    [ "$(id -u)" -eq 0 ] || UNDER=(unshare --user --map-root-user --net)
    "${UNDER[@]}" true 2>/dev/null || skip 'no network namespace can be made here'
    says success '200 OK' http --unix-socket "$NGINX_SOCKET" http://localhost/
    says success SERVING grpc "unix:$RAW_SOCKET"
    need_tls
    says success '200 OK' http --unix-socket "$NGINX_TLS_SOCKET" https://localhost/
    says success '~200.*' http --unix-socket "$NGINX_TLS_SOCKET" https://localhost/ --http2
}

@test "unix: too few descriptors are no answer of the server" {
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    local limit
    # Four are what it takes to load the program.
    for limit in {4..8}; do
        UNDER=(bash -c "ulimit -n $limit && exec \"\$@\"" bash)
        probe http --unix-socket "$NGINX_SOCKET" http://localhost/
        [ "$status" -eq 0 ] || expect_text unknown '~.*(too many open files|libcurl).*'
        probe grpc "unix:$RAW_SOCKET"
        [ "$status" -eq 0 ] || expect_text unknown '~.*(too many open files|libcurl).*'
    done
}

@test "unix: names are safe to print" {
    local odd=$'odd\n\e[31m\xff'
    probe tcp "unix:$odd"
    expect_text success 'connected to odd\n\x1b[31m\xff'
    probe tcp "unix:$odd" -o json
    expect_json success '~connected to odd.*'
    probe tcp "unix:$odd-"
    expect_text failure 'dial unix odd\n\x1b[31m\xff-: no such file or directory'
}

@test "unix: what goes with a socket and what does not" {
    expect_usage '--connect and --unix-socket exclude each other' \
        http --unix-socket ok --connect localhost:80 http://localhost/
    expect_usage "~.*unix:ok' is not a target.*" http unix:ok
}

@test "unix: by flags and by JSON the same" {
    equal <<ROWS
{"tcpSocket":{"unixSocket":"ok"}} tcp unix:ok
{"tcpSocket":{"unixSocket":"missing"}} tcp unix:missing
{"grpc":{"unixSocket":"$RAW_SOCKET","service":"not-serving"}} grpc unix:$RAW_SOCKET --service not-serving
{"httpGet":{"unixSocket":"$NGINX_SOCKET","host":"a.test","path":"/status/404"}} http --unix-socket $NGINX_SOCKET http://a.test/status/404
ROWS
}
