#!/usr/bin/env bats
# The tcp probe's conversation: --send, --expect, the expectations of what came, --hold.

load helper

setup_file() { start_server answer_server "$BATS_FILE_TMPDIR/log"; }
teardown_file() { stop_servers; }

at() { printf '127.0.0.1:%s' "$1"; }

@test "talk: send and expect" {
    local t
    t=$(at "$PONG_PORT")
    expect success "~connected to $t: received '.PONG.*'" tcp --send 'PING\r\n' --expect '+PONG' "$t"
    expect failure "~the answer has no '.PONG'; the answer is '-ERR unknown command.*'; nothing better came before the deadline" \
        tcp -t 300ms --send 'QUIT\r\n' --expect '+PONG' "$t"
    at_least 300
    [ "$(field /reason)" = ExpectationFailed ] || fail 'expected another reason'
    [ "$(field /tcp/failedExpectations/0/expectation)" = expect ] || fail 'expected the expectation to be named'
}

@test "talk: sending alone needs no answer" {
    expect success "connected to $(at "$STILL_PORT")" tcp --send 'hello' "$(at "$STILL_PORT")"
}

@test "talk: the escapes are what is sent" {
    : >"$LOG"
    probe tcp --send 'a\r\n\t\0\\\x41\xfF.PING' --expect + "$(at "$PONG_PORT")"
    is_status 0
    [ "$(od -An -c <"$LOG" | tr -s ' ')" = ' a \r \n \t \0 \ A 377 . P I N G' ] || fail "sent: $(od -An -c <"$LOG")"
}

@test "talk: a banner that is late, in single bytes, followed by more, or has NUL" {
    expect success '~.*220 ready.*' tcp --expect 220 "$(at "$LATE_PORT")"
    at_least 200
    expect success '~.*' tcp --expect 'more\r\n' "$(at "$LATE_PORT")"
    expect success '~.*' tcp --expect 'ESMTP ready' "$(at "$SPLIT_PORT")"
    expect success '~.*' tcp --contains 'ESMTP ready' "$(at "$SPLIT_PORT")"
    expect success '~.*' tcp --expect '\0b\0ready\0' "$(at "$NULS_PORT")"
    expect success '~.*' tcp --contains ready --regex '^[^x]*b$|[r]eady' "$(at "$NULS_PORT")"
}

@test "talk: a match across reads, far beyond what is kept" {
    expect success '~.*' tcp --expect 'xready' "$(at "$ACROSS_PORT")"
    expect failure "~the answer does not contain 'ready'; the answer is 'x+\.\.\.'; only the first 10KiB of it were looked at \(--body-limit\)" \
        tcp --contains ready "$(at "$ACROSS_PORT")"
    expect success '~.*' tcp --contains ready --body-limit 128KiB "$(at "$ACROSS_PORT")"
}

@test "talk: the peer closes before it has said it" {
    local t
    t=$(at "$CLOSER_PORT")
    expect failure "connected to $t: the peer closed the connection without an answer" tcp --expect x "$t"
    [ "$(field /reason)" = ConnectionClosed ] || fail 'expected another reason'
    expect failure "connected to $(at "$RESETS_PORT"): connection reset by peer without an answer" \
        tcp --expect x "$(at "$RESETS_PORT")"
    expect failure "~the answer has no 'ready'; the answer is 'go away.*'; then the peer closed the connection" \
        tcp --expect ready "$(at "$LEAVE_PORT")"
}

@test "talk: silence is unknown, a wrong answer is failure, half an answer is unknown" {
    expect_deadline 300 tcp --expect ready "$(at "$STILL_PORT")"
    expect unknown '~no answer within 300ms: connected to .*, it says nothing' \
        tcp -t 300ms --contains ready "$(at "$STILL_PORT")"
    expect_deadline 300 tcp --expect '220 ready' "$(at "$SLOW_PORT")"
    expect failure "~the answer has no 'ready'; the answer is 'go away.*'; nothing better came before the deadline" \
        tcp -t 300ms --expect ready "$(at "$SAYNO_PORT")"
    probe tcp -t 300ms --timeout-as failure --expect ready "$(at "$STILL_PORT")"
    is_status 1
}

@test "talk: a peer that never stops is no way past the deadline" {
    expect failure '~.*' tcp -t 300ms --expect y "$(at "$FLOOD_PORT")"
    within $((300 + SLACK_MS))
    expect failure '~.*' tcp -t 300ms --contains y "$(at "$FLOOD_PORT")"
    expect success '~.*' tcp --contains xxx "$(at "$FLOOD_PORT")"
}

@test "talk: what must not be there ends it at once" {
    expect failure "~.*the answer contains 'away': 'go away.*" \
        tcp -t 10s --not-contains away --expect ready "$(at "$SAYNO_PORT")"
    within "$SLACK_MS"
    expect success '~.*' tcp --not-contains fire "$(at "$SAYNO_PORT")"
}

@test "talk: hold" {
    local t
    t=$(at "$STILL_PORT")
    expect success "connected to $t; open after 200ms" tcp --hold 200ms "$t"
    at_least 200
    t=$(at "$CLOSER_PORT")
    expect failure "~connected to $t: the peer closed the connection after [0-9]+ ms, 500ms were asked for" \
        tcp --hold 500ms "$t"
    expect failure "~connected to .*: connection reset by peer after .*" tcp --hold 500ms "$(at "$RESETS_PORT")"
    expect success '~.*' tcp --hold 200ms "$(at "$FLOOD_PORT")"
    expect success '~.*open after 100ms' tcp --send 'PING\r\n' --expect + --hold 100ms "$(at "$PONG_PORT")"
    # What it says after that is a part of holding.
    expect success '~.*' tcp --expect ready --hold 200ms "$(at "$LATE_PORT")"
    expect failure '~.*' tcp --expect away --hold 200ms "$(at "$LEAVE_PORT")"
    expect failure '~dial.*' tcp --hold 200ms 127.0.0.1:1
}

@test "talk: a hold is no latency" {
    expect success '~.*' tcp --hold 300ms --max-latency 250ms "$(at "$STILL_PORT")"
    expect failure '~the answer took [0-9]+\.[0-9] ms, allowed are 100ms' \
        tcp --expect ready --max-latency 100ms "$(at "$LATE_PORT")"
    [ "$(field /reason)" = TooSlow ] || fail 'expected another reason'
}

@test "talk: over a Unix socket" {
    local path=$BATS_TEST_TMPDIR/s
    "$PYTHON" -IS -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(9)
while True:
    c, _ = s.accept()
    if c.recv(100) == b"PING":
        c.sendall(b"PONG")
    c.close()' "$path" 3>&- &
    local pid=$!
    wait_until test -S "$path"
    # It exists before it listens.
    wait_until "$PROBECTL" tcp -q "unix:$path"
    expect success "~.*'PONG'" tcp --send PING --expect PONG "unix:$path"
    expect failure '~.*without an answer' tcp --send PANG --expect PONG "unix:$path"
    kill "$pid"
}

@test "talk: over TLS" {
    local dir=$BATS_TEST_TMPDIR pid port
    probe --version
    [[ $output == *OpenSSL* ]] || skip 'built without TLS'
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
        -keyout "$dir/key" -out "$dir/cert" 2>/dev/null
    "$PYTHON" -IS -c '
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
print(s.getsockname()[1], flush=True)
def serve(c):
    try:
        c = context.wrap_socket(c, server_side=True)
        while data := c.recv(100):
            if b"BYE" in data:
                c.close()
                return
            c.sendall(b"x" * 40000)
            c.sendall(b"PO")
            c.sendall(b"NG")
    except OSError:
        pass
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()' "$dir/cert" "$dir/key" >"$dir/port" 3>&- &
    pid=$!
    wait_until test -s "$dir/port"
    port=$(cat "$dir/port")
    expect success '~.*' tcp --tls --send PING --expect xPONG "127.0.0.1:$port"
    expect success '~.*open after 100ms' tcp --tls --send PING --expect PONG --hold 100ms "127.0.0.1:$port"
    expect failure '~.*closed the connection.*' tcp --tls --send BYE --expect PONG "127.0.0.1:$port"
    expect failure '~.*closed the connection.*' tcp --tls --send BYE --hold 500ms "127.0.0.1:$port"
    expect_deadline 300 tcp --tls --expect PONG "127.0.0.1:$port"
    kill "$pid"
}

@test "talk: the same by spec" {
    local one='"host":"127.0.0.1","port":'
    probe -o json -f "{\"tcpSocket\":{$one$PONG_PORT,\"send\":\"PING\\\\r\\\\n\",\"expect\":\"+PONG\",\"hold\":\"50ms\"}}"
    expect_json success '~.*PONG.*open after 50ms'
    probe -o json -f "{\"tcpSocket\":{$one$PONG_PORT,\"send\":\"PING\\r\\n\"},\"expect\":{\"contains\":\"PONG\",\"maxLatencyMs\":900}}"
    expect_json success '~.*'
    probe -o json -f "{\"tcpSocket\":{$one$SAYNO_PORT},\"expect\":{\"notContains\":[\"fire\",\"away\"]}}"
    expect_json failure "~the answer contains 'away'.*"
    [ "$(field /tcp/failedExpectations/0/wanted)" = away ] || fail 'expected away to be named'
    same_as_flags "{\"tcpSocket\":{$one$PONG_PORT,\"send\":\"PING\\\\r\\n\",\"expect\":\"+PONG\\\\x0d\",\"hold\":\"50ms\"}}" \
        tcp --send 'PING\r\n' --expect '+PONG\r' --hold 50ms "$(at "$PONG_PORT")"
    is_status 0
    same_as_flags "{\"tcpSocket\":{$one$LEAVE_PORT,\"expect\":\"ready\"}}" tcp --expect ready "$(at "$LEAVE_PORT")"
    is_status 1
    same_as_flags "{\"tcpSocket\":{$one$CLOSER_PORT,\"hold\":\"500ms\"}}" tcp --hold 500ms "$(at "$CLOSER_PORT")"
    is_status 1
}

@test "talk: wrong usage" {
    expect_usage "tcp: --hold 1s does not fit in --timeout 1s: give a longer timeout" tcp --hold 1s :80
    expect_usage "tcp: --expect is empty: give the bytes to wait for" tcp --expect '' :80
    # shellcheck disable=SC1003 # a backslash at the end
    expect_usage '--send has a wrong escape at '"'\\'"': use \r \n \t \0 \\ or \xHH' tcp --send 'a\' :80
    expect_usage '--send has a wrong escape at '"'\\q'"': use \r \n \t \0 \\ or \xHH' tcp --send 'a\q' :80
    expect_usage '--expect has a wrong escape at '"'\\x4'"': use \r \n \t \0 \\ or \xHH' tcp --expect '\x4' :80
    expect_usage '--hold is not an option of http: it is for tcp' http --hold 1s :80
    expect_usage '--send is not an option of exec: it is for tcp, udp' exec --send x true
}
