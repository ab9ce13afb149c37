#!/usr/bin/env bats
# A flag overrides what TARGET or SPEC gave, and what of it cannot stand beside the flag.

load helper

setup_file() {
    start_http_server
    start_tcp_server
}

teardown_file() { stop_servers; }

# The headers that the server got, but for the program's own, after a spec of httpHeaders and flags.
headers_of() {
    forget_requests
    probe -f '{"httpGet":{"host":"127.0.0.1","port":'"$HTTP_PORT"',"httpHeaders":['"$1"']}}' "${@:2}" || return
    is_status 0
    last_request | grep : | grep -v -e '^User-Agent: probectl' -e '^Connection: close'
}

@test "override: a header by flag takes the place of all of its name" {
    local got spec='{"name":"Host","value":"a.test"},{"name":"Accept","value":"x"},{"name":"X-Two","value":"1"},
        {"name":"x-two","value":"2"},{"name":"X-Two-More","value":"3"}'
    got=$(headers_of "$spec" -H 'host: b.test' -H 'ACCEPT: y' -H 'X-TWO: 4' -H 'x-two: 5')
    [ "$got" = 'Host: b.test
X-Two-More: 3
ACCEPT: y
X-TWO: 4
x-two: 5' ] || fail "sent: $got"
    got=$(headers_of "$spec" -H 'Accept:' -H 'X-Two:')
    [ "$(tr -d ' ' <<<"$got")" = 'Host:a.test
X-Two-More:3
X-Two:' ] || fail "sent: $got"
}

@test "override: of several Host headers the first counts" {
    local got
    got=$(headers_of '{"name":"host","value":"a.test"},{"name":"Host","value":"b.test"},{"name":"Accept","value":""}')
    [ "$got" = 'Host: a.test' ] || fail "sent: $got"
}

@test "override: the exit codes of a flag hold for a wrong spec too" {
    local spec
    for spec in '{"exitCodes":"nagios","tcpSocket":{"port":0}}' '{"exitCodes":"nagios","tcpSocket":{}}' \
        '{"exitCodes":"nagios","tcpSocket":{"port":1,"hold":"2s"}}'; do
        probe -f "$spec"
        is_status 3
        probe --exit-codes docker -f "$spec"
        is_status 1
        probe -f "$spec" --exit-codes docker
        is_status 1
    done
}

@test "override: the port of a URL without one is that of the scheme that is spoken" {
    target_is() {
        probe http "${@:2}" -o json -t 100ms
        parse_json
        [ "$(field /target)" = "$1" ] || fail "expected the target $1"
    }
    target_is http://127.0.0.1/x http://127.0.0.1/x
    target_is http://127.0.0.1/x https://127.0.0.1/x --scheme http
    target_is http://127.0.0.1:81/ https://127.0.0.1 --scheme http --port 81
    has_tls || skip 'built without TLS'
    target_is https://127.0.0.1/ http://127.0.0.1 --scheme https
    target_is https://127.0.0.1:80/ http://127.0.0.1:80 --scheme https
    target_is https://127.0.0.1:81/ http://127.0.0.1 --scheme https --port 81
    target_is https://127.0.0.1/ https://127.0.0.1
    target_is https://a.test/ http://a.test --scheme https --unix-socket /missing
}

# Both a Unix socket and a port are missing, and the message tells which of them was tried.
tried() {
    probe "${@:2}" -t 5s
    [[ $output == *": dial $1"* ]] || fail "expected to try $1"
}

@test "override: a flag sets aside what cannot stand beside it" {
    local socket='"unixSocket":"/missing"' port="\"host\":\"127.0.0.1\",\"port\":$REFUSED_PORT" probe
    for probe in tcpSocket grpc; do
        tried "tcp 127.0.0.1:$REFUSED_PORT" -f "{\"$probe\":{$socket}}" --host 127.0.0.1 --port "$REFUSED_PORT"
        tried 'unix /missing' -f "{\"$probe\":{$port}}" --unix-socket /missing
    done
    # For http the port is part of the URL.
    tried 'unix /missing' -f "{\"httpGet\":{$socket}}" --port "$REFUSED_PORT"
    tried "tcp 127.0.0.1:$REFUSED_PORT" -f "{\"httpGet\":{\"port\":1,$socket}}" --connect "127.0.0.1:$REFUSED_PORT"
    tried 'unix /missing' -f '{"httpGet":{"port":1,"connect":":1"}}' --unix-socket /missing
    tried "tcp 127.0.0.1:$REFUSED_PORT" -f "{\"tcpSocket\":{\"port\":$REFUSED_PORT,\"ipv6\":true}}" -4
    need_ipv6
    tried "tcp [::1]:$REFUSED_PORT" -f "{\"tcpSocket\":{\"port\":$REFUSED_PORT,\"ipv4\":true}}" -6
}

@test "override: the process of a flag is looked for, not that of the spec" {
    echo $$ >"$BATS_TEST_TMPDIR/pidfile"
    probe -f '{"process":{"pid":4194304}}' --pidfile "$BATS_TEST_TMPDIR/pidfile"
    is_status 0
    probe -f '{"process":{"pidfile":"/missing"}}' --pid $$
    is_status 0
}
