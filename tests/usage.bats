#!/usr/bin/env bats
# Wrong usage: one line that names the option, the value and what is allowed; nothing is probed.

load helper

setup() { name_probes; }

@test "usage: which probe" {
    expect_usage "no probe given: use probectl $NAMES, or -f SPEC (see probectl --help)"
    expect_usage "'htp' is not a probe: use $NAMES, or -f SPEC (did you mean http?)" htp :80
    expect_usage "'frobnicate' is not a probe: use $NAMES, or -f SPEC" frobnicate :80
    expect_usage "'' is not a probe: use $NAMES, or -f SPEC" ''
    expect_usage "no probe given: use probectl $NAMES, or -f SPEC (see probectl --help)" -t 1s
    expect_usage "the spec: names no probe: give exactly one of $KEYS" http -f '{}'
}

@test "usage: options" {
    local codes='is not three exit codes: use S,F,U with numbers from 0 to 125, or docker, nagios, consul'
    expect_usage '--timout is not an option of http (did you mean --timeout?)' http --timout 2s :80
    expect_usage '--frobnicate is not an option of http: see probectl http --help' \
        http --frobnicate :80
    expect_usage '-Z is not an option of http: see probectl http --help' http -Z :80
    expect_usage '-Z is not an option of http: see probectl http --help' http -qZ :80
    expect_usage '--timeout needs a value: DURATION (end after this long, 1ms to 1h: 500ms, 2s, 1m)' \
        http :80 --timeout
    expect_usage '-t needs a value: DURATION (end after this long, 1ms to 1h: 500ms, 2s, 1m)' \
        http :80 -t
    expect_usage '--quiet takes no value' http --quiet=yes :80
    expect_usage '--time is not an option of http (did you mean --timeout?)' http --time 2s :80
    expect_usage '--timout is not an option (did you mean --timeout?)' --timout 2s http :80
    expect_usage '-- is not an option of http: see probectl http --help' http '--=2' :80
    expect_usage '--path is not an option of tcp: it is for http' tcp --path /x :80
    expect_usage '-H is not an option of tcp: it is for http' tcp -H 'A: b' :80
    expect_usage '~--port is not an option of exec: it is for http, tcp.*' exec --port 80 true
    expect_usage '-4 and -6 exclude each other: leave both out to try every address' tcp -4 -6 :80
    expect_usage "--timeout-as 'success' is not one of unknown or failure" \
        tcp --timeout-as success :80
    expect_usage "--timeout-as 'fail' is not one of unknown or failure (did you mean failure?)" tcp --timeout-as fail :80
    expect_usage "-o 'jsn' is not one of text or json (did you mean json?)" tcp -o jsn :80
    expect_usage "-o '' is not one of text or json" tcp -o '' :80
    expect_usage "--exit-codes 'dockr' $codes (did you mean docker?)" tcp --exit-codes dockr :80
    expect_usage "--exit-codes '0,1' $codes" tcp --exit-codes 0,1 :80
    expect_usage "--exit-codes '0,1,126' $codes" tcp --exit-codes 0,1,126 :80
    expect_usage "--exit-codes '0,1,2,3' $codes" tcp --exit-codes 0,1,2,3 :80
    expect_usage "--exit-codes '0,,2' $codes" tcp --exit-codes 0,,2 :80
    expect_usage "--exit-codes '' $codes" tcp --exit-codes '' :80
}

@test "usage: durations" {
    local range='is out of range: a duration is from 1ms to 1h'
    local rule='is not a duration: use 500ms, 2s, 1.5s or 1m, from 1ms to 1h'
    expect_usage "-t '0' $range" tcp -t 0 :80
    expect_usage "-t '-1' $rule" tcp -t -1 :80
    expect_usage "-t '1h1' $rule" tcp -t 1h1 :80
    expect_usage "-t '1e9' $rule" tcp -t 1e9 :80
    expect_usage "-t '' $rule" tcp -t '' :80
    expect_usage "-t '2h' $range" tcp -t 2h :80
    expect_usage "-t '3601' $range" tcp -t 3601 :80
    expect_usage "-t '0.5ms' $range" tcp -t 0.5ms :80
    expect_usage "-t '1x' $rule" tcp -t 1x :80
    expect_usage "-t ' 1s' $rule" tcp -t ' 1s' :80
    expect_usage "-t '1 s' $rule" tcp -t '1 s' :80
    expect_usage "-t '99999999999999999999s' $rule" tcp -t 99999999999999999999s :80
    expect_usage "-t 'nan' $rule" tcp -t nan :80
    expect_usage "-t '0x1' $rule" tcp -t 0x1 :80
    expect_usage "-t '.' $rule" tcp -t . :80
    expect_usage "-t 'ms' $rule" tcp -t ms :80
    expect_usage "--timeout '1,5s' $rule" tcp --timeout=1,5s :80
}

@test "usage: ports and hosts" {
    local form='is not [HOST]:PORT, as in :8080, localhost:8080 or [::1]:8080'
    local missing='is not [HOST]:PORT: the port is missing, as in :8080 or localhost:8080'
    local number='is not [HOST]:PORT: the port is a number from 1 to 65535'
    expect_usage "tcp: ':0' $number" tcp :0
    expect_usage "tcp: ':65536' $number" tcp :65536
    expect_usage "tcp: ':80x' $number" tcp :80x
    expect_usage "tcp: ':' $number" tcp :
    expect_usage "tcp: ':-1' $number" tcp :-1
    expect_usage "tcp: ':+80' $number" tcp :+80
    expect_usage "tcp: ': 80' $number" tcp ': 80'
    expect_usage "tcp: ':99999999999999999999' $number" tcp :99999999999999999999
    expect_usage "--port '0' is not a port: use 1-65535" tcp --port 0
    expect_usage "--port '80x' is not a port: use 1-65535" tcp --port 80x
    expect_usage "--port '' is not a port: use 1-65535" tcp --port ''
    expect_usage "--port 'http' is not a port: use 1-65535" tcp --port http
    expect_usage "tcp: 'localhost' $missing" tcp localhost
    expect_usage 'tcp: no target: give [HOST]:PORT, unix:PATH, --port PORT or .tcpSocket.port' tcp
    expect_usage "tcp: '' $missing" tcp ''
    expect_usage "tcp: ':81' is too much: usage: probectl tcp [options] [HOST]:PORT | unix:PATH" \
        tcp :80 :81
    expect_usage "tcp: '::1:80' is not [HOST]:PORT: put an IPv6 address in brackets, as in [::1]:8080" \
        tcp ::1:80
    expect_usage "tcp: '[::1:80' $form" tcp '[::1:80'
    expect_usage "tcp: '[::1]80' $form" tcp '[::1]80'
    expect_usage "tcp: '[::1]' $missing" tcp '[::1]'
    expect_usage "tcp: '[::g]:80' $form" tcp '[::g]:80'
    expect_usage "tcp: '[]:80' $form" tcp '[]:80'
    expect_usage "tcp: 'a b:80' $form" tcp 'a b:80'
    expect_usage "tcp: 'a\\nb:80' $form" tcp $'a\nb:80'
    expect_usage "tcp: 'http://localhost:80' is not [HOST]:PORT: it takes no scheme and no path" \
        tcp http://localhost:80
    expect_usage "tcp: 'localhost:80/path' is not [HOST]:PORT: it takes no scheme and no path" \
        tcp localhost:80/path
    local host='is not a host: use a name, an IPv4 address or an IPv6 address (letters, digits, . - _)'
    expect_usage "--host '127.0.0.1:80' $host" tcp --host 127.0.0.1:80 --port 81
    expect_usage "--host 'localhost:80' $host" tcp --host localhost:80 --port 81
    expect_usage "--host '[127.0.0.1:80]' $host" tcp --host '[127.0.0.1:80]' --port 81
    expect_usage "--host '1:2' $host" tcp --host 1:2 --port 81
    expect_usage "--host '::1::%lo' $host" tcp --host ::1::%lo --port 81
    expect_usage "--host '$(printf '1:%.0s' {1..30})' $host" tcp --host "$(printf '1:%.0s' {1..30})" --port 81
    expect_usage "--server-name '127.0.0.1:80' $host" http --server-name 127.0.0.1:80 :81
    expect_usage ".tcpSocket.host: 'ff:80' $host" -f '{"tcpSocket":{"host":"ff:80","port":81}}'
    expect_usage "tcp: '[127.0.0.1:80]:81' $form" tcp '[127.0.0.1:80]:81'
    expect_usage "--host '' is not a host: use a name, an IPv4 address or an IPv6 address (letters, digits, . - _)" \
        tcp --host ''
}

@test "usage: http" {
    local method='is not a method: use a word such as GET, HEAD, POST or OPTIONS'
    local form='is not a target: use http://HOST[:PORT][/PATH], https://... or [HOST]:PORT[/PATH] with a port from 1 to 65535'
    local port='is not a target: its port is not 1-65535'
    local host='is not a target: its host is missing or has a character that a host cannot have'
    local header="needs the form 'NAME: VALUE', with a NAME of letters, digits and -"
    local statuses='is not a list of statuses: use 200-399 or 200,204,301-302, from 100 to 999'
    expect_usage 'http: no target: give http[s]://HOST[:PORT][/PATH], [HOST]:PORT[/PATH], --port PORT or .httpGet.port' \
        http
    expect_usage "http: '' $form" http ''
    expect_usage "http: ':81' is too much: usage: probectl http [options] TARGET" http :80 :81
    expect_usage "http: 'ftp://localhost/' is not a target: its scheme is neither http nor https" \
        http ftp://localhost/
    expect_usage "http: 'htps://localhost/' is not a target: its scheme is neither http nor https" \
        http htps://localhost/
    expect_usage "http: 'http://' $host" http http://
    expect_usage "http: 'http:///path' $host" http http:///path
    expect_usage "http: 'http://localhost:80x/' $port" http http://localhost:80x/
    expect_usage "http: 'http://localhost:0/' $port" http http://localhost:0/
    expect_usage "http: 'http://localhost:65536/' $port" http http://localhost:65536/
    expect_usage "http: 'http://[::1/' $host" http 'http://[::1/'
    expect_usage "http: 'http://a b/' $host" http 'http://a b/'
    expect_usage "http: 'localhost' $form" http localhost
    expect_usage "http: 'http://localhost:99999/?...' $port" http 'http://localhost:99999/?a=b'
    expect_usage "http: 'localhost:x/?...' $form" http 'localhost:x/?a=b'
    expect_usage "http: '...@...' $form" http 'me@host/?a=b'
    expect_usage "--scheme 'ftp' is not one of http or https" \
        http --scheme ftp :80
    expect_usage "-H $header" http -H 'no colon' :80
    expect_usage "-H $header" http -H ': value' :80
    expect_usage "-H $header" http -H 'bad name: value' :80
    expect_usage "-H $header" http -H '' :80
    expect_usage "-H has a control character in the value of 'X': a header is one line" \
        http -H $'X: a\r\nY: b' :80
    expect_usage "-H has a control character in the value of 'X': a header is one line" \
        http -H $'X: a\nb' :80
    expect_usage "-X 'GE T' $method" http -X 'GE T' :80
    expect_usage "-X '' $method" http -X '' :80
    expect_usage "-X 'GET\\r\\n' $method" http -X $'GET\r\n' :80
    expect_usage "--redirect 'sometimes' is not one of same-host, follow or none" \
        http --redirect sometimes :80
    expect_usage "--status '' $statuses" http --status '' :80
    expect_usage "--status '99' $statuses" http --status 99 :80
    expect_usage "--status '1000' $statuses" http --status 1000 :80
    expect_usage "--status '300-200' $statuses" http --status 300-200 :80
    expect_usage "--status '200-' $statuses" http --status 200- :80
    expect_usage "--status '200,,204' $statuses" http --status 200,,204 :80
    expect_usage "--status 'ok' $statuses" http --status ok :80
}

@test "usage: exec" {
    local none='exec: no command: give COMMAND [ARG]... or .exec.command'
    expect_usage "$none" exec
    expect_usage "$none" exec --
    expect_usage "$none" exec ''
    expect_usage "$none" exec -t 1s
    expect_usage '--timout is not an option of exec (did you mean --timeout?)' exec --timout 1s true
}

@test "usage: numbers of a spec are quoted as they were written" {
    local rule='is not a duration: use 500ms, 2s, 1.5s or 1m, from 1ms to 1h'
    expect_usage ".timeout: '1e+23' $rule" -f '{"exec":{"command":["true"]},"timeout":1e+23}'
    expect_usage ".timeout: '-0.3' $rule" -f '{"exec":{"command":["true"]},"timeout":-0.3}'
    expect_usage ".tcpSocket.port: '0.30000000000000004' is not a port: use 1-65535" \
        -f '{"tcpSocket":{"port":0.30000000000000004}}'
    expect_usage ".timeoutSeconds: '1125899906842624.5' is not a whole number from 0 to 3600" \
        -f '{"exec":{"command":["true"]},"timeoutSeconds":1125899906842624.5}'
    expect_usage ".timeout: '1e999' $rule" -f '{"exec":{"command":["true"]},"timeout":1e999}'
    expect_usage ".tcpSocket.port: '-1e999' is not a port: use 1-65535" -f '{"tcpSocket":{"port":-1e999}}'
    local ms
    for ms in 300 1 700 1001 9; do
        probe -o json -f "{\"exec\":{\"command\":[\"true\"]},\"timeout\":$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))}"
        parse_json
        [ "$(field /timeoutMs)" = "$ms" ] || fail "expected a timeout of $ms ms"
    done
}

@test "usage: what excludes each other" {
    local both='a port and a Unix socket exclude each other: give one of them' probe
    expect_usage "tcp: $both" tcp unix:/missing --port 1
    expect_usage "tcp: $both" tcp --unix-socket /missing :1
    expect_usage "grpc: $both" grpc --unix-socket /missing --port 1
    expect_usage "tcp: $both" -f '{"tcpSocket":{"port":1,"unixSocket":"/missing"}}'
    expect_usage "grpc: $both" -f '{"grpc":{"port":1,"unixSocket":"/missing"}}'
    expect_usage '--data and -X HEAD exclude each other: a HEAD request has no body' http -X HEAD --data abc :1
    expect_usage '--data and -X HEAD exclude each other: a HEAD request has no body' \
        -f '{"httpGet":{"port":1,"method":"HEAD"}}' --data abc
    expect_usage '.expect.maxLatency: says the same as .tcpSocket.maxLatency: give one of them' \
        -f '{"tcpSocket":{"port":1,"maxLatency":"1ms"},"expect":{"maxLatency":"1s"}}'
    expect_usage '.expect.maxLatencyMs: says the same as .exec.maxLatency: give one of them' \
        -f '{"expect":{"maxLatencyMs":2},"exec":{"command":["true"],"maxLatency":"1ms"}}'
    expect_usage '.expect.contains: says the same as .exec.contains: give one of them' \
        -f '{"exec":{"command":["true"],"contains":"a"},"expect":{"contains":"b"}}'
    expect_usage '-4 and -6 exclude each other: leave both out to try every address' \
        -f '{"tcpSocket":{"port":1,"ipv4":true}}' -4 -6
    expect_usage '-4 and -6 exclude each other: leave both out to try every address' \
        -f '{"tcpSocket":{"port":1,"ipv4":true,"ipv6":true}}'
}
