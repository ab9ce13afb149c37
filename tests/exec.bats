#!/usr/bin/env bats
# The exec probe: how a command's end is judged, and that nothing that it started is left.

load helper

COMMAND_FILE=$BATS_TEST_DIRNAME/fixtures/command

setup() { watch_processes; }

@test "exec: the exit status decides" {
    expect success 'exit status 0' exec true
    expect success 'exit status 0' exec -- sh -c 'exit 0'
    expect failure 'exit status 1' exec false
    expect failure 'exit status 3' exec -- sh -c 'exit 3'
    expect failure 'exit status 127' exec -- sh -c 'exit 127'
    expect failure '~exit status 127: .*not found' exec -- sh -c no-such-command-at-all
    expect failure 'exit status 255' exec -- sh -c 'exit 255'
    expect failure 'exit status 3: the last words' exec -- sh -c 'echo first; echo the last words; exit 3'
    probe exec -o json -- sh -c 'exit 3'
    parse_json
    [ "$(field /exec/exitCode)" = 3 ]
    # It has none of a network's phases.
    timings_are
    [ "$(field /reason)" = ExitStatus ]
}

@test "exec: killed by a signal is a failure that names it" {
    expect failure 'killed by SIGKILL (9)' exec -- sh -c 'kill -KILL $$'
    expect failure 'killed by SIGTERM (15)' exec -- sh -c 'kill -TERM $$'
    expect failure 'killed by SIGSEGV (11)' exec -- sh -c 'kill -SEGV $$'
    # A child's signal as a shell tells it is an exit status.
    expect failure '~exit status 137.*' exec -- sh -c 'sh -c "kill -KILL \$\$"; exit $?'
    probe exec -o json -- sh -c 'kill -KILL $$'
    parse_json
    [ "$(field /exec/signal)" = 9 ]
    [ "$(field /reason)" = KilledBySignal ]
}

@test "exec: what could not be run is unknown" {
    local dir=$BATS_TEST_TMPDIR
    echo 'no program' >"$dir/plain"
    printf '#!/no/such/interpreter\n' >"$dir/script"
    cp "$dir/plain" "$dir/neither"
    chmod +x "$dir/script" "$dir/neither"
    not_found() {
        expect unknown "$1" exec "$2"
        reason_is CommandNotFound
    }
    not_executable() {
        expect unknown "$1" exec "$2"
        reason_is CommandNotExecutable
    }
    not_found 'command not found in PATH' no-such-command-at-all
    not_found 'command not found' /no/such/command
    not_found 'command not found' "$dir/plain/command"
    not_executable 'cannot be run: it is a directory' "$dir"
    not_executable 'cannot be run: permission denied (is it executable?)' "$dir/plain"
    not_executable 'cannot be run: the interpreter that its first line or its ELF header names is not there' \
        "$dir/script"
    not_executable 'cannot be run: neither a program of this machine nor a script that starts with #!' "$dir/neither"
}

@test "exec: a command is looked for in PATH as a shell does" {
    local dir=$BATS_TEST_TMPDIR
    mkdir "$dir/a" "$dir/b" "$dir/c"
    echo 'no program' >"$dir/a/check"
    printf '#!/bin/sh\nexit 3\n' >"$dir/b/check"
    chmod +x "$dir/b/check"
    # One that may not be run does not hide one that may.
    UNDER=(env "PATH=$dir/a:$dir/b:$PATH")
    expect failure 'exit status 3' exec check
    UNDER=(env "PATH=/no/such/dir:$dir/a")
    expect unknown '~cannot be run: permission denied.*' exec check
    UNDER=(env -u PATH)
    expect success 'exit status 0' exec true
}

@test "exec: the command is run directly, with what it was given" {
    probe exec -- sh -c 'printf "%s|" "$0" "$@" >"$PIDS"' 'a b' '' '$HOME' '*'
    is_status 0
    # shellcheck disable=SC2016  # it is the point that nobody expands it
    [ "$(cat "$PIDS")" = 'a b||$HOME|*|' ] || fail "got: $(cat "$PIDS")"
}

@test "exec: options end where the command begins" {
    expect success '~.*' exec sh -c 'test "$1" = -t' sh -t
    expect success '~.*' exec -t 5s sh -c 'test "$1 $2" = "-o json"' sh -o json
    expect success '~.*' exec -- sh -c 'test "$1" = --' sh --
}

@test "exec: standard input is empty, the session its own" {
    echo input >"$BATS_TEST_TMPDIR/in"
    stdin=$BATS_TEST_TMPDIR/in probe exec -- sh -c 'test "$(wc -c)" -eq 0'
    is_status 0
    # The fields of /proc/PID/stat after the name: state, parent, process group, session.
    expect success '~.*' exec -- sh -c 'set -- $(sed "s/.*) //" /proc/$$/stat); [ "$4" = $$ ]'
}

@test "exec: a command inherits no descriptor and no blocked or ignored signal" {
    UNDER=(env --default-signal)
    # What the caller left open is the command's too; what is the program's own is not.
    local expected
    expected=$(timeout 5 ls -C -w 0 /proc/self/fd 3>&-)
    expect success "exit status 0: $expected" exec ls -C -w 0 /proc/self/fd
    # What make starts ignores 32 and 33, which are glibc's own (posix_spawn) and nobody can change.
    expect success '~.*' exec -- sh -c \
        '! grep -E "^Sig(Blk|Ign):.*[1-9a-f]" /proc/self/status | grep -v "0000000180000000$"'
}

@test "exec: output is drained, however much, and whatever it is" {
    expect success '~.*' exec -t 20s -- head -c 100000000 /dev/zero
    # However little of it is kept.
    expect success '~.*' exec -t 10s --body-limit 1 -- head -c 20000000 /dev/zero
    expect success '~.*' exec -- printf 'no newline at the end'
    expect success '~.*' exec -- sh -c 'head -c 20000 /dev/urandom; head -c 20000 /dev/urandom >&2'
    expect failure '~.*' exec -- sh -c 'head -c 20000 /dev/urandom; exit 1'
    expect failure '~.*' exec -- sh -c "printf '\\033[31mred\\007\\377\\000\\302\\n\\n'; exit 1"
    expect success '~.*' exec -- sh -c 'exec >&- 2>&-; exit 0'
}

@test "exec: the last line is shown, cut between two characters" {
    probe exec -- sh -c "printf '\\0\\0it is \\377\\n \\n'; exit 1"
    expect_text failure 'exit status 1: \x00\x00it is \xff'
    local line
    line=x$(printf 'é%.0s' {1..300})
    expect failure "exit status 1: ${line:0:297}..." exec -- sh -c 'echo "$1"; exit 1' sh "$line"
    expect unknown "no answer within 500ms: the command's last words: ${line:0:47}..." \
        exec -t 500ms -- sh -c 'echo "$1"; exec sleep 60' sh "$line"
}

@test "exec: one that is stopped because it is traced has not ended" {
    watch_processes
    probe exec -t 1s -- "$PYTHON" -ISc 'import ctypes, os, signal
signal.signal(signal.SIGUSR1, lambda *_: None)
ctypes.CDLL(None).ptrace(0, 0, 0, 0)  # PTRACE_TRACEME
os.kill(os.getpid(), signal.SIGUSR1)'
    expect_text unknown 'no answer within 1s'
    [ -z "$(left_behind)" ] || fail "expected no process to be left: $(left_behind)"
}

@test "exec: a process of the command that may not be killed" {
    ((EUID == 0)) || skip 'only root can give up the right to end processes of others'
    UNDER=(setpriv --bounding-set=-kill --inh-caps=-kill)
    probe exec -o json -t 1s -- setpriv --reuid=54321 --regid=54321 --clear-groups sleep 60
    left_behind | tr -dc '0-9\n' | xargs -r kill
    expect_json unknown 'no answer within 1s'
    [ "$(field /warning)" = 'processes of the command are still alive: the kernel does not let them be killed' ]
}

@test "exec: the last 10 KiB of both streams are kept" {
    probe exec -o json -- sh -c 'head -c 20000 /dev/zero | tr "\0" x; echo the end >&2; exit 1'
    parse_json
    [[ $(field /exec/output) == x*'the end\n' ]] || fail 'expected the end of the output'
    local kept
    kept=$(field /exec/output | sed 's/\\n$//' | wc -c)
    [ "$kept" -eq 10240 ] || fail "expected 10240 bytes, got $kept"
    probe exec -v -- sh -c 'echo to stdout; echo to stderr >&2; exit 1'
    [[ $output == *'to stdout'*'to stderr'* ]] || fail 'expected the output of the command'
}

@test "exec: what the command leaves is killed, and the verdict does not wait for it" {
    local keep
    for keep in keep close; do
        expect success '~.*' exec -t 10s -- "$COMMAND_FILE" daemon leave "$keep"
        within 5000
        all_gone 2
    done
    expect success '~.*' exec -t 10s -- "$COMMAND_FILE" flood-daemon
    within 5000
    all_gone 2
    expect success '~.*' exec -t 10s -- "$COMMAND_FILE" runner
    within 5000
    all_gone 1
    expect failure '~.*' exec -t 10s -- sh -c "'$COMMAND_FILE' daemon leave; exit 3"
    all_gone 2
}

# in_pid_namespace SCRIPT - runs it in a process namespace, whose numbers can be set to what takes a
# machine days to come to. Says what is left of what was noted.
in_pid_namespace() {
    local namespace=(unshare --pid --fork --mount-proc)
    "${namespace[@]}" true 2>/dev/null || skip 'no process namespace can be made here'
    : >"$PIDS"
    COMMAND=("${namespace[@]}" "$1")
    status=0
    elapsed=$(now_ms)
    output=$(PIDS=$PIDS timeout 20 "${namespace[@]}" sh -c "
        command=$COMMAND_FILE
        next_pid() { echo \"\$1\" >/proc/sys/kernel/ns_last_pid; }
        largest=\$(cat /proc/sys/kernel/pid_max)
        $1
        while read -r pid; do
            [ ! -e /proc/\$pid ] || echo left: \$pid
        done <\$PIDS
    " 3>&-) || status=$?
    elapsed=$(($(now_ms) - elapsed))
    noted 2 || fail 'expected the command to have started two processes'
    [[ $output == 'unknown: '* && $output != *left:* ]] || fail 'expected nothing to be left'
    within $((1000 + SLACK_MS))
}

# Runs the program as a process that had a child before it became the program: `child & exec probectl ...`. Sets what
# probe sets, and $child.
probe_with_child() {
    out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
    COMMAND=(probectl "$@")
    status=0
    # shellcheck disable=SC2016
    PIDS=$PIDS timeout --foreground --kill-after=1 20 \
        sh -c 'PIDS= sleep 60 </dev/null >/dev/null 2>&1 & echo $! >"$0"; exec "$@"' \
        "$BATS_TEST_TMPDIR/child" "$PROBECTL" "$@" \
        </dev/null >"$out" 2>"$err" 3>&- || status=$?
    child=$(<"$BATS_TEST_TMPDIR/child")
    read_output
}

@test "exec: children that the probe did not start are none of its business" {
    watch_processes
    local child row
    for row in 'success 0 true' 'failure 1 false' 'success 0 daemon leave' 'unknown 2 trap' 'unknown 2 daemon stay'; do
        read -ra words <<<"$row"
        [ -e "/bin/${words[2]}" ] || words[2]="$COMMAND_FILE ${words[2]}"
        # shellcheck disable=SC2086
        probe_with_child exec -t 500ms -- ${words[2]} "${words[@]:3}"
        expect_text "${words[0]}" '~.*'
        is_status "${words[1]}"
        kill "$child" || fail 'expected the other child to live on'
        [ "$(wc -l <"$PIDS")" -eq 0 ] || all_gone
    done
    # The one that waits hands on what it is told, and takes the other with it.
    local signal
    for signal in TERM KILL; do
        # shellcheck disable=SC2016
        PIDS=$PIDS bash -c 'PIDS= sleep 60 >/dev/null 2>&1 & exec "$@"' bash \
            "$PROBECTL" exec -t 20s -- "$COMMAND_FILE" daemon stay </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
        local pid=$! status=0
        wait_until noted 2
        child=$(pgrep -P "$pid" -x sleep)
        kill -s "$signal" "$pid"
        wait "$pid" || status=$?
        kill "$child" || fail 'expected the other child to live on'
        if [ "$signal" = TERM ]; then
            is_status 2
            grep -q '^unknown: .*interrupted by SIGTERM' "$BATS_TEST_TMPDIR/out"
        fi
        wait_until nothing_left
        : >"$PIDS"
    done
}

nothing_left() { [ -z "$(left_behind)" ]; }

@test "exec: in a process namespace where its parent has no number" {
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    unshare --pid true 2>/dev/null || skip 'no process namespace can be made here'
    UNDER=(unshare --pid)
    expect success 'exit status 0' exec true
    expect failure 'exit status 1' exec false
}

@test "exec: process numbers that begin again" {
    local before
    for before in 3 6 9; do
        in_pid_namespace "next_pid \$((largest - $before))
            $PROBECTL exec -t 1s -- \$command daemon stay"
    done
}

@test "exec: process numbers that are far apart" {
    in_pid_namespace "$PROBECTL exec -t 1s -- sh -c '
        echo \$1 >/proc/sys/kernel/ns_last_pid; exec \"\$0\" daemon stay' \
        \$command \$((largest - 1000))"
}

# Where no /proc lists them, they are searched for by number. The judgement is made outside, where there is one.
@test "exec: without /proc nothing is left either" {
    if grep -q __asan_init "$PROBECTL"; then skip 'the sanitizer needs /proc itself'; fi
    [ "$(id -u)" -eq 0 ] || skip 'needs root, to hide it'
    unshare --mount true 2>/dev/null || skip 'no mount namespace can be made here'
    UNDER=(unshare --mount sh -c 'mount -t tmpfs none /proc || exit 99; exec "$@"' sh)
    expect success '~.*' exec test ! -e /proc/self
    local keep
    for keep in keep close; do
        expect success 'exit status 0' exec -t 10s -- "$COMMAND_FILE" daemon leave "$keep"
        within 5000
        all_gone 4
    done
    expect failure 'exit status 3' exec -t 10s -- sh -c "'$COMMAND_FILE' daemon leave; exit 3"
    within 5000
    all_gone 4
    expect_deadline 500 exec -- "$COMMAND_FILE" daemon stay
    all_gone 4
}

@test "exec: without /proc, process numbers that begin again" {
    if grep -q __asan_init "$PROBECTL"; then skip 'the sanitizer needs /proc itself'; fi
    local before
    # The daemon's number is a new one, and one of the last old ones.
    for before in 4 6; do
        in_pid_namespace "next_pid \$((largest - $before))
            mount -t tmpfs none /proc || exit 99
            $PROBECTL exec -t 500ms -- \$command daemon stay
            umount /proc"
    done
}

@test "exec: a command that has used up the processes" {
    local as_other=(setpriv --reuid=54321 --regid=54321 --clear-groups)
    "${as_other[@]}" test -x "$PROBECTL" 2>/dev/null || skip 'no other user can run the program here'
    UNDER=("${as_other[@]}" prlimit --nproc=30)
    expect unknown '~.*: full.*' exec -t 1s -- perl -e \
        'use POSIX; while (defined($p = fork)) { if (!$p) { setsid; sleep 60; exit } }
         $| = 1; print "full\n"; sleep 60'
    within $((1000 + SLACK_MS))
    [ -z "$(left_behind)" ] || fail "expected no process to be left: $(left_behind)"
}

@test "exec: killed with SIGKILL, it takes the command with it" {
    PIDS=$PIDS "$PROBECTL" exec -t 60s -- "$COMMAND_FILE" sleep >/dev/null 2>&1 3>&- &
    local pid=$!
    wait_until noted 1
    kill -KILL "$pid"
    wait_until all_gone 1 2>/dev/null || fail 'the command is left'
}

@test "exec: out of descriptors is unknown" {
    local limit
    # With less than four a shared library could not be loaded.
    for limit in 4 5 6; do
        UNDER=(prlimit "--nofile=$limit")
        expect unknown 'cannot be run: too many open files' exec true
        reason_is OutOfResources
    done
}
