#!/usr/bin/env bats
# What is printed, and that nothing about the printing changes the verdict.

load helper

setup_file() { start_http_server; }

teardown_file() { stop_servers; }

# Every verdict, as the arguments of a probe that ends with it: the exit status is the row's first word.
each_verdict() {
    local expected args
    while read -r expected args; do
        # shellcheck disable=SC2086  # words are meant
        "$@" "$expected" $args
    done <<ROWS
0 http $HTTP/status/200
1 http $HTTP/status/404
2 http -t 200ms $HTTP/silence
0 tcp 127.0.0.1:$HTTP_PORT
0 exec true
1 exec false
2 exec no-such-command-at-all
ROWS
}

@test "output: -q prints nothing and judges the same" {
    quiet() {
        probe "$2" -q "${@:3}"
        is_status "$1"
        is_output ''
        is_stderr ''
        probe "$2" --quiet -o json "${@:3}"
        is_status "$1"
        is_output ''
    }
    each_verdict quiet
}

@test "output: -v says more, verdict first, and judges the same" {
    verbose() {
        local word
        probe "$2" -v "${@:3}"
        is_status "$1"
        is_stderr ''
        word=$(sed -n '1s/:.*//p' "$out")
        [ "${EXIT_OF[$word]-}" = "$1" ] || fail 'expected the verdict first'
        [ "$(wc -l <"$out")" -gt 1 ] || fail 'expected more than one line'
    }
    each_verdict verbose
    probe http -v "$HTTP/redirect/302?to=/status/404"
    local expected
    for expected in resolve connect 'first byte' total "$HTTP" 404; do
        [[ $output == *"$expected"* ]] || fail "expected to read: $expected"
    done
}

# It is printed in pieces: none is lost, and no character is cut.
@test "output: a long text comes whole" {
    local shift content
    for shift in '' a ab abc; do
        content=$shift$(printf 'é€😀%.0s' {1..20000})
        printf '%s' "$content" >"$BATS_TEST_TMPDIR/long"
        probe file -o json --body-limit 1MiB -v --regex . "$BATS_TEST_TMPDIR/long"
        expect_json success '~.*'
        [ "$(field /file/content)" = "$content" ] || fail 'expected the content in JSON'
        probe file --body-limit 1MiB -v --regex . "$BATS_TEST_TMPDIR/long"
        is_status 0
        [ "$(sed -n 's/^  content  *//p' "$out")" = "$content" ] || fail 'expected the content'
    done
}

# phase NAME - that line of -v: sets ms, in tenths, and where its bar starts and ends.
phase() {
    local line
    line=$(grep -E "^  $1 +[0-9]+\.[0-9] ms  " "$out") || fail "expected a line of the phase $1"
    [[ $line =~ ^\ \ $1\ +([0-9]+)\.([0-9])\ ms\ \ (\ *)(#+)$ ]] || fail "expected a bar of the phase $1"
    ms=$((10#${BASH_REMATCH[1]}${BASH_REMATCH[2]}))
    from=${#BASH_REMATCH[3]} to=$((from + ${#BASH_REMATCH[4]}))
}

@test "output: -v draws each phase as a bar that starts where the one before ended" {
    need_ipv6
    # A silent address takes a quarter of a second to connect, and the answer half as long.
    probe http -v -t 5s --redirect none "localhost:$MUTE_HTTP4_PORT/slow-chain/125"
    is_status 0
    local ms from to name total passed=0 before=0
    phase total
    [ "$from $to" = '0 40' ] || fail 'expected 40 columns for the total'
    total=$ms
    for name in resolve connect 'first byte'; do
        phase "$name"
        # A bar is never empty, and figures are rounded.
        ((from - before <= 0 && before - from <= 1)) || fail "expected $name to begin at $before"
        passed=$((passed + ms))
        [ "$(near $((passed * 40 / total)) "$to")" ] || fail "expected $name to end at $((passed * 40 / total))"
        before=$to
    done
    phase connect
    ((ms >= 2500 && to - from >= 10)) || fail 'expected a long bar for connect'
    phase 'first byte'
    ((ms >= 1250 && to - from >= 5 && to >= 38)) || fail 'expected a bar to the end for the first byte'
    if grep -q '^  tls ' "$out"; then fail 'there was no such phase'; fi
}

near() { (($1 - $2 >= -1 && $1 - $2 <= 1)) && echo yes; }

@test "output: colour on a terminal only, and not with NO_COLOR" {
    local escape=$'\033['
    export TERM=xterm
    probe http -v "$HTTP/"
    [[ $output != *"$escape"* ]] || fail 'colour in a file'
    run_with tty
    probe http -v "$HTTP/"
    is_status 0
    [[ $output == *"$escape"* ]] || fail 'no colour on a terminal'
    NO_COLOR=1 probe http -v "$HTTP/"
    [[ $output != *"$escape"* ]] || fail 'colour with NO_COLOR'
    # By https://no-color.org an empty one says nothing.
    NO_COLOR='' probe http -v "$HTTP/"
    [[ $output == *"$escape"* ]] || fail 'no colour with an empty NO_COLOR'
    TERM=dumb probe http -v "$HTTP/"
    [[ $output != *"$escape"* ]] || fail 'colour on a dumb terminal'
    probe http -o json "$HTTP/"
    [[ $output != *"$escape"* ]] || fail 'colour in JSON'
}

# The verdict is the same, and comes in its own time: no row's takes longer than 200 ms.
at_once() {
    probe "$2" -t 5s "${@:3}"
    is_status "$1"
    within $((200 + SLACK_MS))
}

in_each_format() {
    local format
    for format in -otext -ojson -v; do
        at_once "$1" "$2" "$format" "${@:3}"
    done
}

@test "output: standard output closed" {
    closed() {
        UNDER=(sh -c 'exec "$@" >&-' sh)
        in_each_format "$@"
        # With none of the three, a socket or a pipe of the probe's would take their numbers.
        UNDER=(sh -c 'exec "$@" <&- >&- 2>&-' sh)
        at_once "$@"
    }
    : >"$REQUESTS"
    each_verdict closed
    # What was to be printed must not have gone to the target.
    if grep -a -E 'success:|failure:|"result"' "$REQUESTS"; then fail 'the verdict was sent'; fi
}

@test "output: a full device" {
    UNDER=(sh -c 'exec "$@" >/dev/full' sh)
    each_verdict in_each_format
    UNDER=(sh -c 'exec "$@" >/dev/full 2>/dev/full' sh)
    at_once 1 exec false
}

@test "output: a file that may not grow" {
    local file=$BATS_TEST_TMPDIR/full
    UNDER=(sh -c 'ulimit -f 0 && exec "$@" >"$0"' "$file")
    each_verdict in_each_format
    UNDER=(sh -c 'ulimit -f 0 && exec "$@" >"$0" 2>&1' "$file")
    at_once 1 exec false
    at_once 2 exec --no-such-option
}

@test "output: a reader that is gone" {
    local mode
    for mode in gone gone-ignored; do
        run_with "$mode"
        each_verdict in_each_format
    done
}

@test "output: a reader that leaves in the middle of it" {
    local format
    head -c 1000000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/long"
    for format in -v '-v -o json'; do
        UNDER=(bash -c 'set -o pipefail; "$@" | head -c 70000' bash)
        # shellcheck disable=SC2086  # words
        probe file $format --body-limit 1MiB --regex x "$BATS_TEST_TMPDIR/long"
        is_status 0
        [ "${#output}" -eq 70000 ] || fail 'expected what was read'
        # shellcheck disable=SC2086
        probe file $format --body-limit 1MiB --not-contains x "$BATS_TEST_TMPDIR/long"
        is_status 1
    done
}

@test "output: a reader that does not read" {
    unread() {
        local format
        for format in -otext -ojson -v; do
            probe "$2" -t 200ms "$format" "${@:3}"
            is_status "$1"
            within $((200 + SLACK_MS))
        done
    }
    local mode
    for mode in unread-pipe unread-tty; do
        run_with "$mode"
        unread 0 http "$HTTP/status/200"
        unread 1 exec false
        unread 2 http "$HTTP/silence"
    done
    run_with unread-pipe
    unread 0 tcp "127.0.0.1:$HTTP_PORT"
}

@test "output: nobody reads the complaint about wrong usage" {
    local mode
    for mode in unread-stderr gone-stderr; do
        run_with "$mode"
        probe http --no-such-option
        is_status 2
        within $((1000 + SLACK_MS))
    done
    # It holds for complaints as well, as far as it was understood.
    run_with unread-stderr
    probe http -t 2s --no-such-option
    is_status 2
    at_least 2000
    within $((2000 + SLACK_MS))
}

@test "output: neither the locale nor the environment matter" {
    probe http "$HTTP/status/404"
    local plain=${output% (*}
    local name
    for name in C C.UTF-8 de_DE.UTF-8 tr_TR.UTF-8 nonsense; do
        LC_ALL=$name LANG=$name probe http "$HTTP/status/404"
        is_status 1
        [ "${output% (*}" = "$plain" ] || fail "another text under $name"
        output_matches '\([0-9]+\.[0-9]+ ms\)$'
    done
    UNDER=(env -i)
    probe http "$HTTP/status/404"
    is_status 1
    [ "${output% (*}" = "$plain" ] || fail 'another text without an environment'
}

@test "output: --exit-codes" {
    expect_code() {
        probe exec --exit-codes "$1" true
        is_status "$2"
        output_matches '^success: '
        probe exec --exit-codes "$1" false
        is_status "$3"
        output_matches '^failure: '
        probe exec --exit-codes "$1" no-such-command-at-all
        is_status "$4"
        output_matches '^unknown: '
    }
    expect_code docker 0 1 1
    expect_code nagios 0 2 3
    expect_code consul 0 2 2
    expect_code 0,1,2 0 1 2
    expect_code 10,125,0 10 125 0
    # Of wrong usage it applies to what comes after it.
    probe http --exit-codes docker --no-such-option
    is_status 1
    probe http --no-such-option --exit-codes docker
    is_status 2
}

@test "output: the same from JSON and from text" {
    agree() {
        probe "$2" -o json "${@:3}"
        parse_json
        local line
        line="$(field /result): $(field /probe) $(field /target): $(field /message)"
        probe "${@:2}"
        [ "${output% (*}" = "$line" ] || fail "expected: $line"
    }
    each_verdict agree
}

@test "output: --help and --version" {
    probe --version
    is_status 0
    is_stderr ''
    local lines tls='' n='[0-9]+\.[0-9]+\.[0-9]+[^ ,]*' parts
    mapfile -t lines <"$out"
    if has_tls; then tls=", OpenSSL/$n"; fi
    [[ ${lines[0]} =~ ^probectl\ $n\ \(libcurl\ $n$tls,\ nghttp2\ $n,\ cJSON\ $n\)$ ]] ||
        fail 'expected the versions of the program and of its libraries'
    if is_static; then
        # The sources that it was made of, with the distribution's own numbers.
        parts="curl $n, ${tls:+openssl $n, }cjson $n, nghttp2 $n, musl $n"
        [[ ${lines[1]} =~ ^made\ of\ $parts$ && ${#lines[@]} -eq 2 ]] || fail "expected what it is made of: $parts"
    else
        [ "${#lines[@]}" -eq 1 ] || fail 'expected one line'
    fi
    local version=$output
    probe -V
    is_status 0
    is_output "$version"
    local word
    for word in '' http tcp exec; do
        # shellcheck disable=SC2086  # no word is no argument
        probe $word --help
        is_status 0
        is_stderr ''
        output_matches 'probectl'
        probe $word -h
        is_status 0
    done
    # A full device is an error where the printing is the whole purpose.
    status=0
    "$PROBECTL" --help >/dev/full 2>/dev/null || status=$?
    [ "$status" -ne 0 ] || fail 'expected --help to fail'
}
