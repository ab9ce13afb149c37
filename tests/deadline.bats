#!/usr/bin/env bats
# One deadline for everything: whatever the target does, the probe ends with unknown, in time, and
# leaves nothing. (bench/deadline measures how near to the deadline; here a machine may be busy.)

load helper

COMMAND_FILE=$BATS_TEST_DIRNAME/fixtures/command

setup_file() {
    start_http_server
    start_tcp_server
    start_netns
}

teardown_file() { stop_servers; }

setup() { watch_processes; }

@test "deadline: http, an accepting server that says nothing" {
    expect_deadline 300 http "127.0.0.1:$SILENT_PORT/"
    expect_deadline 300 http "$HTTP/silence"
    expect_deadline 300 http "$HTTP/silent-body"
    if has_tls; then expect_deadline 300 http "https://127.0.0.1:$SILENT_PORT/"; fi
}

@test "deadline: http, a byte now and then" {
    expect_deadline 500 http "$HTTP/drip-header/100"
    expect_deadline 500 http "$HTTP/drip-body/100"
    expect_deadline 500 http "$HTTP/drip-chunks/100"
    expect_deadline 1500 http "$HTTP/drip-body/1000"
}

@test "deadline: http, endless headers" {
    expect_deadline 400 http "$HTTP/endless-header/50"
    expect_deadline 400 http "$HTTP/endless-line/50"
    expect_deadline 400 http "$HTTP/endless-interim/50"
}

@test "deadline: http, redirects that each take their time" {
    expect_deadline 500 http "$HTTP/slow-chain/150"
}

@test "deadline: a listen queue that is full" {
    expect_deadline 300 tcp "127.0.0.1:$FULL_PORT"
    expect_deadline 300 tcp "localhost:$FULL_PORT"
    expect_deadline 300 http "127.0.0.1:$FULL_PORT/"
}

@test "deadline: a name server that does not answer" {
    in_netns
    expect_deadline 300 tcp "silent.test:$NETNS_PORT"
    expect_deadline 300 http "silent.test:$NETNS_PORT/"
    # C libraries differ in whether they give up at once; none makes it an answer.
    expect unknown "~.*" tcp -t 300ms "garbled.test:$NETNS_PORT"
}

# Each row: how many processes the command starts at least, its mode.
@test "deadline: exec, and nothing is left" {
    local least mode
    while read -r least mode; do
        # shellcheck disable=SC2086  # a mode may have arguments
        expect_deadline 1000 exec -- "$COMMAND_FILE" $mode
        all_gone $((2 * least))
    done <<ROWS
1 sleep
1 trap
1 stop
1 closed
1 flood
2 daemon stay keep
2 daemon stay close
5 family
3 runner-of
ROWS
}

@test "deadline: exec, output that is drained does not hold it up" {
    probe exec -t 500ms -v -- yes
    is_status 2
    within $((500 + SLACK_MS))
}

@test "deadline: the least and the most" {
    expect_deadline 1 http "$HTTP/silence"
    expect_deadline 1 tcp "127.0.0.1:$FULL_PORT"
    expect_deadline 1 exec sleep 60
    expect success '~.*' tcp -t 1h "127.0.0.1:$ACCEPT_PORT"
}

@test "deadline: it holds for reading the spec" {
    local words
    words=$(printf ',""%.0s' {1..30000})
    probe -t 1ms -f "{\"exec\":{\"command\":[\"true\"$words]}}"
    expect_text unknown 'no answer within 1ms: the probe had not begun'
}

@test "deadline: --timeout-as failure" {
    probe http -t 200ms --timeout-as failure "$HTTP/silence"
    expect_text failure '~.*'
    probe tcp -t 200ms --timeout-as failure -o json "127.0.0.1:$FULL_PORT"
    expect_json failure '~.*'
    probe exec -t 200ms --timeout-as failure -- sleep 60
    expect_text failure '~.*'
    probe exec -t 200ms --timeout-as unknown -- sleep 60
    expect_text unknown '~.*'
    # It is about the deadline alone.
    probe exec --timeout-as failure no-such-command-at-all
    expect_text unknown '~.*'
}

@test "deadline: one second when nothing is said" {
    probe http "$HTTP/silence"
    is_status 2
    at_least 1000
    within $((1000 + SLACK_MS))
}

@test "deadline: memory stays small whatever a peer sends" {
    # A sanitizer's own memory is not the program's.
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    run_with rss
    local path
    for path in endless-body endless-header/0 endless-line/0 endless-interim/0 headers/255; do
        probe http -t 1s "$HTTP/$path"
        ((stderr < 16384)) || fail "$path: $stderr KiB"
    done
    # What JSON and -v keep of it is bounded too, and no more is held of what they print: up to 6 MiB.
    local options
    for options in '-o json -v' '-v --regex none'; do
        for path in many-headers controls no-utf-8; do
            # shellcheck disable=SC2086  # words
            probe http -t 5s $options --body-limit 1MiB "$HTTP/raw/$path"
            [ "$status" -ne 2 ] || fail 'expected an answer'
            ((stderr < 16384)) || fail "$options $path: $stderr KiB"
        done
    done
    probe exec -t 500ms -- yes
    ((stderr < 16384)) || fail "flood: $stderr KiB"
}
