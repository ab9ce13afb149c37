#!/usr/bin/env bats
# The README's recipes for callers of one probe after the other, taken out of it and run as they stand there: with a program in place of
# probectl that ends as a script says, and with probectl itself.

load helper

README=$BATS_TEST_DIRNAME/../README.md

setup_file() { start_http_server; }

teardown_file() { stop_servers; }

setup() {
    cd "$BATS_TEST_TMPDIR" || exit
    mkdir bin home
    PATH=$PWD/bin:$PATH
    export HOME=$PWD/home SCRIPT=$PWD/script
    : >"$SCRIPT"
}

# recipe TITLE - the first code block below that heading.
recipe() {
    awk -v title="### $1" '
        $0 == title { found = 1 }
        found && /^```/ { if (inside) exit; inside = 1; next }
        inside' "$README"
}

# fake NAME - makes a program for PATH from standard input.
fake() {
    { echo '#!/bin/sh'; cat; } >"bin/$1"
    chmod +x "bin/$1"
}

# A probectl that takes one code after the other from the script, says so, and ends with it. At the
# script's end it ends the loop that called it, when all of the loop's ticks have been noted.
fake_probectl() {
    fake probectl <<'END'
code=$(sed -n 1p "$SCRIPT")
if [ -z "$code" ]; then
    kill "$PPID"
    exit 2
fi
sed -i 1d "$SCRIPT"
echo "probe: $code"
exit "$code"
END
}

# The real program, with its target put where the test server has what the script says.
real_probectl() {
    export PROBECTL HTTP_PORT
    fake probectl <<'END'
code=$(sed -n 1p "$SCRIPT")
if [ -z "$code" ]; then
    kill "$PPID"
    exit 2
fi
sed -i 1d "$SCRIPT"
case $code in
    0) path=status/200 ;;
    1) path=status/503 ;;
    2) path=endless-header/0 ;;
esac
for argument; do
    shift
    case $argument in
        *:8080/*) set -- "$@" "${argument%%:8080/*}:$HTTP_PORT/$path" ;;
        *) set -- "$@" "$argument" ;;
    esac
done
echo "probe: $code"
exec "$PROBECTL" -q "$@"
END
}

# A sleep that takes no time and notes how long it should have been.
fake_sleep() {
    : >ticks
    fake sleep <<'END'
echo "$1" >>ticks
END
}

# What the kubelet's worker does with these results (pkg/kubelet/prober/worker.go, doProbe).
worker() {
    local successes=$1 failures=$2 state=unready last='' run=0 code
    shift 2
    for code; do
        echo "probe: $code"
        [ "$code" -le 1 ] || continue
        if [ "$code" = "$last" ]; then run=$((run + 1)); else run=1; fi
        last=$code
        if [ "$code" = 0 ] && [ "$run" -ge "$successes" ] && [ $state = unready ]; then
            state=ready
            echo 'ready: into rotation'
        elif [ "$code" = 1 ] && [ "$run" -ge "$failures" ] && [ $state = ready ]; then
            state=unready
            echo 'not ready: out of rotation'
        fi
    done
}

# run_loop SHELL CODE... - runs the shell loop over these results.
run_loop() {
    local shell=$1
    shift
    printf '%s\n' "$@" >"$SCRIPT"
    : >ticks
    output=$("$shell" "$BATS_TEST_TMPDIR/loop" 2>&1) || true
}

number() { sed -n "s/.*$1=\([0-9]*\).*/\1/p" loop; }

agree_with_worker() {
    local expected
    expected=$(worker "$(number successThreshold)" "$(number failureThreshold)" "${@:2}")
    run_loop "$@"
    [ "$output" = "$expected" ] || fail "$1, results $2...: expected: $expected"
}

@test "callers: the loop's state changes at the thresholds, as the kubelet's" {
    fake_probectl
    fake_sleep
    recipe 'Shell loop' >loop
    local shell
    for shell in sh bash; do
        agree_with_worker $shell 0 0 1 1 1 0 0
        agree_with_worker $shell 0 1 0 1 0 1 0 0 0 0
        # A run that does not reach its threshold starts anew.
        agree_with_worker $shell 0 0 1 1 0 1 1 0 1 1 1 1 1
        # Unknown breaks no run and counts for none.
        agree_with_worker $shell 2 0 2 2 0 1 2 1 2 1 2 2 2
        agree_with_worker $shell 0 0 2 2 2 2 2 2 2
        # A state that is reached again is no change.
        agree_with_worker $shell 1 1 1 1 1 1
        # Other exit codes: not found, not executable, killed.
        agree_with_worker $shell 0 127 0 1 126 1 137 1
    done
    [ "$(worker 2 3 0 0 1 1 1)" = 'probe: 0
probe: 0
ready: into rotation
probe: 1
probe: 1
probe: 1
not ready: out of rotation' ] || fail "the test's own worker is wrong"
}

@test "callers: the loop agrees with the kubelet's worker on any results" {
    fake_probectl
    fake_sleep
    recipe 'Shell loop' >loop
    local round i codes
    RANDOM=4711
    for round in 1 2; do
        codes=()
        for ((i = 0; i < 50; i++)); do codes+=($((RANDOM % 7 < 3 ? 0 : RANDOM % 4 ? 1 : 2))); done
        agree_with_worker sh "${codes[@]}"
    done
}

@test "callers: the loop waits for the delay, and then a period from start to start" {
    fake_probectl
    fake_sleep
    recipe 'Shell loop' >loop
    run_loop sh 0 0 0 0
    # Four probes, the fifth that ended it, and the ticks of the delay.
    local period delay
    period=$(number periodSeconds) delay=$(number initialDelaySeconds)
    local expected=$((4 + (delay + period - 1) / period))
    [ "$(wc -l <ticks)" -ge "$expected" ] && [ "$(wc -l <ticks)" -le $((expected + 1)) ] ||
        fail "expected $expected ticks or one more: $(cat ticks)"
    [ "$(sort -u ticks)" = "$period" ] || fail "expected ticks of $period: $(cat ticks)"
}

@test "callers: the loop with probectl itself" {
    real_probectl
    fake_sleep
    recipe 'Shell loop' >loop
    agree_with_worker sh 2 0 2 0 1 1 2 1 0 0
}

# A zombie has ended, and whose child it is now may have others to look after.
ended() { ! grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"; }

@test "callers: the loop ends at once when it is told to" {
    fake_probectl
    recipe 'Shell loop' >loop
    # It sleeps in earnest here, and tells who does.
    REAL_SLEEP=$(PATH=${PATH#*:} command -v sleep)
    export REAL_SLEEP
    fake sleep <<'END'
echo $$ >sleeping
exec "$REAL_SLEEP" "$@"
END
    local signal pid started
    for signal in TERM INT; do
        rm -f sleeping
        # A background job of a script ignores SIGINT, unless told not to.
        env --default-signal=INT sh loop >out 2>&1 3>&- &
        pid=$!
        wait_until test -s sleeping || fail 'it does not sleep'
        started=$(now_ms)
        kill -s "$signal" "$pid"
        wait "$pid" || true
        (($(now_ms) - started < SLACK_MS)) || fail "it took long to end by SIG$signal"
        wait_until ended "$(cat sleeping)" || fail 'its sleep is left behind'
    done
}

# --- cron -----------------------------------------------------------------------------------------

# run_cron SHELL CODE... - one run after the other, as cron starts them: prints what was mailed and
# what was done.
run_cron() {
    local shell=$1 code
    shift
    for code; do
        echo "$code" >"$SCRIPT"
        (cd /; exec "$shell" "$BATS_TEST_TMPDIR/watch") 2>&1
    done
}

prepare_cron() {
    recipe cron >watch
    fake systemctl <<'END'
echo "systemctl $*"
END
}

@test "callers: cron acts at the third failure in a row, and counts anew" {
    fake_probectl
    prepare_cron
    local shell acted='probe: 1
systemctl restart web'
    does() {
        rm -f home/.watch-web*
        output=$(run_cron "$shell" "${@:2}")
        [ "$output" = "$1" ] || fail "$shell, results ${*:2}: expected: $1"
    }
    for shell in sh bash; do
        does '' 0 0 0
        does '' 1 1
        does "$acted" 1 1 1
        does "$acted" 1 1 0 1 1 1
        does '' 1 1 0 1 1 0
        does "$acted" 1 1 1 1 1
        does "$acted"$'\n'"$acted" 1 1 1 1 1 1
        # Unknown leaves the count as it is.
        does "$acted" 1 2 1 2 2 1 2
        does '' 2 2 2 2
        does '' 127 127 127 127
    done
}

@test "callers: cron's count is in a file, whatever is in it" {
    fake_probectl
    prepare_cron
    local acted='probe: 1
systemctl restart web'
    # In a file that says 2, the next failure is the third.
    with() {
        printf '%b' "$1" >home/.watch-web
        output=$(run_cron sh 1)
        [ "$output" = "$2" ] || fail "with '$1' in the file: expected '$2'"
    }
    with '2\n' "$acted"
    [ "$(cat home/.watch-web)" = 0 ] || fail 'it does not count anew'
    with '1\n' ''
    [ "$(cat home/.watch-web)" = 2 ] || fail 'it does not count'
    with '99\n' "$acted"
    local garbage
    for garbage in '' '\n' 'x\n' '-5\n' '08\n' '1 2\n' '$(reboot)\n' '99999999999999999999\n' '2\n2\n'; do
        with "$garbage" ''
        [ "$(cat home/.watch-web)" = 1 ] || fail "after '$garbage' it does not begin anew"
    done
    # A count that cannot be kept is told: cron mails it.
    rm home/.watch-web
    mkdir home/.watch-web.new
    output=$(run_cron sh 1)
    [ -n "$output" ] || fail 'it says nothing of a count that it cannot keep'
}

@test "callers: cron with probectl itself" {
    real_probectl
    prepare_cron
    output=$(run_cron sh 1 2 1 0 1 2 1 1)
    [ "$output" = 'probe: 1
systemctl restart web' ] || fail 'expected one restart, by the last'
}

# --- one-liners -----------------------------------------------------------------------------------

# here ARGUMENT... - runs the program with arguments for a server on port 8080 against the test's.
here() {
    local words=() word
    for word; do
        word=${word/:8080\/healthz/:$HTTP_PORT/status/$CODE}
        word=${word/\"port\": 8080/\"port\": $HTTP_PORT}
        words+=("${word/\"\/healthz\"/\"\/status\/$CODE\"}")
    done
    probe "${words[@]}"
}

healthy_and_not() {
    CODE=200 here "$@"
    is_status 0
    CODE=503 here "$@"
    is_status 1
}

# The words of the README's list of strings, a line each, without the program's own.
words_of() {
    "$PYTHON" -c '
import re, sys
for word in re.findall(r"\"[^\"]*\"|[^\[\],\s]+", sys.stdin.read())[1:]:
    print(word.strip("\""))'
}

@test "callers: Kubernetes and -f" {
    mapfile -t words < <(recipe Kubernetes | sed -n 's/.*command: //p' | words_of)
    [ "${words[0]}" = http ] || fail "expected a probe: ${words[*]}"
    healthy_and_not "${words[@]}"

    local command
    command=$(sed -n 's/^probectl -f //p' "$README")
    eval "words=(-f $command)"
    healthy_and_not "${words[@]}"
}
