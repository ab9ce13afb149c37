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
