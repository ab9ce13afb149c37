# shellcheck shell=bash
# What every .bats file loads: running the program, judging what it did, servers to probe.
#
#   probe ARGS...                     run it; sets status, output, stderr, elapsed (ms)
#   expect VERDICT MESSAGE ARGS...    run it as text and as JSON and judge both
#   expect_usage MESSAGE ARGS...      wrong usage: that one line, exit 2, nothing printed
#   probe_full CONTENT ARGS...        run it as JSON, with no descriptor left: CONTENT is what it reads from its FIFO
#   expect_deadline MS ARGS...        the deadline passes, in either format
#   parse_json, field POINTER, ...    what the last JSON output says: see json.bash
#   same_as_flags SPEC ARGS...        the JSON and the exit status are the same by SPEC and by ARGS, but for the times
#   start_server NAME ARGS...         exports the ports that it tells; stop_servers ends all
#   wait_until COMMAND...             polls, 10 s at most

TESTS=$BATS_TEST_DIRNAME
# shellcheck source-path=SCRIPTDIR source=json.bash
. "$TESTS/json.bash"

PROBECTL=$(realpath -m -- "${PROBECTL:-$TESTS/../build/probectl}")
export PROBECTL
[ -x "$PROBECTL" ] || {
    echo "there is no program at $PROBECTL: make builds it" >&2
    exit 1
}

# The interpreter itself: what stands in PATH may be a slow script that looks for it.
export PYTHON=${PYTHON:-$(python3 -c 'import sys; print(sys.executable)')}

# The verdict must not depend on these; the tests that show it set them themselves.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
unset NO_COLOR TERM
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

# Slack beyond the deadline, for a machine that has more to do than this. How near the program comes
# to the 50 ms of its promise is measured by bench/deadline.
SLACK_MS=1000

# Command words before the program's name: entering a namespace, dropping a right.
UNDER=()

fail() {
    {
        printf '%s\n' "$*"
        printf 'command: %s\n' "${COMMAND[*]@Q}"
        printf 'status:  %s (%s ms)\n' "${status-}" "${elapsed-}"
        printf 'stdout:  %s\n' "${output-}"
        printf 'stderr:  %s\n' "${stderr-}"
    } >&2
    return 1
}

now_ms() {
    local us=${EPOCHREALTIME/[.,]/}
    printf '%s' $((us / 1000))
}

# Bats notes where it is before each command that a test runs, which takes longer than the most of them do. A
# function that does much begins so, and of what it calls Bats notes nothing: its caller's line is what one looks for.
#
#     local -
#     set +T

# wait_until COMMAND... - polls.
wait_until() {
    local -
    set +T
    poll_until "$@"
}

poll_until() {
    local end=$((SECONDS + 10))
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.02
    done
}

# --- running the program --------------------------------------------------------------------------

# Has glibc overwrite freed memory, so that nobody gets by with reading it: not a library either, which the sanitizers
# do not see into.
OVERWRITE=glibc.malloc.perturb=165:glibc.malloc.tcache_count=0

# The bytes are in $out and $err; output and stderr are what a shell's $() makes of them. Standard
# input is empty, or the file named by $stdin. timeout(1) is for a program that hangs: the test fails
# and the suite goes on.
probe() {
    local -
    set +T
    run_probe "$@"
}

run_probe() {
    out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
    COMMAND=(probectl "$@")
    local started=${EPOCHREALTIME/[.,]/}
    status=0
    GLIBC_TUNABLES=$OVERWRITE PIDS=${PIDS-} timeout --foreground --kill-after=1 20 "${UNDER[@]}" "$PROBECTL" "$@" \
        <"${stdin:-/dev/null}" >"$out" 2>"$err" 3>&- || status=$?
    elapsed=$(((${EPOCHREALTIME/[.,]/} - started) / 1000))
    [ -z "${TOOK-}" ] || read -r elapsed <"$TOOK"
    read_output
}

# run_with MODE - the probes that come run under run_with.py, whose own start is not their time.
run_with() {
    UNDER=("$PYTHON" -IS "$TESTS/run_with.py" "$1")
    export TOOK=$BATS_TEST_TMPDIR/took
}

# probe_full CONTENT ARGS... - as JSON, so that it can open nothing more once it has opened the FIFO that it reads
# CONTENT from, $BATS_TEST_TMPDIR/fifo. With that limit from its start a shared library could not be loaded.
probe_full() {
    local content=$1 fifo=$BATS_TEST_TMPDIR/fifo run
    shift
    out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err COMMAND=(probectl "$@" -o json) status=0
    [ -p "$fifo" ] || mkfifo "$fifo"
    "$PROBECTL" "$@" -o json -t 10s </dev/null >"$out" 2>"$err" 3>&- &
    run=$!
    # Waits until it is open at the other end.
    exec 9>"$fifo"
    prlimit --pid "$run" --nofile=3
    printf '%s\n' "$content" >&9
    exec 9>&-
    wait "$run" || status=$?
    read_output
}

read_output() {
    read_whole output "$out"
    read_whole stderr "$err"
}

# read_whole VARIABLE FILE - as $() does it, without a process: no NUL, and no newline at the end.
read_whole() {
    local part whole=
    while IFS= read -r -d '' part; do whole+=$part; done <"$2"
    whole+=$part
    printf -v "$1" '%s' "${whole%"${whole##*[!$'\n']}"}"
}

# A program that was built without TLS takes part in all but TLS.
has_tls() { [[ $("$PROBECTL" --version) == *OpenSSL* ]]; }

is_static() { ! grep -q 'ld-linux\|ld-musl' "$PROBECTL"; }

# By the verdict's word.
declare -gA EXIT_OF=([success]=0 [failure]=1 [unknown]=2)

is_status() { [ "$status" -eq "$1" ] || fail "expected exit status $1"; }
is_output() { [ "$output" = "$1" ] || fail "expected stdout: $1"; }
is_stderr() { [ "$stderr" = "$1" ] || fail "expected stderr: $1"; }
output_matches() { [[ $output =~ $1 ]] || fail "expected stdout to match: $1"; }
within() { ((elapsed <= $1)) || fail "expected an end within $1 ms"; }
at_least() { ((elapsed >= $1)) || fail "expected an end after no less than $1 ms"; }

# One line, fit for a terminal and for the smallest of the logs.
is_verdict_line() {
    local LC_ALL=C line
    if IFS= read -r -d '' line <"$out"; then fail 'expected no NUL'; fi
    [[ $line == *$'\n' && ${line%$'\n'} != *$'\n'* ]] || fail 'expected one line'
    [ "${#line}" -lt 500 ] || fail 'expected less than 500 bytes'
    [[ ${line%$'\n'} != *[[:cntrl:]]* ]] || fail 'expected no control character'
    [ -z "$stderr" ] || fail 'expected nothing on stderr'
}

# A message is compared as it stands, or as a regular expression when it begins with a tilde.
message_is() {
    case $2 in
        '~'*) [[ $1 =~ ^${2#\~}$ ]] || fail "expected message to match: $2, not: $1" ;;
        *) [ "$1" = "$2" ] || fail "expected message: $2, not: $1" ;;
    esac
}

# expect_text and expect_json judge the last run by the verdict and the message.
expect_text() {
    local -
    set +T
    judge_text "$@"
}

judge_text() {
    is_status "${EXIT_OF[$1]}"
    is_verdict_line
    [[ $output =~ ^$1:\ ([a-z]+)\ (.*)$ ]] || fail "expected stdout to begin: $1:"
    # What stands between the verdict and the message is the target, which JSON tells apart.
    local rest=${BASH_REMATCH[2]}
    [[ $rest =~ ^(.*)\ \([0-9.]+\ m?s\)$ ]] && rest=${BASH_REMATCH[1]}
    case $2 in
        '~'*) [[ $rest =~ ^.*:\ ${2#\~}$ ]] || fail "expected message to match: $2" ;;
        *) [[ $rest == *": $2" ]] || fail "expected message: $2" ;;
    esac
}

expect_json() {
    local -
    set +T
    judge_json "$@"
}

judge_json() {
    is_status "${EXIT_OF[$1]}"
    [ -z "$stderr" ] || fail 'expected nothing on stderr'
    parse_json
    [ "${MEMBERS[/result]}" = "$1" ] || fail "expected result $1"
    message_is "${MEMBERS[/message]}" "$2"
}

expect() {
    local -
    set +T
    expect_both "$@"
}

expect_both() {
    local verdict=$1 message=$2
    shift 2
    probe "$@"
    expect_text "$verdict" "$message"
    # Before the other arguments, for what follows an exec probe's command is the command's.
    probe "$1" -o json "${@:2}"
    expect_json "$verdict" "$message"
}

# beside COMMAND... - runs a judgement beside the ones that follow; join waits for it and fails if it
# failed. For what takes its time because it waits.
beside() {
    mkdir -p "$BATS_TEST_TMPDIR/beside"
    in_own_directory "$@" >"$BATS_TEST_TMPDIR/beside.log" 2>&1 3>&- &
    BESIDE=$!
}

in_own_directory() {
    local BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/beside
    "$@"
}

join() {
    wait "$BESIDE" || {
        cat "$BATS_TEST_TMPDIR/beside.log" >&2
        return 1
    }
}

# expect_deadline MS ARGS... - the deadline passes: that is unknown, and not a moment before or much
# after.
expect_deadline() {
    beside expect_deadline_as json "$@"
    expect_deadline_as text "$@"
    join
}

expect_deadline_as() {
    local format=$1 timeout=$2
    probe "$3" -o "$format" -t "${timeout}ms" "${@:4}"
    "expect_$format" unknown '~no answer within .*'
    at_least "$timeout"
    within $((timeout + SLACK_MS))
    if [ "$format" = json ]; then
        [ "${MEMBERS[/timeoutMs]}" = "$timeout" ] || fail "expected a timeoutMs of $timeout"
        reason_is Timeout
    fi
}

expect_usage() {
    local -
    set +T
    judge_usage "$@"
}

judge_usage() {
    local message=$1
    shift
    probe "$@"
    is_status 2
    is_output ''
    [[ -n $stderr && $stderr != *$'\n'* ]] || fail 'expected one line on stderr'
    message_is "${stderr#probectl: }" "$message"
    [[ $stderr == "probectl: "* ]] || fail 'expected the name of the program first'
}

but_times() {
    sed -E '/^\/(durationMs|timings\/.*|.*\/ms|file\/ageSeconds)=|=[Dd]ate: /d
        s/(took|after|modified) [0-9][0-9a-z. ]* (ms|ago)/\1 \2/g' <<<"$JSON"
}

same_as_flags() {
    local by_spec by_flags
    probe -f "$1" -o json
    parse_json
    by_spec="$status $(but_times)"
    probe "$2" -o json "${@:3}"
    parse_json
    by_flags="$status $(but_times)"
    [ "$by_spec" = "$by_flags" ] || fail "by the spec $1: $by_spec"$'\n'"by flags: $by_flags"
}

# Sets NAMES and KEYS, every probe and its member in JSON as messages list them: http, tcp or exec.
name_probes() {
    NAMES=$("$PROBECTL" --list-options | cut -f1 |
        awk 'length > length(all) { all = $0 } END { print all }' | sed 's/\(.*\),/\1 or /; s/,/, /g')
    KEYS=${NAMES/http/httpGet}
    KEYS=${KEYS/tcp/tcpSocket}
}

# --- processes ------------------------------------------------------------------------------------

# A command that is to be judged by what it leaves behind notes its pids in $PIDS. The variable is in
# the environment of the program alone, and so of everything that it starts: a process that noted
# nothing is found too.
watch_processes() {
    PIDS=$BATS_TEST_TMPDIR/pids
    : >"$PIDS"
}

noted() { [ "$(wc -l <"$PIDS")" -ge "${1:-1}" ]; }

left_behind() {
    local pid
    while read -r pid; do
        [ ! -e "/proc/$pid" ] || echo "$pid"
    done <"$PIDS"
    # Of a process that ends while we look, nothing can be read: it is not left behind.
    grep -lsz -- "^PIDS=$PIDS$" /proc/[0-9]*/environ
}

# Nothing is left of $1 processes or more. The next run starts from none.
all_gone() {
    noted "${1:-1}" || fail "expected the command to have started ${1:-1} processes or more"
    local left
    left=$(left_behind | sort -u) || true
    [ -z "$left" ] || fail "expected no process to be left: $left"
    : >"$PIDS"
}

# --- completions ----------------------------------------------------------------------------------

# The completions ask the program for its table, by the name that is being completed.
put_in_path() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    ln -s "$PROBECTL" "$BATS_TEST_TMPDIR/bin/probectl"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

# What each shell offers after a line, a word each, sorted.
complete_bash() { "$TESTS/complete.bash" "$TESTS/../completions/probectl.bash" "$1"; }
complete_zsh() { timeout 20 zsh "$TESTS/complete.zsh" "$TESTS/../completions" "$1" "$BATS_FILE_TMPDIR/zcompdump"; }
complete_fish() {
    HOME=$BATS_TEST_TMPDIR fish -c 'source $argv[1]; complete -C $argv[2]' \
        "$TESTS/../completions/probectl.fish" "$1" | cut -f1 | sort -u
}

# --- servers --------------------------------------------------------------------------------------

# start_server NAME [ARGS...] - runs NAME.py of servers/, under the command in $SERVER_UNDER if any.
start_server() {
    local name=$1 dir=$BATS_FILE_TMPDIR/servers words word
    shift
    mkdir -p "$dir"
    rm -f "$dir/$name.ready"
    # Bats waits for the end of its own descriptor 3.
    # Python's -S: it looks for no packages but its own.
    ${SERVER_UNDER-} "$PYTHON" -S "$TESTS/servers/$name.py" "$@" \
        </dev/null >"$dir/$name.ready" 2>"$dir/$name.err" 3>&- &
    echo $! >"$dir/$name.pid"
    if ! wait_until read_ready "$dir/$name.ready"; then
        echo "server $name did not start: $(cat "$dir/$name.err")" >&2
        return 1
    fi
    for word in "${words[@]:1}"; do
        export "${word?}"
    done
}

# Sets the words of a server's one line, which is whole when its end is there.
read_ready() { { read -ra words <"$1"; } 2>/dev/null && [ "${words[0]}" = ready ]; }

stop_servers() {
    local file pid
    for file in "$BATS_FILE_TMPDIR"/servers/*.pid; do
        [ -e "$file" ] || return 0
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

start_http_server() {
    local cert=$BATS_FILE_TMPDIR/cert.pem key=$BATS_FILE_TMPDIR/key.pem
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 \
        -subj /CN=localhost -keyout "$key" -out "$cert" 2>/dev/null
    start_server http_server "$BATS_FILE_TMPDIR/requests" "$cert" "$key"
    export HTTP=127.0.0.1:$HTTP_PORT
}

start_tcp_server() {
    start_server tcp_server "$BATS_FILE_TMPDIR/connections"
}

# A network namespace with a name server of its own; in_netns makes the probes of a test run there.
start_netns() {
    "$TESTS/servers/netns.sh" "$BATS_FILE_TMPDIR" true 2>/dev/null || return 0
    mkdir -p "$BATS_FILE_TMPDIR/etc"
    SERVER_UNDER="$TESTS/servers/netns.sh $BATS_FILE_TMPDIR/etc" \
        start_server dns_server "$BATS_FILE_TMPDIR/questions"
}

in_netns() {
    [ -n "${NETNS_PID-}" ] || skip 'no network namespace can be made here'
    UNDER=(nsenter --net --mount --target "$NETNS_PID")
    [ "$(id -u)" -eq 0 ] || UNDER+=(--user --preserve-credentials)
}

# A router within it that forbids 2001:db8::/64.
need_router() {
    "${UNDER[@]}" ip -6 rule show 2>/dev/null | grep -q ' iif far ' || skip 'no IPv6 router can be made here'
}

need_ipv6() {
    grep -qs '^0\{31\}1' /proc/net/if_inet6 || skip 'this machine has no ::1'
}

# The last request that the HTTP server got, without carriage returns.
last_request() {
    tr -d '\r' <"$REQUESTS"
}

forget_requests() { : >"$REQUESTS"; }
asked() { grep -q -- "$1" "$REQUESTS"; }
