#!/usr/bin/env bats
# The probe as JSON: read as strictly as can be, and judged as the same probe by flags.

load helper

setup_file() {
    start_http_server
    start_tcp_server
    start_server raw_grpc_server "$BATS_FILE_TMPDIR/grpc"
}

teardown_file() { stop_servers; }

expect_spec_error() {
    expect_usage "$2" -f "$1"
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

# judge ARGS... - sets judged to the exit status and the JSON of a probe, without the times.
judge() {
    probe "$@"
    [[ -n $output && -z $stderr ]] || fail 'expected a verdict'
    judged="$status $(sed -E 's/"timings":\{[^}]*\},//; s/"(durationMs|ms|ageSeconds)":[0-9.e-]+//g
        s/took [0-9.]+ ms|modified [0-9a-z. ]+ ago/T/g' "$out")"
}

# every_member ROWS - of each row, a spec and the words that say the same are judged alike. The row's name is the probe and
# the member that it is about; with that, the verdict is another than that of the row above whose name is "-", unless
# nothing of it is to be seen: "=".
every_member() {
    local name spec words by_flags without
    while read -r name spec words; do
        # shellcheck disable=SC2086  # words
        judge ${words/ / -o json }
        by_flags=$judged
        judge -f "$spec" -o json
        [ "$judged" = "$by_flags" ] || fail "$name: by spec: $judged" "by flags: $by_flags"
        if [ "$name" = - ]; then
            without=$judged
            continue
        fi
        [[ $spec == *"\"${name##*.}\":"* ]] || fail "$name is not in $spec"
        [[ $name == =* || $judged != "$without" ]] || fail "$name changes nothing: $judged"
        echo "${name#=}" >>"$BATS_FILE_TMPDIR/members"
    done
}

@test "spec: every member is what its flag is: servers" {
    local at='"host":"127.0.0.1","port":' page tcp silent talk raw to
    page=$at$HTTP_PORT,\"path\":\"/status/200\" tcp=$at$GREET_PORT silent=$at$SILENT_PORT raw=$at$RAW_PORT
    to=127.0.0.1:$HTTP_PORT talk=$at$HTTP_PORT,\"expect\":\"this\"
    every_member <<ROWS
-                 {"httpGet":{$page}}                                            http $HTTP/status/200
http.host         {"httpGet":{"host":"127.0.0.2","port":$REFUSED_PORT}}          http 127.0.0.2:$REFUSED_PORT
http.port         {"httpGet":{"port":$OTHER_PORT,"host":"127.0.0.1"}}            http --host 127.0.0.1 --port $OTHER_PORT
http.path         {"httpGet":{$at$HTTP_PORT,"path":"/status/500"}}               http $HTTP --path /status/500
http.method       {"httpGet":{$page,"method":"HEAD"}}                            http $HTTP/status/200 --method HEAD
http.httpHeaders  {"httpGet":{$page,"httpHeaders":[{"name":"X-A","value":"b"}]}} http $HTTP/status/200 --header X-A:b
http.data         {"httpGet":{$page,"data":"a=b"}}                               http $HTTP/status/200 --data a=b
http.status       {"httpGet":{$page,"status":"201-204,500"}}                     http $HTTP/status/200 --status 201-204,500
http.status       {"httpGet":{$page,"status":204}}                               http $HTTP/status/200 --status 204
http.http2        {"httpGet":{$page,"http2":true}}                               http $HTTP/status/200 --http2
=http.http2       {"httpGet":{$page,"http2":false}}                              http $HTTP/status/200
http.connect      {"httpGet":{$page,"connect":"127.0.0.1:$REFUSED_PORT"}}        http $HTTP/status/200 --connect 127.0.0.1:$REFUSED_PORT
http.unixSocket   {"httpGet":{$page,"unixSocket":"/nowhere"}}                    http $HTTP/status/200 --unix-socket /nowhere
http.headerContains {"httpGet":{$page},"expect":{"headerContains":"X-B:c"}}      http $HTTP/status/200 --header-contains X-B:c
-                 {"httpGet":{$at$HTTP_PORT,"path":"/loop"}}                     http $HTTP/loop
http.redirect     {"httpGet":{$at$HTTP_PORT,"path":"/loop","redirect":"none"}}   http $HTTP/loop --redirect none
-                 {"tcpSocket":{"port":$REFUSED_PORT}}                           tcp :$REFUSED_PORT
tcp.ipv4          {"tcpSocket":{"port":$REFUSED_PORT,"ipv4":true}}               tcp :$REFUSED_PORT --ipv4
tcp.ipv6          {"tcpSocket":{"port":$REFUSED_PORT,"ipv6":true}}               tcp :$REFUSED_PORT --ipv6
=tcp.ipv6         {"tcpSocket":{"port":$REFUSED_PORT,"ipv6":false}}              tcp :$REFUSED_PORT
-                 {"tcpSocket":{$tcp}}                                           tcp 127.0.0.1:$GREET_PORT
tcp.expect        {"tcpSocket":{$tcp,"expect":"ready\\\\r"}}                     tcp 127.0.0.1:$GREET_PORT --expect ready\\r
-                 {"tcpSocket":{$silent}}                                        tcp 127.0.0.1:$SILENT_PORT
tcp.hold          {"tcpSocket":{$silent,"hold":"20ms"}}                          tcp 127.0.0.1:$SILENT_PORT --hold 20ms
tcp.hold          {"tcpSocket":{$silent,"hold":0.02}}                            tcp 127.0.0.1:$SILENT_PORT --hold 20ms
-                 {"tcpSocket":{$talk,"send":"GET\\\\x20/status/404\\\\x20H\\\\r\\\\n\\\\r\\\\n"}}  tcp $to --expect this --send GET\\x20/status/404\\x20H\\r\\n\\r\\n
tcp.send          {"tcpSocket":{$talk,"send":"GET\\\\x20/status/200\\\\x20H\\\\r\\\\n\\\\r\\\\n"}}  tcp $to --expect this --send GET\\x20/status/200\\x20H\\r\\n\\r\\n
-                 {"grpc":{$raw}}                                                grpc 127.0.0.1:$RAW_PORT
grpc.service      {"grpc":{$raw,"service":"code:14"}}                            grpc 127.0.0.1:$RAW_PORT --service code:14
=grpc.metadata    {"grpc":{$raw,"metadata":[{"name":"a","value":"b"}]}}          grpc 127.0.0.1:$RAW_PORT --header a:b
=grpc.authority   {"grpc":{$raw,"authority":"a.test"}}                           grpc 127.0.0.1:$RAW_PORT --authority a.test
ROWS
}

@test "spec: every member is what its flag is: TLS" {
    local cert=$BATS_FILE_TMPDIR/cert.pem key=$BATS_FILE_TMPDIR/key.pem to https
    to=127.0.0.1:$HTTPS_PORT https='"host":"127.0.0.1","scheme":"HTTPS","port":'$HTTPS_PORT
    if ! has_tls; then
        printf '%s\n' http.scheme tcp.tls http.{tlsVerify,cacert,cert,key,serverName,certDays} >>"$BATS_FILE_TMPDIR/members"
        skip 'built without TLS'
    fi
    every_member <<ROWS
-                 {"httpGet":{"host":"127.0.0.1","port":$HTTPS_PORT}}            http $to
http.scheme       {"httpGet":{$https}}                                           http $to --scheme https
-                 {"tcpSocket":{"host":"127.0.0.1","port":$HTTPS_PORT}}          tcp $to
tcp.tls           {"tcpSocket":{"host":"127.0.0.1","port":$HTTPS_PORT,"tls":true}} tcp $to --tls
-                 {"httpGet":{$https}}                                           http https://$to
http.tlsVerify    {"httpGet":{$https,"tlsVerify":true}}                          http https://$to --tls-verify
http.cacert       {"httpGet":{$https,"cacert":"$cert"}}                          http https://$to --cacert $cert
http.certDays     {"httpGet":{$https,"certDays":9000}}                           http https://$to --cert-days 9000
=http.cert        {"httpGet":{$https,"cert":"$cert","key":"$key"}}               http https://$to --cert $cert --key $key
=http.key         {"httpGet":{$https,"cert":"$cert","key":"$key"}}               http https://$to --cert $cert --key $key
-                 {"httpGet":{$https,"cacert":"$cert"}}                          http https://$to --cacert $cert
http.serverName   {"httpGet":{$https,"cacert":"$cert","serverName":"a.test"}}    http https://$to --cacert $cert --server-name a.test
ROWS
}

@test "spec: every member is what its flag is: commands, files, processes and answers" {
    local file=$BATS_TEST_TMPDIR/file sleep='{"exec":{"command":["sleep","9"]}'
    echo '{"a": 1}' >"$file"
    echo $$ >"$file.pid"
    every_member <<ROWS
-                 {"exec":{"command":["true"]}}                           exec true
exec.command      {"exec":{"command":["false"]}}                          exec false
exec.timeout      {"exec":{"command":["true"]},"timeout":"1500ms"}        exec -t 1500ms true
exec.timeout      {"exec":{"command":["true"]},"timeout":1.5}             exec -t 1500ms true
exec.timeout      {"exec":{"command":["true"]},"timeout":15e-1}           exec -t 1500ms true
exec.timeoutSeconds {"exec":{"command":["true"]},"timeoutSeconds":2}      exec -t 2s true
exec.exitCodes    {"exec":{"command":["true"]},"exitCodes":"3,4,5"}       exec --exit-codes 3,4,5 true
exec.exitCodes    {"exec":{"command":["false"]},"exitCodes":"nagios"}     exec --exit-codes nagios false
=exec.initialDelaySeconds {"exec":{"command":["true"]},"initialDelaySeconds":9} exec true
=exec.periodSeconds {"exec":{"command":["true"]},"periodSeconds":9}       exec true
=exec.successThreshold {"exec":{"command":["true"]},"successThreshold":9} exec true
=exec.failureThreshold {"exec":{"command":["true"]},"failureThreshold":9} exec true
=exec.terminationGracePeriodSeconds {"exec":{"command":["true"]},"terminationGracePeriodSeconds":9} exec true
-                 $sleep,"timeout":"100ms"}                                exec -t 100ms sleep 9
exec.timeoutAs    $sleep,"timeout":"100ms","timeoutAs":"failure"}          exec -t 100ms --timeout-as failure sleep 9
-                 {"exec":{"command":["seq","20000"]}}                    exec seq 20000
exec.bodyLimit    {"exec":{"command":["seq","20000"],"bodyLimit":"64K"}}  exec --body-limit 64K seq 20000
exec.bodyLimit    {"exec":{"command":["seq","20000"],"bodyLimit":99}}     exec --body-limit 99 seq 20000
-                 {"file":{"path":"$file"}}                               file $file
file.path         {"file":{"path":"$file.no"}}                            file --path $file.no
file.maxAge       {"file":{"path":"/etc/passwd","maxAge":"1ms"}}          file /etc/passwd --max-age 1ms
file.maxAge       {"file":{"path":"/etc/passwd","maxAge":0.001}}          file /etc/passwd --max-age 1ms
file.minSize      {"file":{"path":"$file","minSize":"1K"}}                file $file --min-size 1K
file.minSize      {"file":{"path":"$file","minSize":1024}}                file $file --min-size 1024
file.contains     {"file":{"path":"$file"},"expect":{"contains":"x"}}     file $file --contains x
file.contains     {"file":{"path":"$file","contains":["x","y"]}}          file $file --contains x --contains y
file.notContains  {"file":{"path":"$file"},"expect":{"notContains":"a"}}  file $file --not-contains a
file.regex        {"file":{"path":"$file"},"expect":{"regex":["^a"]}}     file $file --regex ^a
file.json         {"file":{"path":"$file"},"expect":{"json":{"/a":"1"}}}  file $file --json /a="1"
file.json         {"file":{"path":"$file"},"expect":{"json":{"/a":2}}}    file $file --json /a=2
-                 {"exec":{"command":["sleep","0.02"]}}                   exec sleep 0.02
exec.maxLatency   {"exec":{"command":["sleep","0.02"]},"expect":{"maxLatency":"10ms"}} exec --max-latency 10ms sleep 0.02
exec.maxLatency   {"exec":{"command":["sleep","0.02"]},"expect":{"maxLatency":0.01}}   exec --max-latency 10ms sleep 0.02
exec.maxLatencyMs {"exec":{"command":["sleep","0.02"]},"expect":{"maxLatencyMs":10}}   exec --max-latency 10ms sleep 0.02
-                 {"process":{"pid":$$}}                                  process --pid $$
process.pid       {"process":{"pid":4194304}}                             process --pid 4194304
=process.pidfile  {"process":{"pidfile":"$file.pid"}}                     process --pidfile $file.pid
process.pidfile   {"process":{"pidfile":"$file.no"}}                      process --pidfile $file.no
process.name      {"process":{"pid":$$,"name":"nobody"}}                  process --pid $$ --name nobody
ROWS
}

@test "spec: every member of the table is in one of these" {
    local probes flag letter member rest probe found
    while IFS=$'\t' read -r probes flag letter member rest; do
        [ "$member" != - ] || continue
        found=''
        for probe in ${probes//,/ }; do
            ! grep -qx "$probe.$member" "$BATS_FILE_TMPDIR/members" || found=yes
        done
        [ -n "$found" ] || fail "no row sets $member of $probes"
    done < <("$PROBECTL" --list-options | awk -F '\t' -v OFS='\t' '{ print $1, $2 "-", $3 "-", $4 == "" ? "-" : $4 }')
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
        within "$SLACK_MS"
    }
    expect_ok '"initialDelaySeconds":0,"periodSeconds":1,"successThreshold":1,"failureThreshold":1'
    expect_ok '"initialDelaySeconds":86400,"terminationGracePeriodSeconds":30,"failureThreshold":30'
    expect_ok '"successThreshold":3'
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
    expect_number_error timeoutSeconds -1 \
        ".timeoutSeconds: '-1' is not a whole number from 0 to 3600"
    expect_number_error timeoutSeconds 1.5 \
        ".timeoutSeconds: '1.5' is not a whole number from 0 to 3600"
    expect_number_error timeoutSeconds '"1"' '.timeoutSeconds: is a string, not a number'
    expect_number_error timeoutSeconds null '.timeoutSeconds: is null, not a number'
    expect_number_error timeoutSeconds 3601 \
        ".timeoutSeconds: '3601' is not a whole number from 0 to 3600"
    expect_number_error periodSeconds -1 \
        ".periodSeconds: '-1' is not a whole number from 0 to 2147483647"
    expect_number_error periodSeconds 3000000000 \
        ".periodSeconds: '3000000000' is not a whole number from 0 to 2147483647"
    expect_number_error initialDelaySeconds -1 \
        ".initialDelaySeconds: '-1' is not a whole number from 0 to 2147483647"
    expect_number_error successThreshold -1 \
        ".successThreshold: '-1' is not a whole number from 0 to 2147483647"
    expect_number_error failureThreshold -1 \
        ".failureThreshold: '-1' is not a whole number from 0 to 2147483647"
    expect_number_error terminationGracePeriodSeconds 0 \
        ".terminationGracePeriodSeconds: '0' is not a whole number from 1 to 2147483647"
}

@test "spec: what Kubernetes takes for not given" {
    probe -o json -f '{"exec":{"command":["true"]},
        "timeoutSeconds":0,"periodSeconds":0,"successThreshold":0,"failureThreshold":0}'
    expect_json success 'exit status 0'
    [ "$(field /timeoutMs)" = 1000 ] || fail 'expected the timeout to be the default'
    same_as_flags '{"httpGet":{"host":"","port":'"$HTTP_PORT"',"path":"","scheme":""}}' http ":$HTTP_PORT"
    expect_spec_error '{"httpGet":{"port":80,"redirect":""}}' \
        ".httpGet.redirect: '' is not one of same-host, follow or none"
}
