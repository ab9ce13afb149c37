#!/usr/bin/env bats
# The probe as JSON: read as strictly as can be, and judged as the same probe by flags.

load helper

setup_file() {
    start_http_server
    start_tcp_server
}

teardown_file() { stop_servers; }

expect_spec_error() {
    expect_usage "$2" -f "$1"
}

but_times() { grep -v -e '^/durationMs=' -e '^/timings/' -e '/ms=' <<<"$JSON"; }

# A spec of $1 and the same probe by flags, after it: the same JSON but for the times.
same_as_flags() {
    local by_spec by_flags
    COMMAND=(probectl -f "$1")
    probe -f "$1" -o json
    parse_json
    by_spec="$status $(but_times)"
    probe "$2" -o json "${@:3}"
    parse_json
    by_flags="$status $(but_times)"
    [ "$by_spec" = "$by_flags" ] || fail "by spec: $by_spec" "by flags: $by_flags"
}

@test "spec: the same as by flags" {
    same_as_flags '{"httpGet":{"host":"127.0.0.1","port":'"$HTTP_PORT"',"path":"/status/200"}}' \
        http "$HTTP/status/200"
    same_as_flags '{"httpGet":{"host":"127.0.0.1","port":'"$HTTP_PORT"',"path":"status/404"},"timeoutSeconds":2}' \
        http -t 2s "$HTTP/status/404"
    same_as_flags '{"httpGet":{"port":'"$HTTP_PORT"'}}' http ":$HTTP_PORT"
    if has_tls; then
        same_as_flags '{"httpGet":{"host":"127.0.0.1","port":'"$HTTPS_PORT"',"scheme":"HTTPS"}}' \
            http "https://127.0.0.1:$HTTPS_PORT/"
    fi
    same_as_flags '{"tcpSocket":{"port":'"$ACCEPT_PORT"'}}' tcp ":$ACCEPT_PORT"
    same_as_flags '{"tcpSocket":{"host":"127.0.0.1","port":'"$REFUSED_PORT"'}}' \
        tcp "127.0.0.1:$REFUSED_PORT"
    same_as_flags '{"exec":{"command":["sh","-c","exit 3"]}}' exec -- sh -c 'exit 3'
    same_as_flags '{"exec":{"command":["no-such-command-at-all"]}}' exec no-such-command-at-all
}

@test "spec: headers, repeated and empty" {
    forget_requests
    probe -f '{"httpGet":{"host":"127.0.0.1","port":'"$HTTP_PORT"',"httpHeaders":[
        {"name":"X-Two","value":"1"},{"name":"X-Two","value":"2"},{"name":"Accept","value":""},
        {"name":"Host","value":"other.test"}]}}'
    is_status 0
    [ "$(last_request | grep -c '^X-Two: [12]$')" -eq 2 ] || fail "asked: $(last_request)"
    asked '^Host: other.test' || fail "asked: $(last_request)"
    if asked '^Accept'; then fail "asked: $(last_request)"; fi
}

@test "spec: from a file, a pipe, standard input, and in place" {
    local spec=$BATS_TEST_TMPDIR/spec.json
    echo '{"exec":{"command":["false"]}}' >"$spec"
    expect_from() {
        probe -f "$1"
        is_status 1
        is_verdict_line
    }
    expect_from "$spec"
    stdin=$spec expect_from -
    expect_from <(cat "$spec")
    expect_from "$(cat "$spec")"
    expect_from $'\n\t {"exec":{"command":["false"]}}\n'
    cd "$BATS_TEST_TMPDIR"
    expect_from spec.json
    # A process that sends it in pieces.
    expect_from <(head -c 10 spec.json; sleep 0.1; tail -c +11 spec.json)
}

@test "spec: flags override it" {
    local spec='{"httpGet":{"host":"else.test","port":1,"path":"/status/500"},"timeoutSeconds":9}'
    probe -f "$spec" --host 127.0.0.1 --port "$HTTP_PORT" --path /status/200 -t 3s -o json
    expect_json success '200 OK'
    [ "$(field /timeoutMs)" = 3000 ] || fail 'expected the timeout of the flag'
}

@test "spec: the fields that are the caller's are checked and left alone" {
    expect_ok() {
        probe -f "{\"exec\":{\"command\":[\"true\"]},$1}"
        is_status 0
    }
    expect_ok '"initialDelaySeconds":0,"periodSeconds":1,"successThreshold":1,"failureThreshold":1'
    expect_ok '"initialDelaySeconds":86400,"terminationGracePeriodSeconds":30,"failureThreshold":30'
    expect_ok '"successThreshold":3'
    elapsed=0
    within 1000
}

@test "spec: a pipe that never ends is no excuse" {
    local fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    probe -f "$fifo"
    is_status 2
    within $((1000 + SLACK_MS))
    probe -f "$fifo" -t 200ms
    is_status 2
    within $((200 + SLACK_MS))
    exec 9<>"$fifo"
    stdin=$fifo probe -f - -t 200ms
    is_status 2
    within $((200 + SLACK_MS))
    exec 9>&-
}

@test "spec: what cannot be read" {
    local dir=$BATS_TEST_TMPDIR
    : >"$dir/empty"
    printf ' \n\n' >"$dir/blank"
    echo '{}' >"$dir/forbidden"
    chmod 0 "$dir/forbidden"
    printf '{"exec":{"command":["true"]}}\0' >"$dir/nul"
    printf '{"exec":{"command":["\xff"]}}' >"$dir/utf8"
    { printf '{"exec":{"command":["true"]}}'; head -c 17000000 /dev/zero | tr '\0' ' '; } >"$dir/big"
    printf '[%.0s' {1..100000} >"$dir/bomb"
    printf '{"exec":%.0s' {1..100000} >"$dir/bomb2"
    expect_spec_error "$dir/empty" \
        'the spec is empty: give a JSON object such as {"tcpSocket": {"port": 80}}'
    expect_spec_error "$dir/blank" \
        'the spec is empty: give a JSON object such as {"tcpSocket": {"port": 80}}'
    expect_spec_error "$dir/absent" "-f '$dir/absent': cannot be read: no such file or directory"
    expect_spec_error "$dir" "-f '$dir': cannot be read: is a directory"
    expect_spec_error "$dir/nul" 'the spec: has a NUL byte at line 1, column 30'
    expect_spec_error "$dir/utf8" '~the spec: .*UTF-8.* at line 1, column 22'
    expect_spec_error "$dir/big" "-f '$dir/big': is larger than 16 MiB"
    expect_spec_error "$dir/bomb" \
        'the spec: is nested too deep at line 1, column 33'
    expect_spec_error "$dir/bomb2" \
        'the spec: is nested too deep at line 1, column 257'
    expect_spec_error '' "~-f.*''.*"
    stdin=$dir/empty expect_spec_error - \
        'the spec is empty: give a JSON object such as {"tcpSocket": {"port": 80}}'
    expect_usage '-f needs a value: SPEC (take the probe from JSON: a file, - for standard input, or the JSON itself)' \
        -f
    # Root reads everything, but not without the capability to.
    if [ "$(id -u)" -eq 0 ]; then UNDER=(setpriv --inh-caps=-all --bounding-set=-all); fi
    expect_spec_error "$dir/forbidden" "-f '$dir/forbidden': cannot be read: permission denied"
}

@test "spec: what is not JSON" {
    expect_spec_error '{' 'the spec: is not valid JSON at line 1, column 1'
    expect_spec_error '{"exec":{"command":["true"]}} x' \
        'the spec: has something after the JSON object at line 1, column 31'
    expect_spec_error '{"exec":{"command":["true"]}}{}' \
        'the spec: has something after the JSON object at line 1, column 30'
    expect_spec_error '{"exec":{"command":["true"]},}' \
        'the spec: is not valid JSON at line 1, column 30'
    expect_spec_error '{"exec":{"command":["true",]}}' \
        'the spec: is not valid JSON at line 1, column 28'
    expect_spec_error "{'exec':{'command':['true']}}" \
        'the spec: is not valid JSON at line 1, column 3'
    expect_spec_error '{exec:{command:["true"]}}' \
        'the spec: is not valid JSON at line 1, column 3'
    expect_spec_error '{"exec":{"command":["true"]} // why
}' 'the spec: is not valid JSON at line 1, column 30'
    expect_spec_error $'{"exec":{"command":["tr\tue"]}}' \
        'the spec: has a control character at line 1, column 24'
    expect_spec_error '{"exec":{"command":["tr\xue"]}}' \
        'the spec: is not valid JSON at line 1, column 24'
    expect_spec_error '{"exec":{"command":["\ud800"]}}' \
        'the spec: is not valid JSON at line 1, column 22'
    expect_spec_error '{"exec":{"command":["tr\u0000ue"]}}' \
        'the spec: has \u0000, which no text here can hold, at line 1, column 24'
    expect_spec_error '{"tcpSocket":{"port":080}}' '~the spec: has a number that is not one in JSON at line 1, column 2[0-9]'
    expect_spec_error '{"tcpSocket":{"port":+80}}' \
        'the spec: is not valid JSON at line 1, column 22'
    expect_spec_error '{"tcpSocket":{"port":80.}}' '~the spec: has a number that is not one in JSON at line 1, column 2[0-9]'
    expect_spec_error '{"tcpSocket":{"port":0x50}}' \
        'the spec: is not valid JSON at line 1, column 23'
    expect_spec_error '{"tcpSocket":{"port":NaN}}' \
        'the spec: is not valid JSON at line 1, column 22'
    expect_spec_error '{"tcpSocket":{"port":TRUE}}' \
        'the spec: is not valid JSON at line 1, column 22'
}

@test "spec: what is not a probe" {
    name_probes
    expect_spec_error '{}' \
        "the spec: names no probe: give exactly one of $KEYS"
    expect_spec_error '{"timeoutSeconds":1}' \
        "the spec: names no probe: give exactly one of $KEYS"
    expect_spec_error '{"httpGet":{"port":80},"tcpSocket":{"port":80}}' \
        ".tcpSocket: is a second probe beside .httpGet: give exactly one of $KEYS"
    expect_spec_error '{"htpGet":{"port":80}}' \
        '.htpGet: is not a member of a probe (did you mean .httpGet?)'
    expect_spec_error '{"httpget":{"port":80}}' \
        '.httpget: is not a member of a probe (did you mean .httpGet?)'
    expect_spec_error '{"tcpSocket":{"port":80},"timeoutSecond":1}' \
        '.timeoutSecond: is not a member of a probe (did you mean .timeoutSeconds?)'
    expect_spec_error '{"tcpSocket":{"port":80},"frobnicate":1}' \
        '.frobnicate: is not a member of a probe'
    expect_spec_error '{"tcpSocket":{"prot":80}}' \
        '.tcpSocket.prot: is not a member of tcpSocket (did you mean .port?)'
    expect_spec_error '{"tcpSocket":{"port":80,"path":"/"}}' \
        '.tcpSocket.path: is not a member of tcpSocket'
    expect_spec_error '{"tcpSocket":{"port":80},"tcpSocket":{"port":80}}' \
        '.tcpSocket: is there twice'
    expect_spec_error '{"tcpSocket":{"port":80,"port":80}}' '.tcpSocket.port: is there twice'
    expect_spec_error '{"tcpSocket":{"port":80},"timeoutSeconds":1,"timeoutSeconds":2}' \
        '.timeoutSeconds: is there twice'
    expect_spec_error '{"tcpSocket":null}' '.tcpSocket: is null, not an object'
    expect_spec_error '{"tcpSocket":[]}' '.tcpSocket: is an array, not an object'
    expect_spec_error '{"tcpSocket":{}}' \
        'tcp: no target: give [HOST]:PORT, unix:PATH, --port PORT or .tcpSocket.port'
    expect_spec_error '{"tcpSocket":80}' '.tcpSocket: is a number, not an object'
    expect_spec_error '{"tcpSocket":{"port":true}}' \
        '.tcpSocket.port: is true or false, not a number'
    expect_spec_error '{"tcpSocket":{"port":null}}' '.tcpSocket.port: is null, not a number'
    expect_spec_error '{"tcpSocket":{"port":0}}' ".tcpSocket.port: '0' is not a port: use 1-65535"
    expect_spec_error '{"tcpSocket":{"port":65536}}' \
        ".tcpSocket.port: '65536' is not a port: use 1-65535"
    expect_spec_error '{"tcpSocket":{"port":80.5}}' \
        ".tcpSocket.port: '80.5' is not a port: use 1-65535"
    expect_spec_error '{"tcpSocket":{"port":"80"}}' \
        ".tcpSocket.port: is a string, not a number: a port's name has no meaning without its container, use 1-65535"
    expect_spec_error '{"tcpSocket":{"port":"web"}}' \
        ".tcpSocket.port: is a string, not a number: a port's name has no meaning without its container, use 1-65535"
    expect_spec_error '{"tcpSocket":{"port":80,"host":5}}' \
        '.tcpSocket.host: is a number, not a string'
    expect_spec_error '{"httpGet":{}}' \
        'http: no target: give http[s]://HOST[:PORT][/PATH], [HOST]:PORT[/PATH], --port PORT or .httpGet.port'
    expect_spec_error '{"httpGet":{"port":80,"path":5}}' '.httpGet.path: is a number, not a string'
    expect_spec_error '{"httpGet":{"port":80,"scheme":"FTP"}}' \
        ".httpGet.scheme: 'FTP' is not one of http or https"
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":{}}}' \
        '.httpGet.httpHeaders: is an object, not an array'
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":["A: b"]}}' \
        '.httpGet.httpHeaders[0]: is a string, not an object with name and value'
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":[{"value":"b"}]}}' \
        '.httpGet.httpHeaders[0]: has no name'
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":[{"name":"A","value":1}]}}' \
        '.httpGet.httpHeaders[0].value: is a number, not a string'
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":[{"name":"A","value":"b","extra":1}]}}' \
        '.httpGet.httpHeaders[0].extra: is not a member of a header: use name and value'
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":[{"name":"A b","value":"b"}]}}' \
        ".httpGet.httpHeaders[0]: needs the form 'NAME: VALUE', with a NAME of letters, digits and -"
    expect_spec_error '{"httpGet":{"port":80,"httpHeaders":[{"name":"A","value":"b\r\nC: d"}]}}' \
        ".httpGet.httpHeaders[0]: has a control character in the value of 'A': a header is one line"
    expect_spec_error '{"exec":{}}' 'exec: no command: give COMMAND [ARG]... or .exec.command'
    expect_spec_error '{"exec":{"command":"true"}}' '.exec.command: is a string, not an array'
    expect_spec_error '{"exec":{"command":[]}}' \
        'exec: no command: give COMMAND [ARG]... or .exec.command'
    expect_spec_error '{"exec":{"command":[1]}}' '.exec.command[0]: is a number, not a string'
    expect_spec_error '{"exec":{"command":[""]}}' \
        'exec: no command: give COMMAND [ARG]... or .exec.command'
    expect_spec_error '{"exec":{"command":["true"],"comand":[]}}' \
        '.exec.comand: is not a member of exec (did you mean .command?)'
    expect_spec_error '[]' 'the spec: is an array, not an object'
}

@test "spec: the numbers that Kubernetes allows" {
    expect_number_error() {
        expect_spec_error "{\"exec\":{\"command\":[\"true\"]},\"$1\":$2}" "$3"
    }
    expect_number_error timeoutSeconds 0 ".timeoutSeconds: '0' is not a whole number from 1 to 3600"
    expect_number_error timeoutSeconds -1 \
        ".timeoutSeconds: '-1' is not a whole number from 1 to 3600"
    expect_number_error timeoutSeconds 1.5 \
        ".timeoutSeconds: '1.5' is not a whole number from 1 to 3600"
    expect_number_error timeoutSeconds '"1"' '.timeoutSeconds: is a string, not a number'
    expect_number_error timeoutSeconds null '.timeoutSeconds: is null, not a number'
    expect_number_error timeoutSeconds 3601 \
        ".timeoutSeconds: '3601' is not a whole number from 1 to 3600"
    expect_number_error periodSeconds 0 \
        ".periodSeconds: '0' is not a whole number from 1 to 2147483647"
    expect_number_error periodSeconds 3000000000 \
        ".periodSeconds: '3000000000' is not a whole number from 1 to 2147483647"
    expect_number_error initialDelaySeconds -1 \
        ".initialDelaySeconds: '-1' is not a whole number from 0 to 2147483647"
    expect_number_error successThreshold 0 \
        ".successThreshold: '0' is not a whole number from 1 to 2147483647"
    expect_number_error failureThreshold 0 \
        ".failureThreshold: '0' is not a whole number from 1 to 2147483647"
    expect_number_error terminationGracePeriodSeconds 0 \
        ".terminationGracePeriodSeconds: '0' is not a whole number from 1 to 2147483647"
}
