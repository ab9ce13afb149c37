#!/usr/bin/env bats
# The http probe: the kubelet's cases, and what is promised beyond them.

load helper

setup_file() {
    start_http_server
    start_tcp_server
}

teardown_file() { stop_servers; }

setup() { forget_requests; }

# Each row: a verdict, a path, a message.
judge() {
    local verdict path message
    while read -r verdict path message; do
        expect "$verdict" "$message" http "$HTTP$path"
    done
}

# Each row: a reason, a path, a message. They are all failures.
judge_broken() {
    local reason path message
    while read -r reason path message; do
        expect failure "$message" http "$HTTP$path"
        reason_is "$reason"
    done
}

# A redirect that is not followed is a success, with a warning in which its end can be read.
expect_warning() {
    local warning=$1
    shift
    expect success '~.*' "$@"
    message_is "$(field /warning)" "$warning"
}

@test "http: the status decides" {
    judge <<ROWS
success /status/200 200 OK
success /status/201 201 Created
success /status/204 204 No Content
success /status/206 206 Partial Content
success /status/299 299 Unheard Of
failure /status/400 HTTP probe failed with statuscode: 400
failure /status/401 HTTP probe failed with statuscode: 401
failure /status/404 HTTP probe failed with statuscode: 404
failure /status/500 HTTP probe failed with statuscode: 500
failure /status/503 HTTP probe failed with statuscode: 503
failure /status/599 HTTP probe failed with statuscode: 599
failure /raw/status-600 HTTP probe failed with statuscode: 600
failure /raw/switching HTTP probe failed with statuscode: 101
ROWS
}

@test "http: JSON says what was seen" {
    probe http -o json "$HTTP/status/404"
    expect_json failure 'HTTP probe failed with statuscode: 404'
    [ "$(field /probe)" = http ]
    [ "$(field /target)" = "http://$HTTP/status/404" ]
    [ "$(field /http/status)" = 404 ]
    [ "$(field /timeoutMs)" = 1000 ]
    field /durationMs
    field /timings/totalMs
}

@test "http: text is one line, verdict first" {
    probe http "$HTTP/status/200"
    output_matches "^success: http http://$HTTP/status/200: 200 OK \([0-9]+\.[0-9]+ ms\)$"
    probe http "$HTTP/status/404"
    output_matches "^failure: http http://$HTTP/status/404: HTTP probe failed with statuscode: 404 \([0-9]+\.[0-9]+ ms\)$"
}

@test "http: redirects to the same host are followed, to a good and to a bad end" {
    local code
    for code in 301 302 303 307 308; do
        judge <<ROWS
success /redirect/$code?to=/status/200 200 OK
failure /redirect/$code?to=/status/404 HTTP probe failed with statuscode: 404
ROWS
    done
}

@test "http: every form of a Location on the same host" {
    judge <<ROWS
success /redirect/302?to=../status/201 201 Created
success /redirect/302?to=http://$HTTP/status/201 201 Created
success /redirect/302?to=//$HTTP/status/201 201 Created
success /redirect/302?to=http://127.0.0.1:$OTHER_PORT/status/201 201 Created
ROWS
    if has_tls; then
        expect success '201 Created' http "$HTTP/redirect/302?to=https://127.0.0.1:$HTTPS_PORT/status/201"
    else
        expect unknown 'redirected to https, and this probectl was built without TLS' \
            http "$HTTP/redirect/302?to=https://127.0.0.1:$HTTPS_PORT/status/201"
        reason_is NoTlsSupport
    fi
    # The fragment is the client's own.
    expect success '201 Created' http "$HTTP/redirect/302?to=/status/201#top"
}

@test "http: a redirect to another host is not followed" {
    expect_warning "~.*http://localhost:$OTHER_PORT/status/500.*" \
        http "$HTTP/redirect/302?to=http://localhost:$OTHER_PORT/status/500"
    # Hosts are compared by name, as the kubelet does it: another name of the same address is another.
    expect_warning "~.*http://127.0.0.1:$HTTP_PORT/status/500.*" \
        http "localhost:$HTTP_PORT/redirect/302?to=http://$HTTP/status/500"
    if asked '^GET /status/500'; then fail 'it was followed'; fi
    # The host to compare with is the first one, not the one before.
    expect_warning '~.*else.test.*' http "$HTTP/redirect/302?to=/redirect/301?to=http://else.test/"
}

@test "http: a 3xx that is none of the five, or leads nowhere, is judged itself" {
    local code
    for code in 300 304 305 306 399; do
        expect_warning "status $code is no redirect that is followed" http "$HTTP/redirect/$code?to=/status/500"
        [ "$(field /http/status)" = "$code" ]
    done
    for code in 301 302 303 307 308; do
        expect_warning 'the redirect was not followed: its Location is missing or no http URL' \
            http "$HTTP/no-location/$code"
        [ "$(field /http/status)" = "$code" ]
    done
    expect_warning '~.+' http "$HTTP/status/304"
    if asked '^GET /status/500'; then fail 'it was followed'; fi
}

@test "http: at most ten redirects" {
    judge <<ROWS
success /chain/9 200 OK
failure /chain/10 stopped after 10 redirects
failure /chain/11 stopped after 10 redirects
failure /loop stopped after 10 redirects
ROWS
    forget_requests
    probe http "$HTTP/loop"
    [ "$(grep -c '^GET /loop' "$REQUESTS")" -eq 10 ]
    judge_broken <<ROWS
TooManyRedirects /loop stopped after 10 redirects
ROWS
}

@test "http: a redirect's endless body does not keep from following" {
    expect success '200 OK' http "$HTTP/redirect-endless/302?to=/status/200"
}

@test "http: a Location that is no address of the web" {
    judge_broken <<ROWS
BadRedirect /raw/bad-location status 302, and its Location is not an http or https URL
BadRedirect /raw/evil-location status 302, and its Location is not an http or https URL
BadRedirect /redirect/302?to=ftp://127.0.0.1/ status 302, and its Location is not an http or https URL
ROWS
    # It has no host, so it is not the same host.
    expect_warning '~.*' http "$HTTP/raw/file-location"
}

@test "http: --redirect none and follow" {
    expect_warning '~.*' http --redirect none "$HTTP/redirect/302?to=/status/500"
    if asked '^GET /status/500'; then fail 'it was followed'; fi
    expect failure 'HTTP probe failed with statuscode: 500' \
        http --redirect follow "$HTTP/redirect/302?to=http://localhost:$HTTP_PORT/status/500"
    expect success '200 OK' \
        http --redirect follow "$HTTP/redirect/302?to=http://localhost:$HTTP_PORT/status/200"
    expect failure 'stopped after 10 redirects' http --redirect follow "$HTTP/loop"
}

@test "http: answers that are not HTTP, or are cut off" {
    local malformed='malformed response:' cut='the response was cut short'
    # What libcurl has words for it words differently from version to version.
    judge_broken <<ROWS
EmptyResponse /raw/empty the connection was closed without an answer: does the server want TLS?
MalformedResponse /raw/http09 $malformed Received HTTP/0.9 when not allowed
MalformedResponse /raw/binary $malformed Received HTTP/0.9 when not allowed
MalformedResponse /raw/other-protocol $malformed Received HTTP/0.9 when not allowed
MalformedResponse /raw/status-letters ~$malformed Unsupported (response code in HTTP|HTTP/1 subversion in) response
MalformedResponse /raw/status-short ~$malformed Unsupported (response code in HTTP|HTTP/1 subversion in) response
MalformedResponse /raw/status-long ~$malformed (Unsupported response code in HTTP response|a status that is not three digits)
MalformedResponse /raw/status-none ~$malformed Unsupported HTTP(/1 sub| )version in response
MalformedResponse /raw/version ~$malformed Unsupported HTTP version( \(9\.9\))? in response
MalformedResponse /raw/header-without-colon ~$malformed (a header line without a colon|Header without colon)
TruncatedResponse /raw/cut-status $cut in its headers
TruncatedResponse /raw/cut-header $cut in its headers
TruncatedResponse /raw/cut-body ~$cut: (transfer closed|end of response) with 91 bytes (remaining to read|missing)
TruncatedResponse /raw/cut-chunk $cut: transfer closed with outstanding read data remaining
TruncatedResponse /raw/no-last-chunk $cut: transfer closed with outstanding read data remaining
MalformedResponse /raw/bad-chunk $malformed its chunks are not well formed
MalformedResponse /raw/two-lengths ~$malformed (a Content-Length that is not one number|Invalid Content-Length: value)
MalformedResponse /raw/bad-length $malformed Invalid Content-Length: value
ConnectionReset /rst connection reset by peer
ConnectionReset /rst-body connection reset by peer
ROWS
}

@test "http: a Content-Length that is no number, or not one" {
    # Newer versions of libcurl see some of it themselves.
    local bad='~malformed response: (a Content-Length that is not one number|Invalid Content-Length: value)'
    judge <<ROWS
failure /raw/huge-length $bad
failure /raw/over-length $bad
failure /raw/signed-length $bad
failure /raw/length-list $bad
success /raw/same-lengths 200 OK
ROWS
}

@test "http: what libcurl takes or calls by another name" {
    judge <<ROWS
failure /raw/says-http2 ~malformed response: (it says HTTP/2 over HTTP/1|Version mismatch .from HTTP/1 to HTTP/2.)
ROWS
    expect failure 'malformed response: its first header line begins with a blank' http "$HTTP/raw/blank-first"
    reason_is MalformedResponse
}

@test "http: a host is the same however its address is written" {
    need_ipv6
    local host
    for host in '[::1]' '[0:0:0:0:0:0:0:1]' '[0::1]' LOCALHOST 127.0.0.1 127.1; do
        expect failure 'HTTP probe failed with statuscode: 500' http "http://$host:$HTTP_PORT/redirect/302?to=/status/500"
    done
    expect failure 'HTTP probe failed with statuscode: 500' \
        http "http://[::1]:$HTTP_PORT/redirect/302?to=http://[0:0::1]:$HTTP_PORT/status/500"
}

@test "http: answers that are odd and good" {
    judge <<ROWS
success /raw/http10 200 OK
success /raw/no-reason 200
success /raw/bare-lf 200 OK
success /raw/chunked 200 OK
success /raw/not-gzip 200 OK
success /raw/interim 200 OK
success /headers/100 200 OK
ROWS
}

@test "http: a body is read to 10 KiB, and what comes after is not judged" {
    judge <<ROWS
success /body/0 200 OK
success /body/10240 200 OK
success /body/10241 200 OK
success /body/10000000 200 OK
success /raw/cut-late 200 OK
success /endless-body 200 OK
success /endless-chunks 200 OK
failure /endless-error-body HTTP probe failed with statuscode: 500
ROWS
}

@test "http: bodyCut is false where no more than what was read can come" {
    local path cut
    while read -r path cut; do
        expect success '200 OK' http "$HTTP/$path"
        [ "$(field /http/bodyCut)" = "$cut" ] || fail "expected bodyCut $cut"
    done <<ROWS
body/10239 false
body/10240 false
body-part/10240/10240 false
body-part/10240/10241 true
body-part/10240/chunks true
body-part/10240/close true
body-part/10241/20000 true
ROWS
}

@test "http: too many headers are no answer" {
    local path
    for path in endless-header/0 endless-line/0 headers/300; do
        expect unknown "no answer: the response's headers do not end within 256 KiB" http "$HTTP/$path"
        reason_is HeadersTooLarge
        within $((1000 + SLACK_MS))
    done
}

@test "http: nobody there" {
    expect failure "dial tcp 127.0.0.1:$REFUSED_PORT: connection refused" http "127.0.0.1:$REFUSED_PORT/"
    reason_is ConnectionRefused
    expect failure 'connection reset by peer' http "127.0.0.1:$RESET_PORT/"
    reason_is ConnectionReset
    # It depends on whether the request came before the server closed.
    expect failure '~connection reset by peer|the connection was closed without an answer.*' http "127.0.0.1:$CLOSE_PORT/"
    [[ $(field /reason) == @(ConnectionReset|EmptyResponse) ]] || fail 'expected another reason'
    # TLS that is spoken to a plain port, and the reverse.
    if has_tls; then
        expect failure 'the server does not speak TLS: it answers in plain text' http "https://$HTTP/"
        reason_is NotTls
    fi
    expect failure '~.*' http "http://127.0.0.1:$HTTPS_PORT/"
}

@test "http: how long each phase took, and null for what was not reached" {
    timed() {
        local phases=$1
        probe http -t 300ms -o json "${@:2}"
        parse_json
        # shellcheck disable=SC2086  # words
        timings_are $phases
    }
    timed 'resolve connect firstByte' "$HTTP/status/404"
    timed 'resolve' "127.0.0.1:$REFUSED_PORT"
    timed 'resolve' "127.0.0.1:$FULL_PORT"
    timed 'resolve connect' "127.0.0.1:$RESET_PORT"
    timed 'resolve connect' "$HTTP/raw/empty"
    timed 'resolve connect' "$HTTP/silence"
    timed 'resolve connect firstByte' "$HTTP/silent-body"
    timed 'resolve connect firstByte' --redirect none "$HTTP/slow-chain/100"
    timing_at_least firstByte 100
    # Sums over redirects, but that the first byte is the last request's.
    timed 'resolve connect firstByte' "$HTTP/chain/3"
    timed 'resolve connect' "$HTTP/redirect/302?to=/silence"
    timed 'resolve connect' "$HTTP/redirect/302?to=/raw/empty"
    timed 'resolve connect' "$HTTP/redirect/302?to=http://127.0.0.1:$REFUSED_PORT/"
    has_tls || return 0
    timed 'resolve connect tls firstByte' "https://127.0.0.1:$HTTPS_PORT/"
    timed 'resolve connect tls firstByte' "$HTTP/redirect/302?to=https://127.0.0.1:$HTTPS_PORT/"
    timed 'resolve connect tls firstByte' "https://127.0.0.1:$HTTPS_PORT/redirect/302?to=http://$HTTP/"
    timed 'resolve connect' "https://127.0.0.1:$SILENT_PORT/"
    timed 'resolve connect' "https://$HTTP/"
}

@test "http: the request, to the letter" {
    local version
    version=$("$PROBECTL" --version | head -n 1 | cut -d" " -f2)
    probe http "$HTTP/echo?a=1&b=%20x"
    is_status 0
    [ "$(last_request | sort)" = "$(sort <<REQUEST

Accept: */*
Connection: close
GET /echo?a=1&b=%20x HTTP/1.1
Host: $HTTP
User-Agent: probectl/$version
REQUEST
    )" ] || fail "unexpected request: $(last_request)"
}

# The headers of the one request that these arguments make, sorted.
headers_of() {
    forget_requests
    probe http "$@" || return
    is_status 0
    last_request | grep : | sort
}

@test "http: headers given" {
    local host="Host: $HTTP" agent accept='Accept: */*' close='Connection: close' got
    agent="User-Agent: probectl/$("$PROBECTL" --version | head -n 1 | cut -d" " -f2)"

    got=$(headers_of "$HTTP/" -H 'User-Agent: mine' -H 'accept: text/html')
    [ "$(sort -f <<<"$got")" = "$(sort -f <<<"$close
$host
User-Agent: mine
accept: text/html")" ] || fail "overridden: $got"

    got=$(headers_of "$HTTP/" -H 'User-Agent:' -H 'Accept: ')
    [ "$got" = "$close
$host" ] || fail "left out: $got"

    got=$(headers_of "$HTTP/" -H 'X-Empty:' -H 'X-Two: 1' -H 'X-Two: 2' -H 'X-Colon: a:b: c')
    [ "$(tr -s ' ' <<<"$got" | sed 's/ $//')" = "$accept
$close
$host
$agent
X-Colon: a:b: c
X-Empty:
X-Two: 1
X-Two: 2" ] || fail "added: $got"

    got=$(headers_of "$HTTP/" -H 'Host: other.test:81')
    [ "$got" = "$accept
$close
Host: other.test:81
$agent" ] || fail "Host: $got"

    # An empty one is none, and the first.
    got=$(headers_of "$HTTP/" -H 'host:' -H 'Host: other.test')
    [ "$got" = "$accept
$close
$host
$agent" ] || fail "empty Host: $got"
}

@test "http: an empty Host is none, whatever name --server-name gives" {
    has_tls || skip 'built without TLS'
    local given host
    while IFS='|' read -r given host; do
        forget_requests
        probe http --server-name a.test -H "Host:$given" "https://127.0.0.1:$HTTPS_PORT/"
        is_status 0
        [ "$(last_request | grep '^Host:')" = "Host: $host" ] || fail "asked: $(last_request)"
    done <<ROWS
b.test|b.test
|127.0.0.1:$HTTPS_PORT
ROWS
}

@test "http: a Host given stays, and so do the headers, after a local redirect" {
    probe http "$HTTP/redirect/302?to=/echo" -H 'Host: other.test' -H 'X-Probe: 1'
    is_status 0
    [ "$(last_request | grep -c '^Host: other.test$')" -eq 2 ] || fail "$(last_request)"
    [ "$(last_request | grep -c '^X-Probe: 1$')" -eq 2 ] || fail "$(last_request)"
    # The host to stay on is the URL's, whatever Host says.
    expect_warning '~.*' http "$HTTP/redirect/302?to=http://other.test/" -H 'Host: other.test'
}

# The names of the second request's headers, without bodies.
second_names() { last_request | sed '1,/^$/d' | sed -n 's/^\([A-Za-z-]*\): .*/\1/p' | sort | paste -sd' '; }

@test "http: another host that is followed to gets nothing of what was given, and nobody a cookie" {
    local there="302?to=http://localhost:$HTTP_PORT/echo" here='302?to=/echo'
    follow() {
        forget_requests
        probe http --redirect follow "$@"
        is_status 0
        [ "$(last_request | grep -c '^GET ')" -eq 2 ] || fail "asked: $(last_request)"
    }
    follow "$HTTP/redirect/$there" -H 'Host: other.test' -H 'Authorization: x' -H 'X-Probe: 1'
    [ "$(second_names)" = 'Accept Connection Host User-Agent' ] || fail "asked: $(last_request)"
    asked "^Host: localhost:$HTTP_PORT" || fail "asked: $(last_request)"
    follow "http://me:secret@$HTTP/redirect/$there"
    [ "$(second_names)" = 'Accept Connection Host User-Agent' ] || fail "asked: $(last_request)"
    follow "http://me:secret@$HTTP/redirect/$here" -H 'X-Probe: 1'
    [ "$(second_names)" = 'Accept Authorization Connection Host User-Agent X-Probe' ] || fail "asked: $(last_request)"
}

@test "http: what a redirect makes of a body" {
    local code
    for code in 301 302 303 307 308; do
        forget_requests
        probe http --data a=1 "$HTTP/redirect/$code?to=/echo"
        is_status 0
        case $code in
            30[123])
                last_request | grep -q '^a=1GET /echo HTTP/1.1$' || fail "$code: $(last_request)"
                [ "$(second_names)" = 'Accept Connection Host User-Agent' ] || fail "$code: $(last_request)"
                ;;
            *)
                last_request | grep -q '^a=1POST /echo HTTP/1.1$' || fail "$code: $(last_request)"
                [ "$(tail -c 3 "$REQUESTS")" = a=1 ] || fail "$code: $(last_request)"
                ;;
        esac
    done
}

@test "http: -v and JSON show where it asked, and what the answer's head said" {
    probe http -o json "$HTTP/redirect/302?to=/status/404"
    parse_json
    [ "$(field /http/attempts/0/address)" = "$HTTP" ]
    [ "$(field /http/attempts/0/answer)" = connected ]
    [[ $JSON == *'=HTTP/1.1 302 Found'*'=Content-Length: 14'*'=HTTP/1.1 404 Not Found'*'=Content-Length: 19'* ]] ||
        fail 'expected the heads of both answers'
    probe http -v "$HTTP/status/404"
    output_matches "$HTTP +connected"
    output_matches 'HTTP/1.1 404 Not Found'
    output_matches 'Content-Length: [0-9]+'
}

@test "http: the forms of a target" {
    local target targets=("http://$HTTP/echo" "$HTTP/echo" "HTTP://$HTTP/echo" "localhost:$HTTP_PORT/echo"
        ":$HTTP_PORT/echo" "http://localhost:$HTTP_PORT/echo")
    if has_tls; then targets+=("https://127.0.0.1:$HTTPS_PORT/echo"); fi
    for target in "${targets[@]}"; do
        forget_requests
        expect success '200 OK' http "$target"
        asked '^GET /echo HTTP/1.1' || fail "asked: $(last_request)"
    done
    expect success '200 OK' http "$HTTP"
    expect success '200 OK' http "$HTTP/"
    expect success '200 OK' http "http://$HTTP?q=1"
    asked '^GET /?q=1 HTTP/1.1' || fail "asked: $(last_request)"
}

@test "http: the parts of a target by flags, which override it" {
    expect success '200 OK' http --port "$HTTP_PORT"
    expect success '200 OK' http --host 127.0.0.1 --port "$HTTP_PORT" --path /echo
    forget_requests
    # The kubelet adds the slash that a path lacks.
    expect success '200 OK' http --host 127.0.0.1 --port "$HTTP_PORT" --path 'echo?a=b'
    asked '^GET /echo?a=b HTTP/1.1' || fail "asked: $(last_request)"
    if has_tls; then expect success '200 OK' http --scheme https --host 127.0.0.1 --port "$HTTPS_PORT"; fi
    expect success '201 Created' http "http://else.test:1/status/500" \
        --host 127.0.0.1 --port "$HTTP_PORT" --path /status/201
}

@test "http: what a path cannot hold is encoded, as the kubelet does" {
    probe http "$HTTP/a b"
    asked '^GET /a%20b HTTP/1.1' || fail "asked: $(last_request)"
    forget_requests
    probe http "http://$HTTP/a"$'\r\n'"X-Injected: 1"
    asked '^GET /a%0D%0AX-Injected:%201 HTTP/1.1' || fail "asked: $(last_request)"
    if asked '^X-Injected'; then fail "asked: $(last_request)"; fi
}

@test "http: IPv6 in brackets, and localhost on whichever family listens" {
    need_ipv6
    expect success '200 OK' http "http://[::1]:$HTTP_PORT/echo"
    asked "^Host: \[::1\]:$HTTP_PORT" || fail "asked: $(last_request)"
    expect success '200 OK' http ":$HTTP4_PORT/"
    expect success '200 OK' http -4 ":$HTTP4_PORT/"
    expect failure '~.*refused.*' http -6 ":$HTTP4_PORT/"
    # A silent address holds the next one back for a quarter of a second at most.
    expect success '200 OK' http -t 5s ":$MUTE_HTTP4_PORT/"
    within 2000
}

@test "http: no proxy, whatever the environment says" {
    local refused=http://127.0.0.1:$REFUSED_PORT
    export http_proxy=$refused https_proxy=$refused all_proxy=$refused
    export HTTP_PROXY=$refused HTTPS_PROXY=$refused ALL_PROXY=$refused
    expect success '200 OK' http "$HTTP/echo"
    if has_tls; then expect success '200 OK' http "https://127.0.0.1:$HTTPS_PORT/"; fi
    expect success '201 Created' http "$HTTP/redirect/302?to=/status/201"
}

@test "http: no .netrc and no .curlrc" {
    export HOME=$BATS_TEST_TMPDIR
    echo 'machine 127.0.0.1 login me password secret' >"$HOME/.netrc"
    echo 'header = "X-Curl: 1"' >"$HOME/.curlrc"
    probe http "$HTTP/echo"
    is_status 0
    if asked '^Authorization' || asked '^X-Curl'; then fail "asked: $(last_request)"; fi
}

@test "http: userinfo in a URL is sent and never shown" {
    expect success '200 OK' http "http://me:secret@$HTTP/echo"
    asked '^Authorization: Basic bWU6c2VjcmV0' || fail "asked: $(last_request)"
    probe http -v "http://me:secret@$HTTP/status/200?token=hidden"
    [[ $output != *secret* && $output != *bWU6* ]] || fail 'a secret was shown'
    probe http -o json "http://me:secret@$HTTP/status/200?token=hidden"
    [[ $output != *secret* && $output != *bWU6* && $output != *hidden* ]] || fail 'a secret was shown'
}

@test "http: a query and header values are not shown" {
    probe http "$HTTP/echo?token=hidden" -H 'Authorization: Bearer hidden'
    is_status 0
    [[ $output != *hidden* ]] || fail 'a secret was shown'
    probe http -v "$HTTP/status/200?shown=1" -H 'Authorization: Bearer hidden'
    [[ $output == *shown=1* ]] || fail 'expected the query'
    [[ $output != *hidden* ]] || fail 'a secret was shown'
}

@test "http: --method and --data" {
    expect success '200 OK' http -X HEAD "$HTTP/body/100"
    asked '^HEAD /body/100' || fail "asked: $(last_request)"
    expect success '200 OK' http -X OPTIONS "$HTTP/echo"
    asked '^OPTIONS /echo' || fail "asked: $(last_request)"
    forget_requests
    probe http -X PUT --data 'a=1' "$HTTP/echo"
    is_status 0
    asked '^PUT /echo' || fail "asked: $(last_request)"
    asked '^Content-Length: 3' || fail "asked: $(last_request)"
    asked '^a=1$' || fail "asked: $(last_request)"
    forget_requests
    # As users of curl expect.
    probe http --data 'a=1' "$HTTP/echo"
    is_status 0
    asked '^POST /echo' || fail "asked: $(last_request)"
    if asked '^Expect:'; then fail "asked: $(last_request)"; fi
}

@test "http: --status chooses what is good" {
    expect success '404 Not Found' http --status 404 "$HTTP/status/404"
    expect success '~503.*' http --status 200-204,503 "$HTTP/status/503"
    expect failure '~.*200.*' http --status 404 "$HTTP/status/200"
    expect failure '~.*204.*' http --status 200-203 "$HTTP/status/204"
    expect failure '~.*302.*' http --status 200 --redirect none "$HTTP/redirect/302?to=/"
}

@test "http: control characters and invalid UTF-8 from the target are escaped" {
    expect failure 'HTTP probe failed with statuscode: 503' http "$HTTP/raw/evil"
    expect success '~200 .*' http "$HTTP/raw/evil-ok"
    expect_warning '~.*' http "$HTTP/raw/evil-elsewhere"
    local path
    for path in evil evil-ok evil-elsewhere evil-location; do
        probe http -v "$HTTP/raw/$path"
        if tr -d '\n' <"$out" | grep -q '[[:cntrl:]]'; then fail 'a control character was printed'; fi
        iconv -f UTF-8 -t UTF-8 "$out" >/dev/null || fail 'expected UTF-8'
        probe http -v -o json "$HTTP/raw/$path"
        parse_json
    done
}

@test "http: a line stays short whatever the target sends" {
    expect failure '~HTTP probe failed with statuscode: 500.*' http "$HTTP/raw/long-reason"
    expect_warning '~.*' http "$HTTP/raw/long-location"
    expect success '~200 OK.*' http "$HTTP/status/200?$(printf 'q%.0s' {1..5000})"
    expect failure '~.*404.*' http "$HTTP/$(printf 'p%.0s' {1..5000})"
}

@test "http: a request that there is no memory for is unknown" {
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    # Each | is sent as three bytes.
    { printf '{"httpGet":{"port":%s,"path":"' "$REFUSED_PORT"; head -c 15000000 /dev/zero | tr '\0' '|'; printf '"}}'; } \
        >"$BATS_TEST_TMPDIR/spec"
    local mib said=0
    # How much the program takes without it is up to its libraries.
    for mib in 60 72 84 96; do
        UNDER=(prlimit --as=$((mib << 20)))
        probe -t 10s -f "$BATS_TEST_TMPDIR/spec"
        ((status <= 2)) || fail 'expected a verdict'
        [[ $output != "unknown: http localhost:$REFUSED_PORT: preparing the request: out of memory"* ]] || said=1
    done
    [ "$said" = 1 ] || fail 'expected memory to run out while the request was prepared'
}
