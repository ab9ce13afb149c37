#!/usr/bin/env bats
# SIGTERM and SIGINT end a probe of any kind at once: unknown, and nothing left behind.

load helper

COMMAND_FILE=$BATS_TEST_DIRNAME/fixtures/command

setup_file() {
    start_http_server
    start_tcp_server
    start_netns
}

teardown_file() { stop_servers; }

setup() {
    forget_requests
    watch_processes
}

# interrupt SIGNAL CONDITION ARGS... - runs the program, and sends it the signal when the condition,
# a command, holds. Sets what probe sets.
interrupt() {
    local signal=$1 condition=$2
    shift 2
    out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
    COMMAND=(probectl "$@")
    # A shell has its background jobs ignore SIGINT, and what is ignored would be inherited.
    PIDS=$PIDS "${UNDER[@]}" env --default-signal=INT,TERM "$PROBECTL" "$@" \
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

expect_interrupt() {
    local signal
    for signal in TERM INT; do
        interrupt "$signal" "$1" "${@:2}"
        expect_text unknown '~.*'
        within "$SLACK_MS"
        forget_requests
    done
    interrupt TERM "$1" "$2" -o json "${@:3}"
    expect_json unknown '~.*'
}

# In the kernel's table of connections: one to this port whose SYN has no answer.
connecting_to() {
    grep -q ":$(printf %04X "$1") 02 " /proc/net/tcp
}

@test "signal: http, waiting for an answer and for a body" {
    expect_interrupt 'asked "^GET /silence"' http -t 30s "$HTTP/silence"
    expect_interrupt 'asked "^GET /drip-body"' http -t 30s "$HTTP/drip-body/20"
    expect_interrupt 'asked "^GET /slow-chain"' http -t 30s "$HTTP/slow-chain/200"
}

@test "signal: tcp, waiting for a connection" {
    expect_interrupt "connecting_to $FULL_PORT" tcp -t 30s "127.0.0.1:$FULL_PORT"
}

@test "signal: waiting for a name server" {
    in_netns
    local kind
    for kind in tcp http; do
        : >"$QUESTIONS"
        interrupt TERM "grep -q silent.test '$QUESTIONS'" "$kind" -t 30s silent.test:80
        expect_text unknown '~.*'
        within "$SLACK_MS"
    done
}

@test "signal: exec, and nothing is left" {
    local least mode signal
    while read -r least mode; do
        for signal in TERM INT; do
            # shellcheck disable=SC2086  # a mode may have arguments
            interrupt "$signal" "noted $least" exec -t 30s -- "$COMMAND_FILE" $mode
            expect_text unknown '~.*'
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

@test "signal: a second one while the first is being seen to" {
    PIDS=$PIDS "$PROBECTL" exec -t 30s -- "$COMMAND_FILE" family >/dev/null 2>&1 3>&- &
    local pid=$!
    COMMAND=(probectl exec -t 30s -- "$COMMAND_FILE" family)
    wait_until noted 5
    kill "$pid"
    kill "$pid" 2>/dev/null || true
    status=0
    wait "$pid" || status=$?
    is_status 2
    all_gone 5
}

@test "signal: --timeout-as has no say in it, --exit-codes has" {
    interrupt TERM 'asked "^GET /silence"' http -t 30s --timeout-as failure "$HTTP/silence"
    expect_text unknown '~.*'
    forget_requests
    interrupt TERM 'asked "^GET /silence"' http -t 30s --exit-codes 0,1,7 "$HTTP/silence"
    is_status 7
}
