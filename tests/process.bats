#!/usr/bin/env bats
# The process probe.

# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
load helper

setup() { dir=$BATS_TEST_TMPDIR; started=(); }

teardown() {
    local pid
    for pid in "${started[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

# run_as NAME - a copy of sleep under that file name; its number is in $pid.
run_as() {
    [ -e "$dir/$1" ] || cp "$(command -v sleep)" "$dir/$1"
    "$dir/$1" 60 3>&- &
    pid=$!
    started+=("$pid")
    # Until it has become the new program its name is bash's.
    wait_until grep -qsz "$1" "/proc/$pid/cmdline"
}

# A process that has ended and that nobody waits for; its number is in $pid.
make_zombie() {
    "$PYTHON" -IS -c '
import os, sys, time
pid = os.fork()
if pid == 0:
    open("/proc/self/comm", "w").write("zombie-of-test")
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
time.sleep(60)' >"$dir/zombie" 3>&- &
    started+=($!)
    wait_until test -s "$dir/zombie"
    pid=$(cat "$dir/zombie")
}

# A number that no process has.
free_pid() {
    local n
    for ((n = 4194303; n > 4190000; n--)); do
        [ -e "/proc/$n" ] || break
    done
    echo "$n"
}

@test "process: by number" {
    run_as alive-one
    expect success "process $pid is alive" process --pid "$pid"
    [ "$(field /process/pid)" = "$pid" ] || fail 'expected the number'
    [ "$(field /process/name)" = alive-one ] || fail 'expected the name'
    expect success "process $pid is alive" process --pid "$pid" --name alive-one
    kill -KILL "$pid"
    wait "$pid" || true
    expect failure "there is no process $pid" process --pid "$pid"
    [ "$(field /reason)" = ProcessNotFound ] || fail 'expected another reason'
    expect failure "~there is no process .*" process --pid "$(free_pid)"
}

@test "process: a stopped one is alive" {
    run_as stopped-one
    kill -STOP "$pid"
    expect success "process $pid is alive" process --pid "$pid"
    expect success '~.*' process --name stopped-one
}

@test "process: a zombie is dead" {
    make_zombie
    expect failure "process $pid is a zombie: it has ended" process --pid "$pid"
    [ "$(field /reason)" = ProcessIsZombie ] || fail 'expected another reason'
    expect failure "process $pid is a zombie: it has ended" process --name zombie-of-test
    echo "$pid" >"$dir/pid"
    expect failure "process $pid is a zombie: it has ended" process --pidfile "$dir/pid"
    expect failure "process $pid is a zombie: it has ended" process --pidfile "$dir/pid" --name zombie-of-test
    # One that is alive beside it makes up for it.
    run_as zombie-of-test
    expect success "process $pid is alive" process --name zombie-of-test
}

@test "process: one whose first thread has ended is alive" {
    "$PYTHON" -IS -c '
import ctypes, os, sys, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print(os.getpid(), flush=True)
ctypes.CDLL(None).pthread_exit(None)' >"$dir/pid" 2>/dev/null 3>&- &
    pid=$!
    started+=("$pid")
    wait_until grep -qs 'State:.*Z' "/proc/$pid/status" || skip 'no such process can be made here'
    expect success "process $pid is alive" process --pid "$pid"
}

@test "process: one whose first thread has ended is alive, however many groups it is in" {
    [ "$(id -u)" -eq 0 ] || skip 'needs root, to set them'
    "$PYTHON" -IS -c '
import ctypes, os, threading, time
os.setgroups(range(100000, 101000))
threading.Thread(target=time.sleep, args=(60,)).start()
ctypes.CDLL(None).pthread_exit(None)' 2>/dev/null 3>&- &
    pid=$!
    started+=("$pid")
    wait_until grep -qs 'State:.*Z' "/proc/$pid/status" || skip 'no such process can be made here'
    expect success "process $pid is alive" process --pid "$pid"
}

@test "process: another user's" {
    [ "$(id -u)" -eq 0 ] || skip 'needs root, to be another user'
    command -v setpriv >/dev/null || skip 'setpriv (util-linux) is not there'
    run_as of-root
    local d=$dir
    while [ "$d" != / ] && [ "$d" != /tmp ]; do
        chmod o+x "$d"
        d=$(dirname "$d")
    done
    UNDER=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${UNDER[@]}" test -x "$PROBECTL" || skip 'the program is not where everybody can run it'
    expect success "process $pid is alive" process --pid "$pid"
    expect success "process $pid is alive" process --name of-root
    expect success "process $pid is alive" process --pid "$pid" --name of-root
}

@test "process: by name" {
    expect failure 'there is no process nobody-is-called-so' process --name nobody-is-called-so
    run_as named-one
    expect success "process $pid is alive" process --name named-one
    # Not by a part of it.
    expect failure '~.*' process --name named
    expect failure '~.*' process --name named-one-more
    # Several of one name.
    run_as named-one
    expect success '~process [0-9]+ is alive' process --name named-one
    # The base name of argv[0], where it differs from the kernel's.
    bash -c 'exec -a /some/where/other-name sleep 60' 3>&- &
    pid=$!
    started+=("$pid")
    wait_until grep -qsz other-name "/proc/$pid/cmdline"
    expect success "process $pid is alive" process --name other-name
    expect failure '~.*' process --name /some/where/other-name
}

@test "process: a name longer than the kernel keeps" {
    run_as a-very-long-name-indeed
    expect success "process $pid is alive" process --name a-very-long-name-indeed
    expect success "process $pid is alive" process --name a-very-long-nam
    expect failure '~there is no process .*' process --name a-very-long-name-in-doubt
    expect failure '~there is no process .*' process --name a-very-long-na
    # Without an argv[0] that tells more, what the kernel keeps has to do.
    bash -c 'exec -a "" "$0" 60' "$dir/a-very-long-name-indeed" 3>&- &
    pid=$!
    started+=("$pid")
    wait_until grep -qs a-very-long "/proc/$pid/comm"
    expect success "process $pid is alive" process --pid "$pid" --name a-very-long-name-indeed
}

@test "process: a thread's name and number do not count" {
    "$PYTHON" -IS -c '
import os, threading, time
def named():
    with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as f:
        f.write("thread-of-test")
    print(threading.get_native_id(), flush=True)
    time.sleep(60)
threading.Thread(target=named).start()' >"$dir/thread" 3>&- &
    local process=$!
    started+=("$process")
    wait_until test -s "$dir/thread"
    pid=$(cat "$dir/thread")
    expect failure 'there is no process thread-of-test' process --name thread-of-test
    expect failure "there is no process $pid: the number is that of a thread of process $process" process --pid "$pid"
    echo "$pid" >"$dir/pid"
    expect failure '~there is no process .*' process --pidfile "$dir/pid"
}

@test "process: never itself" {
    cp "$PROBECTL" "$dir/only-one-so-called" 2>/dev/null || skip 'the program cannot be copied'
    PROBECTL=$dir/only-one-so-called
    expect failure '~there is no process .*' process --name only-one-so-called
    expect failure '~there is no process .*' process --name only-one-so-cal
    # A pidfile whose number came to be the probe's own.
    UNDER=(sh -c 'echo $$ >"$0"; exec "$@"' "$dir/pid")
    expect failure '~there is no process [0-9]+ but this probe itself' process --pidfile "$dir/pid"
}

@test "process: by pidfile" {
    run_as daemon-one
    local content
    for content in "$pid" "$pid\n" "  $pid \r\n" "\n\n\t$pid\n" "$pid\n/var/lib/postgresql\n5432\n"; do
        printf '%b' "$content" >"$dir/pid"
        expect success "process $pid is alive" process --pidfile "$dir/pid"
    done
    expect success "process $pid is alive" process --pidfile "$dir/pid" --name daemon-one
    # Its number was used again.
    expect failure "process $pid is daemon-one, not nginx" process --pidfile "$dir/pid" --name nginx
    [ "$(field /reason)" = ProcessNameDiffers ] || fail 'expected another reason'
    free_pid >"$dir/pid"
    expect failure '~there is no process .*' process --pidfile "$dir/pid" --name daemon-one
}

@test "process: one that started after its pidfile was written may be another" {
    run_as later-one
    echo "$pid" >"$dir/pid"
    probe process -o json --pidfile "$dir/pid"
    expect_json success "process $pid is alive"
    [ "$(field /warning)" = null ] || fail 'expected no warning'
    touch -d '10 minutes ago' "$dir/pid"
    probe process -o json --pidfile "$dir/pid"
    expect_json success "process $pid is alive"
    [[ $(field /warning) =~ ^'it started '(59[89]|60[0-9])' s after the pidfile was written, so it may be another one: --name tells'$ ]] ||
        fail 'expected a warning'
    # The name is the better judge.
    expect success "process $pid is alive" process --pidfile "$dir/pid" --name later-one
    [ "$(field /warning)" = null ] || fail 'expected no warning'
}

@test "process: pidfiles that are none" {
    expect failure 'there is no such pidfile' process --pidfile "$dir/absent"
    [ "$(field /reason)" = PidfileMissing ] || fail 'expected another reason'
    : >"$dir/pid"
    expect unknown 'the pidfile is empty' process --pidfile "$dir/pid"
    printf ' \n\t\n' >"$dir/pid"
    expect unknown 'the pidfile is empty' process --pidfile "$dir/pid"
    local content
    for content in abc 12x 0 -1 +1 1.5 99999999999999999999 4194305 '1 2' '0x10' '\0001' '12\00013' 'pid=12'; do
        printf '%b' "$content" >"$dir/pid"
        expect unknown "~the pidfile does not begin with a process number from 1 to 4194304, but with '.*'" \
            process --pidfile "$dir/pid"
    done
    [ "$(field /reason)" = PidfileInvalid ] || fail 'expected another reason'
    head -c 5000 /dev/zero | tr '\0' 1 >"$dir/pid"
    expect unknown 'the pidfile is none: it is larger than 4096 bytes' process --pidfile "$dir/pid"
    expect unknown '~.*' process --pidfile /dev/zero
    expect unknown 'the pidfile cannot be read: is a directory' process --pidfile "$dir"
    mkfifo "$dir/fifo"
    expect_deadline 200 process --pidfile "$dir/fifo"
}

@test "process: without /proc" {
    if grep -q __asan_init "$PROBECTL"; then skip 'the sanitizer needs /proc itself'; fi
    [ "$(id -u)" -eq 0 ] || skip 'needs root, to hide it'
    unshare --mount true 2>/dev/null || skip 'no mount namespace can be made here'
    run_as seen-so
    UNDER=(unshare --mount sh -c 'mount -t tmpfs none /proc || exit 99; exec "$@"' sh)
    probe process -o json --pid "$pid"
    expect_json success "process $pid is alive"
    [ "$(field /warning)" = 'no /proc here tells of it, so it may be a zombie' ] || fail 'expected a warning'
    expect failure '~there is no process .*' process --pid "$(free_pid)"
    expect unknown "there is a process $pid, but no /proc here that tells its name" process --pid "$pid" --name seen-so
    expect unknown 'no process can be found by its name: there is no /proc of this process namespace here' \
        process --name seen-so
}

@test "process: without a right to see others in /proc" {
    [ "$(id -u)" -eq 0 ] || skip 'needs root, to hide them'
    run_as seen-so
    # Before 5.8 the option would be that of every /proc of this machine.
    local major minor
    IFS=. read -r major minor _ < <(uname -r)
    ((major > 5 || (major == 5 && minor >= 8))) || skip 'needs Linux 5.8'
    UNDER=(unshare --mount sh -c 'mount -t proc -o hidepid=2 none /proc || exit 99
        exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"' sh)
    local d=$dir
    while [ "$d" != / ] && [ "$d" != /tmp ]; do
        chmod o+x "$d"
        d=$(dirname "$d")
    done
    "${UNDER[@]}" test -x "$PROBECTL" || skip 'the program is not where everybody can run it, or /proc cannot hide'
    "${UNDER[@]}" test ! -e /proc/1 || skip '/proc cannot hide'
    probe process -o json --pid "$pid"
    expect_json success "process $pid is alive"
    expect unknown '~no process of this name is seen, but /proc hides .*' process --name seen-so
}

@test "process: out of descriptors is unknown" {
    local words='looking through /proc: too many open files'
    run_as seen-so
    # With less than four a shared library could not be loaded.
    UNDER=(prlimit --nofile=4)
    expect unknown "$words" process --name seen-so
    [ "$(field /reason)" = OutOfResources ] || fail 'expected another reason'
    expect unknown "$words" process --name nobody-is-called-so
}

@test "process: out of descriptors before /proc is open is unknown" {
    if grep -q __asan_init "$PROBECTL"; then skip 'the sanitizer needs /proc itself'; fi
    local words='looking through /proc: too many open files' alive
    run_as seen-so
    alive=$pid
    probe_full "$alive" process --pidfile "$dir/fifo"
    expect_json unknown "$words"
    probe_full "$alive" process --pidfile "$dir/fifo" --name nginx
    expect_json unknown "$words"
    probe_full '{"process":{"name":"seen-so"},"timeoutAs":"failure"}' -f "$dir/fifo"
    expect_json unknown "$words"
    [ "$(field /reason)" = OutOfResources ] || fail 'expected another reason'
    make_zombie
    probe_full "$pid" process --pidfile "$dir/fifo"
    expect_json unknown "$words"
    # What a signal cannot find is not there in any case.
    probe_full "$(free_pid)" process --pidfile "$dir/fifo"
    expect_json failure '~there is no process [0-9]+'
}

@test "process: by spec" {
    run_as by-spec
    probe -o json -f "{\"process\":{\"pid\":$pid,\"name\":\"by-spec\"}}"
    expect_json success "process $pid is alive"
    echo "$pid" >"$dir/pid"
    probe -o json -f "{\"process\":{\"pidfile\":\"$dir/pid\",\"name\":\"other\"}}"
    expect_json failure "process $pid is by-spec, not other"
    probe -o json -f '{"process":{"name":"nobody-is-called-so"}}'
    expect_json failure 'there is no process nobody-is-called-so'
    same_as_flags "{\"process\":{\"pid\":$pid,\"name\":\"by-spec\"}}" process --pid "$pid" --name by-spec
    is_status 0
    same_as_flags '{"process":{"name":"nobody-is-called-so"}}' process --name nobody-is-called-so
    is_status 1
    same_as_flags "{\"process\":{\"pidfile\":\"$dir/pid\",\"name\":\"other\"}}" process --pidfile "$dir/pid" --name other
    is_status 1
    same_as_flags "{\"process\":{\"pidfile\":\"$dir/absent\"}}" process --pidfile "$dir/absent"
    is_status 1
}

@test "process: wrong usage" {
    local rule='give --pid N, --pidfile PATH or --name NAME'
    expect_usage "process: no process: $rule" process
    expect_usage "process: --pid and --pidfile exclude each other: $rule" process --pid 1 --pidfile x
    expect_usage "process: --name is empty: $rule" process --name ''
    expect_usage "process: --pidfile is empty: $rule" process --pidfile ''
    local n
    for n in 0 -1 x 4194305 99999999999999999999; do
        expect_usage "--pid '$n' is not a whole number from 1 to 4194304" process --pid "$n"
    done
    expect_usage "process: '12' is too much: usage: probectl process [options] (--pid N | --pidfile PATH | --name NAME)" \
        process 12
    expect_usage '.process.pid: is a string, not a number' -f '{"process":{"pid":"12"}}'
}
