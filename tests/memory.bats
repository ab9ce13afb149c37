#!/usr/bin/env bats
# No verdict comes of memory that runs out: it is the right one, or unknown.

load helper

setup_file() {
    is_dynamic || return 0
    start_server answer_server "$BATS_FILE_TMPDIR/log"
    export PONG=127.0.0.1:$PONG_PORT
    "${CC:-cc}" -shared -fPIC -o "$BATS_FILE_TMPDIR/no_memory.so" "$TESTS/fixtures/no_memory.c" -ldl
}

teardown_file() { stop_servers; }

is_dynamic() { grep -q 'ld-linux\|ld-musl' "$PROBECTL" && ! grep -q __asan_init "$PROBECTL"; }

setup() {
    if grep -q __asan_init "$PROBECTL"; then skip 'built with a sanitizer'; fi
    is_dynamic || skip 'a static program'
    f=$BATS_TEST_TMPDIR/f
    echo '{"status":"UP","text":"a/b"}' >"$f"
}

# short_of_memory VERDICT ARGS... - the verdict without it, and that or unknown with each of the first allocations
# failing in turn. Which those are is up to the libraries; all that is said goes to $said.
short_of_memory() {
    local -
    set +T
    fail_at_each "$@"
}

fail_at_each() {
    local verdict=$1 right n
    right=${EXIT_OF[$1]}
    shift
    probe "$@"
    is_status "$right"
    said=$BATS_TEST_TMPDIR/said
    : >"$said"
    for ((n = 1; n <= 60; n++)); do
        status=0
        FAIL_AT=$n LD_PRELOAD=$BATS_FILE_TMPDIR/no_memory.so "$PROBECTL" "$@" </dev/null >>"$said" 2>&1 3>&- || status=$?
        [ "$status" -eq 2 ] || [ "$status" -eq "$right" ] ||
            fail "expected $verdict or unknown without allocation $n, got: $(tail -n 1 "$said")"
    done
}

tells() { grep -q -F -e "$1" "$said" || fail "expected to be told: $1"; }

@test "memory: out of it, a file" {
    short_of_memory success file --json /status=UP --json /text=a/b --max-age 1h "$f"
    tells 'probectl: --json out of memory'
    short_of_memory failure file --json /status=DOWN "$f"
    short_of_memory failure file --contains root "$f"
    tells ': its content cannot be read: out of memory'
    tells ': telling what is not as expected: out of memory'
    short_of_memory failure file -o json --not-contains UP "$f"
    tells '"reason":"OutOfResources","message":"its content cannot be read: out of memory"'
    short_of_memory success file -v --regex UP "$f"
}

@test "memory: out of it, a spec" {
    local of='{"file":{"path":"'$f'"},"expect":{"json":{"/status"'
    short_of_memory success -f "$of:\"UP\"}}}"
    short_of_memory failure -f "$of:\"DOWN\"}}}"
}

@test "memory: out of it, a command" {
    short_of_memory success exec --json /status=UP -- cat "$f"
    short_of_memory failure exec --not-contains UP -- cat "$f"
    short_of_memory failure exec -- sh -c 'echo no; exit 3'
}

@test "memory: out of it, a process" {
    echo $$ >"$f"
    short_of_memory success process --pidfile "$f"
    short_of_memory failure process --pidfile "$f" --name nobody-is-called-so
    short_of_memory failure process --name nobody-is-called-so
}

@test "memory: out of it, a conversation" {
    short_of_memory success tcp --send 'PING\r\n' --expect '+PONG' --contains PONG "$PONG"
    short_of_memory failure tcp --send 'PING\r\n' --expect '+PONG' --not-contains PONG "$PONG"
    tells ': keeping the answer: out of memory'
}

@test "memory: out of it, a URL" {
    short_of_memory failure http --unix-socket "$f.absent" http://user:password@localhost/path
    tells ': preparing the request: out of memory'
}
