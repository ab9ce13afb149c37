#!/usr/bin/env bats
# The udp probe: a datagram and its reply.

load helper

setup_file() {
    start_server answer_server "$BATS_FILE_TMPDIR/log"
    start_netns
}

teardown_file() { stop_servers; }

at() { printf '127.0.0.1:%s' "$1"; }

# The last JSON output lists these attempts and no others: their addresses and answers by turns.
attempts_are() {
    local i=0
    while (($#)); do
        [[ $(field "/udp/attempts/$i/address") == "$1" && $(field "/udp/attempts/$i/answer") == "$2" ]] ||
            fail "expected attempt $i: $1 $2"
        field "/udp/attempts/$i/ms" >"$BATS_TEST_TMPDIR/ms"
        i=$((i + 1))
        shift 2
    done
    [[ $JSON != *"/udp/attempts/$i/"* ]] || fail "expected $i attempts"
}

@test "udp: a reply" {
    local t
    t=$(at "$ECHO_PORT")
    expect success "received 'hello' from $t" udp --send hello "$t"
    [ "$(field /udp/peer)" = "$t" ] || fail "expected the peer $t"
    # There is nothing to connect.
    timings_are resolve firstByte
    attempts_are "$t" replied
    expect success "received 'hello' from $t" udp --send hello --expect ell "$t"
    expect success "received 'hello' from $t" udp --send hello --contains ello --regex '^h' --not-contains x "$t"
    expect success "~received '.*' from $t" udp --send 'a\0b\xff\r\n' --expect '\0b\xff\r\n' "$t"
    expect success "received '' from $t" udp --send '' "$t"
    expect success '~.*' udp --send '{"a":1}' --json /a=1 --max-latency 900ms "$t"
}

@test "udp: by flags alone and by spec" {
    expect success '~.*' udp --host 127.0.0.1 --port "$ECHO_PORT" --send x
    probe -o json -f '{"udp":{"host":"127.0.0.1","port":'"$ECHO_PORT"',"send":"a\\x41\\n","expect":"aA\n"},"expect":{"contains":["a","A"]}}'
    expect_json success '~.*'
    probe -o json -f '{"udp":{"host":"127.0.0.1","port":'"$NO_PORT"',"send":"a","expect":"yes"},"timeoutSeconds":1,"timeout":"300ms"}'
    is_status 2
    same_as_flags '{"udp":{"host":"127.0.0.1","port":'"$NO_PORT"',"send":"a","expect":"yes"},"timeout":"300ms"}' \
        udp -t 300ms --send a --expect yes "$(at "$NO_PORT")"
    expect_json failure "~the reply has no 'yes'.*"
    same_as_flags '{"udp":{"host":"127.0.0.1","port":'"$ECHO_PORT"',"send":"a\\x41\\0\n","expect":"A\\0\\n"}}' \
        udp --send 'a\x41\0\n' --expect 'A\0\n' "$(at "$ECHO_PORT")"
    is_status 0
    same_as_flags '{"udp":{"host":"127.0.0.1","port":'"$GONE_PORT"',"send":""}}' udp --send '' "$(at "$GONE_PORT")"
    is_status 1
}

@test "udp: a wrong reply, and a right one after it" {
    expect failure "the reply has no 'yes'; the reply is 'no'; no better reply came before the deadline" \
        udp -t 300ms --send x --expect yes "$(at "$NO_PORT")"
    at_least 300
    [ "$(field /reason)" = ExpectationFailed ] || fail 'expected another reason'
    [ "$(field /udp/failedExpectations/0/wanted)" = yes ] || fail 'expected the expectation to be named'
    expect success "received 'yes' from $(at "$MANY_PORT")" udp --send x --expect yes "$(at "$MANY_PORT")"
    expect success "received 'yes' from $(at "$MANY_PORT")" udp --send x --contains yes "$(at "$MANY_PORT")"
    expect failure "the reply does not contain 'maybe'; the reply is 'yes'; no better reply came before the deadline" \
        udp -t 300ms --send x --contains maybe "$(at "$MANY_PORT")"
    # Of several replies the last one alone is told.
    [ "$(grep -c /udp/failedExpectations/./wanted <<<"$JSON")" -eq 1 ] || fail 'expected one failed expectation'
}

@test "udp: silence is unknown" {
    expect_deadline 300 udp --send x "$(at "$HUSH_PORT")"
    expect unknown "no answer within 300ms: udp $(at "$HUSH_PORT"): no reply" \
        udp -t 300ms --send x --not-contains y "$(at "$HUSH_PORT")"
}

@test "udp: an unreachable port is failure, at once" {
    local p=$GONE_PORT
    expect failure "udp 127.0.0.1:$p: connection refused" udp --send x "127.0.0.1:$p"
    reason_is ConnectionRefused
    timings_are resolve
    attempts_are "127.0.0.1:$p" 'connection refused'
    within "$SLACK_MS"
}

@test "udp: IPv6, and both families of localhost" {
    need_ipv6
    local p=$GONE_PORT
    expect success '~.*' udp --send x "[::1]:$ECHO_PORT"
    expect success '~.*' udp --send x ":$ECHO_PORT"
    expect success '~.*' udp -6 --send x "localhost:$ECHO_PORT"
    expect success '~.*127.0.0.1:.*' udp -4 --send x "localhost:$ECHO_PORT"
    expect failure "udp [::1]:$p: connection refused" udp --send x "[::1]:$p"
    expect failure "udp [::1]:$p: connection refused; udp 127.0.0.1:$p: connection refused" udp --send x "localhost:$p"
    attempts_are "[::1]:$p" 'connection refused' "127.0.0.1:$p" 'connection refused'
    expect unknown '~no answer within 400ms: udp \[::1\].*: no reply; udp 127.0.0.1:.*: no reply' \
        udp -t 400ms --send x "localhost:$HUSH_PORT"
    attempts_are "[::1]:$HUSH_PORT" 'no reply' "127.0.0.1:$HUSH_PORT" 'no reply'
    expect unknown '~no answer within 100ms: udp \[::1\].*: no reply; udp 127.0.0.1:.*: not asked' \
        udp -t 100ms --send x "localhost:$HUSH_PORT"
    attempts_are "[::1]:$HUSH_PORT" 'no reply'
}

@test "udp: a large reply" {
    expect success '~.*' udp --send x --expect xready "$(at "$BIG_PORT")"
    expect failure '~.*only the first 10KiB of it were looked at \(--body-limit\).*' \
        udp -t 300ms --send x --contains ready "$(at "$BIG_PORT")"
    expect success '~.*' udp --send x --contains ready --body-limit 20000 "$(at "$BIG_PORT")"
}

@test "udp: names" {
    in_netns
    expect unknown 'lookup absent.test: no such host' udp --send x "absent.test:9"
    reason_is NameNotResolved
}

@test "udp: unreachable is the network's no, forbidden is this machine's" {
    in_netns
    expect unknown 'udp 203.0.113.1:9: permission denied' udp --send x 203.0.113.1:9
    reason_is PermissionDenied
    need_router
    expect failure 'udp [2001:db8::1]:9: no route to host' udp --send x '[2001:db8::1]:9'
    reason_is Unreachable
}

@test "udp: ended by a signal" {
    : >"$LOG"
    "$PROBECTL" udp -t 20s --send x "$(at "$HUSH_PORT")" >"$BATS_TEST_TMPDIR/out" 3>&- &
    local pid=$! status=0
    wait_until test -s "$LOG"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    [ "$status" -eq 2 ]
    grep -q '^unknown: .*interrupted by SIGTERM' "$BATS_TEST_TMPDIR/out"
}

@test "udp: wrong usage" {
    expect_usage 'udp: nothing to send: give --send BYTES or .udp.send, for a server that is not asked does not answer' udp :53
    expect_usage 'udp: --expect is empty: give the bytes to wait for' udp --send x --expect '' :53
    expect_usage 'udp: no target: give [HOST]:PORT, --port PORT or .udp.port' udp --send x
    probe udp --send "$(printf '%65508s' x)" :53
    is_status 2
    is_stderr 'probectl: --send is too long: 65507 bytes at most'
}
