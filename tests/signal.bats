#!/usr/bin/env bats
# SIGTERM and SIGINT end a probe of any kind at once: unknown, and nothing left behind.

load helper

COMMAND_FILE=$BATS_TEST_DIRNAME/fixtures/command

setup_file() {
    # Of the two that have an HTTP_PORT the second one's is meant.
    start_server answer_server "$BATS_FILE_TMPDIR/log"
    start_http_server
    start_tcp_server
    start_netns
}

teardown_file() { stop_servers; }

setup() {
    forget
    watch_processes
}

# What the servers noted of the probe before.
forget() {
    forget_requests
    : >"$LOG"
}

# interrupt SIGNAL CONDITION ARGS... - runs the program, and sends it the signal when the condition,
# a command, holds. Sets what probe sets.
interrupt() {
    local signal=$1 condition=$2
    shift 2
    out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
    COMMAND=(probectl "$@")
    # A shell has its background jobs ignore SIGINT, and what is ignored would be inherited.
    PIDS=$PIDS "${UNDER[@]}" env --default-signal=INT,TERM,HUP,QUIT "$PROBECTL" "$@" \
        </dev/null >"$out" 2>"$err" 3>&- &
    local pid=$! started
    wait_until eval "$condition" || fail "expected to see: $condition"
    started=$(now_ms)
    kill -s "$signal" "$pid"
    status=0
    wait "$pid" || status=$?
    elapsed=$(($(now_ms) - started))
    read_output
}

# expect_interrupt DOING CONDITION ARGS... - by either signal, and in either format. What was being done is compared as
# it stands, or as a regular expression when it begins with a tilde.
expect_interrupt() {
    local tilde=''
    [[ $1 != '~'* ]] || tilde='~'
    interrupt TERM "$2" "${@:3}"
    expect_text unknown "${tilde}interrupted by SIGTERM: ${1#\~}"
    within "$SLACK_MS"
    forget
    interrupt INT "$2" "$3" -o json "${@:4}"
    expect_json unknown "${tilde}interrupted by SIGINT: ${1#\~}"
    reason_is Interrupted
    within "$SLACK_MS"
    forget
}

# Conditions, by the kernel's tables: local and remote address, state (01 is established), bytes to send and to read.
# A connection to this port has no answer to its SYN.
connecting_to() { grep -q ":$(printf %04X "$1") 02 " /proc/net/tcp; }

# The server at this port has been sent something that it does not read.
unread_by() { grep -qE "^ *[0-9]+: \S+:$(printf %04X "$1") \S+ 01 \S+:0*[1-9A-F]" /proc/net/tcp; }

# Nothing that the server at this port has sent waits to be read. The table is tcp or udp.
all_read_from() { grep -qE " \S+:$(printf %04X "$2") 01 \S+:00000000 " "/proc/net/$1"; }

# It has said no.
refused_by() { [ -s "$LOG" ] && all_read_from "$@"; }

# The program has this file open.
has_open() {
    local fd
    for fd in "/proc/$pid/fd"/*; do
        [ ! "$fd" -ef "$1" ] || return 0
    done
    return 1
}

@test "signal: http, waiting for an answer and for a body" {
    local to="connected to $HTTP"
    expect_interrupt "$to, no response" 'asked "^GET /silence"' http -t 30s "$HTTP/silence"
    expect_interrupt "$to, the response's body did not end" \
        'asked "^the header is out" && all_read_from tcp "$HTTP_PORT"' http -t 30s "$HTTP/drip-body/20"
    expect_interrupt "$to, no response" 'asked "^GET /slow-chain"' http -t 30s "$HTTP/slow-chain/200"
}

@test "signal: tcp, waiting for a connection" {
    local at=127.0.0.1:$FULL_PORT
    expect_interrupt "dial tcp $at: no answer" "connecting_to $FULL_PORT" tcp -t 30s "$at"
}

@test "signal: tcp, waiting for words and holding the connection" {
    local at=127.0.0.1:$SILENT_PORT
    expect_interrupt "connected to $at, it says nothing" "unread_by $SILENT_PORT" \
        tcp -t 30s --send x --expect y "$at"
    expect_interrupt 'the connection was not held long enough yet' "unread_by $SILENT_PORT" \
        tcp -t 30s --send x --hold 20s "$at"
}

@test "signal: udp, waiting for a reply" {
    local at=127.0.0.1:$HUSH_PORT
    # shellcheck disable=SC2016  # the condition is evaluated later
    expect_interrupt "udp $at: no reply" '[ -s "$LOG" ]' udp -t 30s --send x "$at"
}

@test "signal: a wrong answer, when a better one is waited for, is no failure yet" {
    local at=127.0.0.1:$SAYNO_PORT
    expect_interrupt "~connected to $at, received 'go away.*'" "refused_by tcp $SAYNO_PORT" \
        tcp -t 30s --expect yes "$at"
    [[ $JSON != */failedExpectations* ]] || fail 'expected no failed expectation'
    at=127.0.0.1:$NO_PORT
    expect_interrupt "udp $at: no better reply" "refused_by udp $NO_PORT" udp -t 30s --send x --expect yes "$at"
    [[ $JSON != */failedExpectations* ]] || fail 'expected no failed expectation'
}

@test "signal: grpc, waiting for an answer" {
    local at=127.0.0.1:$SILENT_PORT
    expect_interrupt "connected to $at, no response" "unread_by $SILENT_PORT" grpc -t 30s "$at"
}

@test "signal: a TLS handshake" {
    has_tls || skip 'built without TLS'
    local at=127.0.0.1:$SILENT_PORT probe
    for probe in "tcp --tls $at" "grpc --tls $at" "http https://$at/"; do
        # shellcheck disable=SC2086  # words
        expect_interrupt "connected to $at, the TLS handshake did not end" "unread_by $SILENT_PORT" ${probe/ / -t 30s }
    done
}

@test "signal: a file and a pidfile without an end" {
    local fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    expect_interrupt 'its content has no end yet' "has_open '$fifo'" file -t 30s --contains x "$fifo"
    expect_interrupt 'the pidfile has no end yet' "has_open '$fifo'" process -t 30s --pidfile "$fifo"
}

@test "signal: a certificate's file that goes on" {
    has_tls || skip 'built without TLS'
    local fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo"
    interrupt TERM "has_open '$fifo'" tcp --tls -t 30s --cacert "$fifo" :1
    is_status 2
    is_stderr "probectl: --cacert '$fifo': interrupted before it was read whole"
    within "$SLACK_MS"
}

@test "signal: waiting for a name server" {
    in_netns
    local kind
    for kind in tcp http; do
        : >"$QUESTIONS"
        interrupt TERM "grep -q silent.test '$QUESTIONS'" "$kind" -o json -t 30s silent.test:80
        expect_json unknown '~interrupted by SIGTERM: .*silent.test.*'
        reason_is Interrupted
        within "$SLACK_MS"
    done
}

@test "signal: exec, and nothing is left" {
    local least mode signal
    while read -r least mode; do
        for signal in TERM INT; do
            # shellcheck disable=SC2086  # a mode may have arguments
            interrupt "$signal" "noted $least" exec -o json -t 30s -- "$COMMAND_FILE" $mode
            expect_json unknown "~interrupted by SIG$signal.*"
            reason_is Interrupted
            within "$SLACK_MS"
            all_gone "$least"
        done
    done <<ROWS
1 sleep
1 trap
1 flood
2 daemon stay keep
2 daemon stay close
5 family
3 runner-of
ROWS
}

@test "signal: one after the other" {
    out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
    PIDS=$PIDS "$PROBECTL" exec -t 30s -- "$COMMAND_FILE" family >"$out" 2>"$err" 3>&- &
    local pid=$!
    COMMAND=(probectl exec -t 30s -- "$COMMAND_FILE" family)
    wait_until noted 5
    # Until there is nobody to take it.
    while kill "$pid" 2>/dev/null; do :; done
    status=0
    wait "$pid" || status=$?
    read_output
    expect_text unknown 'interrupted by SIGTERM'
    all_gone 5
}

@test "signal: one that was there before the probe" {
    UNDER=(env --block-signal=TERM sh -c 'kill -TERM $$; exec "$@"' sh)
    local -a probes=("file /" "process --pid 1" "process --name sh" "exec true" "tcp :$HTTP_PORT" "http $HTTP/status/200")
    local words
    for words in "${probes[@]}"; do
        # shellcheck disable=SC2086  # words
        expect unknown 'interrupted by SIGTERM: the probe had not begun' $words
    done
    reason_is Interrupted
}

@test "signal: a hang-up and a quit, unless they are not meant for us" {
    local signal
    for signal in HUP QUIT; do
        interrupt "$signal" 'asked "^GET /silence"' http -t 30s "$HTTP/silence"
        expect_text unknown "interrupted by SIG$signal: connected to $HTTP, no response"
        forget
    done
    # As nohup has it.
    UNDER=(env --ignore-signal=HUP)
    expect success 'exit status 0' exec -t 10s -- sh -c 'kill -HUP $PPID; sleep 0.2'
}

@test "signal: --timeout-as has no say in it, --exit-codes has" {
    interrupt TERM 'asked "^GET /silence"' http -t 30s --timeout-as failure "$HTTP/silence"
    expect_text unknown "interrupted by SIGTERM: connected to $HTTP, no response"
    forget
    interrupt TERM 'asked "^GET /silence"' http -t 30s --exit-codes 0,1,7 "$HTTP/silence"
    is_status 7
}
