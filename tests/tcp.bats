#!/usr/bin/env bats
# The tcp probe, and the addresses of a name, which the other network probes share.

load helper

setup_file() {
    start_tcp_server
    start_netns
}

teardown_file() { stop_servers; }

@test "tcp: an open port" {
    expect success "connected to 127.0.0.1:$ACCEPT_PORT" tcp "127.0.0.1:$ACCEPT_PORT"
    timings_are resolve connect
    [ "$(field /tcp/attempts/0/address)" = "127.0.0.1:$ACCEPT_PORT" ]
    [ "$(field /tcp/attempts/0/answer)" = connected ]
    probe tcp -v "127.0.0.1:$ACCEPT_PORT"
    output_matches "127.0.0.1:$ACCEPT_PORT +connected"
    expect success '~.*' tcp "localhost:$ACCEPT_PORT"
    expect success '~.*' tcp ":$ACCEPT_PORT"
    expect success '~.*' tcp --port "$ACCEPT_PORT"
    expect success '~.*' tcp --host 127.0.0.1 --port "$ACCEPT_PORT"
    expect success '~.*' tcp "else.test:1" --host 127.0.0.1 --port "$ACCEPT_PORT"
}

@test "tcp: open is open, whatever the peer does next" {
    expect success "connected to 127.0.0.1:$CLOSE_PORT" tcp "127.0.0.1:$CLOSE_PORT"
    expect success "connected to 127.0.0.1:$SILENT_PORT" tcp "127.0.0.1:$SILENT_PORT"
    expect success "connected to 127.0.0.1:$GREET_PORT" tcp "127.0.0.1:$GREET_PORT"
    expect success "connected to 127.0.0.1:$RESET_PORT" tcp "127.0.0.1:$RESET_PORT"
}

@test "tcp: it lingers for a second, as the kubelet's" {
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    grep -q 'ld-linux\|ld-musl' "$PROBECTL" || skip 'a static program'
    local dir=$BATS_TEST_TMPDIR
    "${CC:-cc}" -D_GNU_SOURCE -shared -fPIC -o "$dir/linger.so" "$TESTS/fixtures/linger.c" -ldl
    UNDER=(env LD_PRELOAD="$dir/linger.so" LINGER_LOG="$dir/log")
    probe tcp "127.0.0.1:$ACCEPT_PORT"
    expect_text success "connected to 127.0.0.1:$ACCEPT_PORT"
    [ "$(cat "$dir/log")" = '1 1' ] || fail "it asked for: $(cat "$dir/log")"
}

@test "tcp: nothing is sent, and the end is an orderly one" {
    : >"$CONNECTIONS"
    probe tcp "127.0.0.1:$ACCEPT_PORT"
    is_status 0
    wait_until test -s "$CONNECTIONS"
    [ "$(cat "$CONNECTIONS")" = '0 bytes, closed' ] || fail "the server saw: $(cat "$CONNECTIONS")"
}

@test "tcp: refused" {
    expect failure "dial tcp 127.0.0.1:$REFUSED_PORT: connection refused" \
        tcp "127.0.0.1:$REFUSED_PORT"
    reason_is ConnectionRefused
    timings_are resolve
    probe tcp "127.0.0.1:$REFUSED_PORT"
    output_matches "^failure: tcp 127.0.0.1:$REFUSED_PORT: dial tcp 127.0.0.1:$REFUSED_PORT: connection refused \([0-9.]+ ms\)$"
}

@test "tcp: refused on both families" {
    need_ipv6
    local port=$REFUSED_PORT
    expect failure \
        "dial tcp [::1]:$port: connection refused; dial tcp 127.0.0.1:$port: connection refused" \
        tcp "localhost:$port"
    expect failure "dial tcp 127.0.0.1:$port: connection refused" tcp -4 "localhost:$port"
    expect failure "dial tcp [::1]:$port: connection refused" tcp -6 "localhost:$port"
    expect failure "dial tcp [::1]:$port: connection refused" tcp "[::1]:$port"
}

@test "tcp: localhost finds the family that listens" {
    need_ipv6
    expect success "connected to 127.0.0.1:$V4_PORT" tcp "localhost:$V4_PORT"
    expect success "connected to [::1]:$V6_PORT" tcp "localhost:$V6_PORT"
    expect success '~.*' tcp "[::1]:$V6_PORT"
    expect success '~.*' tcp -4 "localhost:$V4_PORT"
    expect failure '~.*refused' tcp -4 "localhost:$V6_PORT"
    expect failure '~.*refused' tcp -6 "localhost:$V4_PORT"
}

@test "tcp: a silent address holds the next one back by a quarter of a second" {
    need_ipv6
    local port
    for port in "$MUTE6_PORT" "$MUTE4_PORT"; do
        expect success '~.*' tcp -t 5s "localhost:$port"
        within $((250 + SLACK_MS))
    done
    # On a busy machine one may come late, but not each.
    for _ in {1..4}; do
        probe tcp -t 5s -o json "localhost:$MUTE6_PORT"
        parse_json
        timing_at_least connect 250
        [ "$(field /timings/connectMs | cut -d. -f1)" -ge 450 ] || return 0
    done
    fail 'expected the next one to be asked after 250 ms'
}

@test "tcp: one address refuses, another is silent: unknown" {
    need_ipv6
    expect_deadline 400 tcp "localhost:$HALF_PORT"
}

@test "tcp: localhost needs no name server and no /etc/hosts" {
    in_netns
    expect success '~.*' tcp "localhost:$NETNS_PORT"
    expect success '~.*' tcp ":$NETNS_PORT"
}

@test "tcp: a link-local address without its interface is no answer of the network's" {
    need_ipv6
    expect unknown 'dial tcp [fe80::1]:80: a link-local address needs its interface, as in [fe80::1%eth0]' \
        tcp '[fe80::1]:80'
}

@test "tcp: names" {
    in_netns
    local p=$NETNS_PORT
    expect success '~.*' tcp "one.test:$p"
    expect success '~.*' tcp "ONE.test:$p"
    expect success '~.*' tcp "one.test.:$p"
    expect success '~.*' tcp "alias.test:$p"
    expect unknown 'lookup absent.test: no such host' tcp "absent.test:$p"
    reason_is NameNotResolved
    timings_are
    expect unknown 'lookup absent.test: no such host' http "absent.test:$p"
    reason_is NameNotResolved
    expect unknown 'lookup nothing.test: no such host' tcp "nothing.test:$p"
    expect unknown 'lookup one.test: no such host with an address of that family' tcp -6 "one.test:$p"
    expect unknown '~(no answer within 1s: )?lookup broken.test: .*' tcp "broken.test:$p"
    # A resolver is asked for a name alone.
    : >"$QUESTIONS"
    expect failure '~.*' tcp "127.0.0.1:1"
    expect failure '~.*' tcp "localhost:1"
    [ ! -s "$QUESTIONS" ] || fail "asked the name server: $(cat "$QUESTIONS")"
}

@test "tcp: every address of a name is tried within the deadline" {
    in_netns
    local p=$NETNS_PORT
    # Two silent ones, a quarter of a second each.
    expect success "connected to 127.0.0.4:$p" tcp -t 5s "three.test:$p"
    within $((500 + SLACK_MS))
    expect failure "~dial tcp 127.0.0.[56]:$p: connection refused; dial tcp 127.0.0.[56]:$p: connection refused" \
        tcp "refused.test:$p"
    expect_deadline 600 tcp "mute.test:$p"
    expect_deadline 400 tcp "half.test:$p"
}

@test "tcp: many refusals still make one short line" {
    in_netns
    probe tcp "many.test:$NETNS_PORT"
    is_status 1
    is_verdict_line
    probe tcp -o json "many.test:$NETNS_PORT"
    parse_json
}

@test "tcp: unreachable is the network's no, forbidden is this machine's" {
    in_netns
    expect failure "dial tcp 198.51.100.1:$NETNS_PORT: network is unreachable" \
        tcp "unreachable.test:$NETNS_PORT"
    reason_is Unreachable
    expect unknown '~.*' tcp "forbidden.test:$NETNS_PORT"
    reason_is PermissionDenied
    need_router
    # A router's no is heard when the kernel has asked again, after a second.
    expect failure 'dial tcp [2001:db8::1]:80: no route to host' tcp -t 8s '[2001:db8::1]:80'
    reason_is Unreachable
}

@test "tcp: local ports that ran out, and an address that this machine does not have" {
    "$TESTS/servers/netns.sh" "$BATS_TEST_TMPDIR" sh -c '
        echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range' 2>/dev/null || skip 'no local ports can be set here'
    mkdir "$BATS_TEST_TMPDIR/etc"
    SERVER_UNDER="$TESTS/servers/netns.sh $BATS_TEST_TMPDIR/etc" start_server no_ports_server
    NETNS_PID=$NO_PORTS_PID in_netns
    local message='dial tcp 127.0.0.1:80: no local port is free'
    expect unknown "$message" tcp 127.0.0.1:80
    reason_is OutOfResources
    need_ipv6
    expect unknown "dial tcp [::1]:80: no local port is free" tcp '[::1]:80'
    reason_is OutOfResources
    expect unknown "dial tcp [::1]:80: no local port is free; $message" http :80
    "${UNDER[@]}" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
    expect failure 'dial tcp [::1]:80: cannot assign requested address' tcp '[::1]:80'
    reason_is Unreachable
}

@test "tcp: out of descriptors is unknown, for http too" {
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    local spec
    for spec in "{\"tcpSocket\":{\"host\":\"127.0.0.1\",\"port\":$ACCEPT_PORT}}" \
        "{\"httpGet\":{\"host\":\"127.0.0.1\",\"port\":$ACCEPT_PORT}}"; do
        probe_full "$spec" -f "$BATS_TEST_TMPDIR/fifo"
        expect_json unknown "dial tcp 127.0.0.1:$ACCEPT_PORT: too many open files"
        reason_is OutOfResources
    done
    # With less than four a shared library could not be loaded.
    UNDER=(prlimit --nofile=4)
    for spec in tcp http; do
        expect unknown 'looking up the name: too many open files' "$spec" no.such.invalid:80
        reason_is OutOfResources
    done
}
