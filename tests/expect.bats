#!/usr/bin/env bats
# What an answer must be: the expectations, on each probe that sees bytes. The conversations of tcp
# and udp, which read until they hold, are in talk.bats and udp.bats.

# shellcheck disable=SC2088 # a tilde begins a pattern, and a JSON pointer is no path
load helper

setup_file() {
    start_server answer_server "$BATS_FILE_TMPDIR/log"
    start_server raw_grpc_server "$BATS_FILE_TMPDIR/raw"
    export S=127.0.0.1:$HTTP_PORT
}
teardown_file() { stop_servers; }

failed() {
    local n
    n=$(grep -c '^/[a-z]*/failedExpectations/[0-9]*/expectation=' <<<"$JSON") || true
    [ "$n" -eq "$#" ] || fail "expected $# failed expectations: $JSON"
    for ((n = 0; $# > 0; n++)); do
        grep -q "^/[a-z]*/failedExpectations/$n/expectation=$1\$" <<<"$JSON" || fail "expected $1 to have failed: $JSON"
        shift
    done
}

# Of each expectation that failed: its name, what was wanted and the message, and no others.
failed_so() {
    local at n wanted='' got
    at=/$(field /probe)/failedExpectations
    for ((n = 0; $# > 0; n++)); do
        wanted+="$at/$n/expectation=$1"$'\n'"$at/$n/wanted=$2"$'\n'"$at/$n/message=$3"$'\n'
        shift 3
    done
    got=$(grep "^$at/" <<<"$JSON") || true
    [ "$got"$'\n' = "$wanted" ] || fail "expected to have failed: $wanted"
}

reason_is() { [ "$(field /reason)" = "$1" ] || fail "expected the reason $1"; }

@test "expect: contains" {
    expect success '200 Status' http --contains '"status": "UP"' "$S/actuator/health"
    expect failure "the body does not contain 'Welcome'; the body is '<html><title>Log in</title></html>'" \
        http --contains Welcome "$S/login"
    reason_is ExpectationFailed
    failed contains
    expect success '~.*' http --contains Log --contains in "$S/login"
    expect failure "~the body does not contain 'A'; the body does not contain 'B'; the body is .*" \
        http --contains A --contains B --contains Log "$S/login"
    failed contains contains
    # Letters' case counts, and it is no pattern.
    expect failure '~.*' http --contains log "$S/login"
    expect failure '~.*' http --contains 'L.g' "$S/login"
}

@test "expect: not contains" {
    expect success '~.*' http --not-contains ERROR "$S/login"
    expect failure "the body contains 'Log': '<html><title>Log in</title></html>'" http --not-contains Log "$S/login"
    failed notContains
    expect failure "~the body contains 'DOWN': '.*DOWN.*'" http --not-contains DOWN --contains UP "$S/actuator/health"
}

@test "expect: regex" {
    expect success '~.*' http --regex '^<html>.*</html>$' "$S/login"
    # Lines, as grep has them.
    expect success '~.*' http --regex '^ready: (yes|no)$' --regex '^last$' "$S/lines"
    expect failure '~.*' http --regex 'first.*last' "$S/lines"
    expect failure "~the body does not match '\^no\\$'; the body is 'first.*" http --regex '^no$' "$S/lines"
    failed regex
    expect success '~.*' http --regex '^$' "$S/empty"
    expect failure "the body does not match '.'; the body is empty" http --regex . "$S/empty"
    expect success '~.*' http --regex '[[:upper:]]og|x{2,3}' "$S/login"
}

@test "expect: a regex that is none, or too large" {
    local big='is too large: 400 characters at most with every {n} written out, and no count over 255'
    expect_usage_of() {
        probe http --regex "$1" :1
        is_status 2
        is_output ''
        [[ $stderr == "probectl: --regex $2"* ]] || fail "expected stderr to begin: probectl: --regex $2"
    }
    expect_usage_of 'a[' "'a[' is not a POSIX extended regular expression: "
    expect_usage_of '(a' "'(a' is not a POSIX extended regular expression: "
    expect_usage_of 'a{2,1}' "'a{2,1}' is not a POSIX extended regular expression: "
    expect_usage_of '' 'is empty: '
    expect_usage_of 'a{256}' "'a{256}' $big"
    expect_usage_of '(a?){200}{3}' "'(a?){200}{3}' $big"
    expect_usage_of '((a{10}){10}){10}' "'((a{10}){10}){10}' $big"
    expect_usage_of "$(printf '(%.0s' {1..100})" "'((((("
    expect_usage_of "$(printf 'a%.0s' {1..1100})" "'aaaaa"
    expect_usage ".expect.regex[1]: 'b[' is not a POSIX extended regular expression: $(regex_error)" \
        -f '{"httpGet":{"port":1},"expect":{"regex":["a","b["]}}'
}

regex_error() {
    probe http --regex 'b[' :1
    printf '%s' "${stderr##*: }"
}

@test "expect: a regex that does not come to an end is no way past the deadline" {
    # Some C libraries know no back-references, some run out of the memory that they may have.
    probe http -t 400ms --regex '(a*)(a*)(a*)(a*)(a*)\1\2\3b' "$S/as"
    within $((400 + SLACK_MS))
    [ "$status" -ne 0 ] || fail 'expected no success'
    [[ $status -ne 1 || $output == *'does not match'* ]] || fail 'expected no other failure'
    probe exec -t 400ms --regex '(a|b)*a(a|b){14}x' -- sh -c 'head -c 200000 /dev/urandom | tr -dc ab'
    [ "$status" -ne 0 ] || fail 'expected no success'
    # What has failed already is failure whatever the pattern does.
    probe http -t 400ms --regex '(a*)(a*)(a*)(a*)(a*)\1\2\3b' --contains x "$S/as"
    is_status 1
    output_matches "the body does not contain 'x'"
}

@test "expect: json that takes its time to compare is no way past the deadline" {
    local dir=$BATS_TEST_TMPDIR
    # Members in another order are looked for one by one.
    "$PYTHON" -ISc 'import json, sys
members = [str(i) for i in range(20000)]
path = sys.argv[1]
open(path + "/body", "w").write(json.dumps(dict.fromkeys(reversed(members), 1)))
wanted = {"": dict.fromkeys(members, 1)}
open(path + "/spec", "w").write(json.dumps(
    {"file": {"path": path + "/body", "bodyLimit": "1MiB", "json": wanted}, "timeout": "400ms"}))
open(path + "/list", "w").write(json.dumps([1] * 340000))
pairs = {f"/{i}": 1 for i in range(256)}
open(path + "/pairs", "w").write(json.dumps(
    {"file": {"path": path + "/list", "bodyLimit": "1MiB", "json": pairs}, "timeout": "400ms"}))' "$dir"
    probe -f "$dir/spec"
    expect_text unknown "no answer within 400ms: 'the JSON' is still being compared"
    within $((400 + SLACK_MS))
    probe -f "$dir/pairs" -o json
    expect_json unknown "~no answer within 400ms: '/[0-9]+' is still being (looked for|compared)"
    within $((400 + SLACK_MS))
}

@test "expect: json values" {
    expect success '~.*' http --json /status=UP --json /components/db/status=UP "$S/actuator/health"
    expect success '~.*' http --json /number=3 --json '/text="3"' --json /float=1.5 --json /true=true \
        --json /none=null --json '/list=[1,[2],{"a":"b"}]' --json '/object={"b":[true],"a":1}' "$S/data"
    expect success '~.*' http --json /list/0=1 --json /list/1/0=2 --json /list/2/a=b --json /object/b/0=true "$S/data"
    expect success '~.*' http --json '/a~1b=slash' --json '/m~0n=tilde' --json '/~01=escaped' --json '/=nameless' \
        --json /empty= --json '/ünï=ö' --json '/quote"="\\"' "$S/data"
    expect success '~.*' http --json '={"status": "UP", "components":{"db":{"status":"UP"},"disk":{"status":"DOWN"}}}' \
        "$S/actuator/health"
}

@test "expect: json that differs" {
    expect failure '~/status is .*DOWN.*, not .*UP.*' exec --json /status=UP -- echo '{"status":"DOWN"}'
    failed json
    [ "$(field /exec/failedExpectations/0/wanted)" = '/status=\"UP\"' ] || fail 'expected what was wanted'
    expect failure '/number is 3, not 4' http --json /number=4 "$S/data"
    expect failure '~/number is the number 3, not the string .*3.*' http --json '/number="3"' "$S/data"
    expect failure '~/text is the string .*3.*, not the number 3' http --json /text=3 "$S/data"
    expect failure '/true is true, not false' http --json /true=false "$S/data"
    expect failure '~/none is null, not the string .*x.*' http --json /none=x "$S/data"
    expect failure '/object/b is the array [true], not the boolean true' http --json /object/b=true "$S/data"
    expect failure '/list/0 is 1, not 2; /list/1/0 is 2, not 1' http --json /list/0=2 --json /list/1/0=1 "$S/data"
    failed json json
}

@test "expect: json that is not there" {
    expect failure "~/state is not there; the body is '.*" http --json /state=UP "$S/actuator/health"
    local pointer
    for pointer in /status/x /list/3 /list/01 /list/- /list/a /list/99999999999999999999 /object/b/0/0 //; do
        expect failure "~$pointer is not there; .*" http --json "$pointer=1" "$S/data"
    done
}

# same VALUE JSON, differs VALUE JSON - whether a value, as an option and in a spec, is what a command prints.
same() {
    expect success '~.*' exec --json "/a=$1" -- printf %s "{\"a\":$2}"
    local s='{"exec":{"command":["cat","'$BATS_TEST_TMPDIR'/json"]},"expect":{"json":{"/a":'$1'}}}'
    printf '{"a":%s}' "$2" >"$BATS_TEST_TMPDIR/json"
    probe -f "$s"
    expect_text success '~.*'
}
differs() {
    probe exec --json "/a=$1" -- printf %s "{\"a\":$2}"
    expect_text failure "/a is $2, not $1"
    local s='{"exec":{"command":["cat","'$BATS_TEST_TMPDIR'/json"]},"expect":{"json":{"/a":'$1'}}}'
    printf '{"a":%s}' "$2" >"$BATS_TEST_TMPDIR/json"
    probe -f "$s"
    expect_text failure "/a is $2, not $1"
}

@test "expect: json numbers are compared by their value, to the last digit" {
    local n
    for n in 1 1.0 10e-1 0.1e1 0.01E+2 1e0 100.00e-02; do same 1 "$n"; done
    for n in 100 1e2 1E+2 0.1e3 1000e-1; do same 100 "$n"; done
    for n in 0 -0 0.0 0e5 -0e-99999999999999999999; do same 0 "$n"; done
    same -0.5 -5e-1
    same 100200.003 1002.00003e2
    same 1e99999999999999999999 1e99999999999999999999
    same 9007199254740993 9007199254740993.0
    differs 9007199254740993 9007199254740992
    differs 12345678901234567890 12345678901234567999
    differs 0.1 0.10000000000000002
    differs 1e999 1e998
    differs 1e99999999999999999999 1e99999999999999999998
    differs 1 -1
    differs 0 0.5
    differs 5 50
    differs 0.5 0.05
    differs 101 1001
    differs 12 1.2
    differs 1 12
}

@test "expect: json objects, arrays and strings that are written otherwise" {
    same '{"a":1,"b":[2,{}]}' ' { "b" : [ 2 , { } ] , "a" : 1.0 } '
    same '{"\u00e9":"\u00e9\ud83d\ude00/"}' '{"é":"é😀\/"}'
    same '"\n\t\"\\"' '"\u000a\u0009\u0022\u005C"'
    differs '[1,2]' '[1]'
    differs '[1,2]' '[2,1]'
    differs '[]' '[[]]'
    differs '{"a":1}' '{"a":1,"b":2}'
    differs '{"a":1,"b":2}' '{"a":1}'
    differs '{"a":1,"b":2}' '{"a":1,"a":1}'
    differs '{"a":1,"a":1}' '{"a":1,"b":2}'
    differs '{"a":1,"b":2}' '{"b":1,"a":2}'
    differs '"ab"' '"a"'
    differs '"a"' '"ab"'
}

@test "expect: json with \\u0000" {
    expect success '~.*' exec --json '/a="x\u0000y"' -- printf %s '{"a":"x\u0000y"}'
    local found
    for found in '"x"' '"x\u0000"' '"x\u0000z"' '"x\ufffdy"'; do
        probe exec --json '/a="x\u0000y"' -- printf %s "{\"a\":$found}"
        expect_text failure "/a is $found, not \"x\\u0000y\""
    done
    expect success '~.*' exec --json '/a=2' -- printf %s '{"a\u0000":1,"a":2}'
}

@test "expect: what is not JSON" {
    expect failure "the body is not JSON from byte 1 on, so there is no /status; no /a; the body is '<html><title>Log in</title></html>'" \
        http --json /status=UP --json /a=b "$S/login"
    failed json json
    expect failure 'the body is not JSON, so there is no /a; the body is empty' http --json /a=b "$S/empty"
    expect failure '~the body is not JSON, it ends too early, so .*' http --json /status=UP "$S/half-json"
    expect failure '~the body is not JSON from byte 18 on, so .*' http --json /status=UP "$S/two-json"
    expect failure '~the body is not JSON from byte 6 on, so .*' http --json /a=1 "$S/nul-json"
    expect failure '~the body is not JSON.*' http --json /a=1 --body-limit 1M "$S/deep"
    expect success '~.*' http --json /400000=0 --body-limit 1M "$S/many"
    expect failure '~the JSON is the array \[0,0,0,[0,]*\.\.\., not the number 0' http --json =0 --body-limit 1M "$S/many"
    # \u0000 does not end a string.
    expect failure '~/a is .*DOWN.*' http --json /a=UP "$S/zero"
    expect success '~.*' http --json '/b=\u0000' "$S/zero" --json '/b="\\u0000"'
}

@test "expect: headers" {
    expect success '~.*' http --header-contains 'Content-Type: json' --header-contains 'content-type:actuator' \
        --header-contains 'X-Two: one' --header-contains 'X-Two: two' --header-contains 'X-Secret:' "$S/actuator/health"
    expect failure "the header Content-Type does not contain 'html': it is 'application/json'; there is no header X-Absent" \
        http --header-contains 'Content-Type: html' --header-contains 'X-Absent: 1' "$S/data"
    failed_so headerContains 'Content-Type: html' "the header Content-Type does not contain 'html': it is 'application/json'" \
        headerContains X-Absent 'there is no header X-Absent'
    # A value that may be a secret is not shown, nor what was looked for in it.
    expect failure 'the header X-Secret does not contain the text (its 9 bytes are not shown)' \
        http --header-contains 'X-Secret: other-secret' "$S/data"
    failed_so headerContains X-Secret 'the header X-Secret does not contain the text (its 9 bytes are not shown)'
    if grep -q -e hush -e other-secret "$out"; then fail 'a secret was told'; fi
}

# seeing PROBE - sets ARGS, with which that probe sees [12,34]; WHAT, what its messages call that; THEN, with which a failure
# ends that more bytes could have mended.
seeing() {
    THEN=''
    case $1 in
        http) WHAT='the body' ARGS=("$S/list") ;;
        exec) WHAT='the output' ARGS=(-- printf %s '[12,34]') ;;
        file) WHAT='the content' ARGS=("$BATS_TEST_TMPDIR/list") && printf %s '[12,34]' >"${ARGS[0]}" ;;
        tcp) WHAT='the answer' ARGS=("127.0.0.1:$LIST_PORT") THEN='; then the peer closed the connection' ;;
        udp)
            WHAT='the reply' ARGS=(-t 300ms --send '[12,34]' "127.0.0.1:$ECHO_PORT")
            THEN='; no better reply came before the deadline'
            ;;
    esac
}

# Each row: an expectation's flag and name in JSON; a value that holds, one that does not and how JSON tells it; the
# message, and what it ends with.
alone_and_together() {
    local name flag kind good bad wanted message rest
    for name; do
        seeing "$name"
        while IFS='|' read -r flag kind good bad wanted message rest; do
            message=${message//WHAT/$WHAT} rest=${rest//WHAT/$WHAT}
            # What must not be there ends a conversation at once.
            [ "$name $flag" = 'tcp --not-contains' ] || rest+=$THEN
            probe "$name" "$flag" "$good" "${ARGS[@]}"
            is_status 0
            probe "$name" -o json "$flag" "$bad" "${ARGS[@]}"
            expect_json failure "$message$rest"
            reason_is ExpectationFailed
            failed_so "$kind" "$wanted" "$message"
        done <<'ROWS'
--contains|contains|12,|56|56|WHAT does not contain '56'|; WHAT is '[12,34]'
--not-contains|notContains|56|34|34|WHAT contains '34': '[12,34]'|
--regex|regex|^.12,|^12|^12|WHAT does not match '^12'|; WHAT is '[12,34]'
--json|json|/1=34|/1=35|/1=35|/1 is 34, not 35|
ROWS
        [ "$name" != tcp ] || THEN=''
        probe "$name" --contains 12 --contains 34 --not-contains 56 --regex '^.12' --regex '34.$' --json /0=12 \
            --json /1=34 --max-latency 10s "${ARGS[@]}"
        is_status 0
        expect failure "$WHAT does not contain '56'; $WHAT contains '34': '[12,34]'; /1 is 34, not 35; $WHAT does not \
match '^12'; $WHAT is '[12,34]'$THEN" \
            "$name" --contains 12 --contains 56 --not-contains 34 --not-contains 56 --regex 34 --regex '^12' \
            --json /0=12 --json /1=35 "${ARGS[@]}"
        failed_so contains 56 "$WHAT does not contain '56'" notContains 34 "$WHAT contains '34': '[12,34]'" \
            json /1=35 '/1 is 34, not 35' regex '^12' "$WHAT does not match '^12'"
    done
}

@test "expect: each alone and all together, holding and not, on each probe that sees bytes" {
    # A reply that is wrong may be followed by a better one, so that each failure of udp takes its time.
    beside alone_and_together udp
    alone_and_together http exec file tcp
    join
}

@test "expect: the bytes to wait for are one of them" {
    local name
    for name in tcp udp; do
        seeing "$name"
        probe "$name" -o json --expect 56 --contains 78 "${ARGS[@]}"
        expect_json failure "$WHAT has no '56'; $WHAT does not contain '78'; $WHAT is '[12,34]'$THEN"
        reason_is ExpectationFailed
        failed_so expect 56 "$WHAT has no '56'" contains 78 "$WHAT does not contain '78'"
    done
}

@test "expect: several at once, all that fail are named" {
    probe http -o json --contains A --not-contains UP --regex '^B$' --json /status=DOWN \
        --header-contains 'Content-Type: html' --max-latency 1ms "$S/slow/actuator/health"
    is_status 1
    parse_json
    failed contains notContains headerContains json regex maxLatencyMs
    reason_is ExpectationFailed
    probe http --contains A --not-contains UP --regex '^B$' --json /status=DOWN "$S/actuator/health"
    is_verdict_line
    expect success '~.*' http --contains UP --not-contains FATAL --regex UP --json /status=UP \
        --header-contains 'Content-Type: json' --max-latency 900ms "$S/actuator/health"
    [[ $JSON != *failedExpectations* ]] || fail 'expected no failed expectation'
}

@test "expect: a failure stays one, and says what else is wrong" {
    expect failure "HTTP probe failed with statuscode: 500; the body does not contain 'fine'; the body is 'the database is gone'" \
        http --contains fine "$S/error"
    reason_is UnexpectedStatus
    failed contains
    expect failure 'HTTP probe failed with statuscode: 500' http --contains gone "$S/error"
    expect success '~.*' http --status 500 --contains gone "$S/error"
    expect failure "exit status 3: no; the output does not contain 'yes'; the output is 'no'" \
        exec --contains yes -- sh -c 'printf no; exit 3'
    probe exec --contains yes -- sh -c 'echo yes; exit 3'
    is_status 1
    output_matches 'exit status 3'
}

@test "expect: NUL hides nothing" {
    expect success '~.*' http --contains ready --regex 'tw[o]' --regex ready --regex 'end$' "$S/nul"
    expect failure "~.*contains 'end'.*" http --not-contains end "$S/nul"
    expect success '~.*' exec --contains b --regex b -- printf 'a\0\0b'
}

@test "expect: the limit" {
    expect success '~.*' http --contains ready "$S/edge"
    expect failure "~the body does not contain 'ready'; the body is 'x+\.\.\.'; only the first 10KiB of it were looked at \(--body-limit\)" \
        http --contains ready "$S/long"
    expect success '~.*' http --contains ready --body-limit 10245 "$S/long"
    expect failure '~.*only the first 10244 .*' http --contains ready --body-limit 10244 "$S/long"
    expect success '~.*' http --contains ready --body-limit 1MiB "$S/long"
    expect success '200 Status' http "$S/long"
    # Of a command it is the end that is kept.
    expect success '~.*' exec --contains ready -- sh -c 'head -c 20000 /dev/zero; echo ready'
    expect failure '~.*only the last 10KiB of it were looked at \(--body-limit\)' \
        exec --contains ready -- sh -c 'echo ready; head -c 20000 /dev/zero'
    expect success '~.*' exec --contains ready --body-limit 64K -- sh -c 'echo ready; head -c 20000 /dev/zero'
}

@test "expect: sizes" {
    local size
    for size in 1 10240 64K 64KiB 1M 1MiB 1024K; do
        probe exec --body-limit "$size" -- true
        is_status 0
    done
    for size in 0 '' 2M 1MiB1 1.5K 1k 1MB -1 1048577 99999999999999999999 K; do
        expect_usage "--body-limit '$size' is not a size: use 10240, 64KiB or 1MiB, from 1 to 1MiB" \
            exec --body-limit "$size" -- true
    done
}

@test "expect: a body in chunks" {
    expect success '~.*' http --contains '"status": "UP"' --json /components/db/status=UP "$S/chunked/actuator/health"
    expect failure '~/status is .*UP.*, not .*DOWN.*' http --json /status=DOWN "$S/chunked/actuator/health"
}

@test "expect: what a target sends is escaped" {
    expect failure "~the body does not contain 'x'; the body is '.*x1b.31mred.*x07.*x80.*n'" http --contains x "$S/evil"
    probe http -v --contains x "$S/evil"
    if LC_ALL=C tr -d '\n' <"$out" | LC_ALL=C grep -q '[[:cntrl:]]'; then fail 'a control character came through'; fi
}

@test "expect: exec" {
    # Of much output the end tells most.
    expect failure "~the output does not contain 'ok'; the output ends with '.*it is bad.*'" \
        exec --contains ok -- sh -c 'seq 1000; echo it is bad'
    expect success '~.*' exec --contains ok --not-contains bad --regex '^ok$' -- sh -c 'echo ok; echo fine >&2'
    expect failure "the output does not contain 'ok'; the output is empty" exec --contains ok -- true
    expect success '~.*' exec --json /a/b=1 -- echo '{"a":{"b":1}}'
    expect unknown '~.*' exec --contains ok -- no-such-command-at-all
    expect_deadline 300 exec --contains ok -- sh -c 'echo ok; sleep 60'
}

# Each takes 100 ms or more, and 50 are allowed.
too_slow() {
    local measured
    probe "$1" -o json -t 10s --max-latency 50ms "${@:2}"
    expect_json failure '~the answer took [0-9]+\.[0-9] ms, allowed are 50ms'
    reason_is TooSlow
    failed_so maxLatencyMs 50 "$(field /message)"
    measured=$(field /message | grep -o '[0-9]*' | head -n 1)
    ((measured >= 100 && measured <= elapsed)) || fail 'expected the time that it took'
}

# A passed deadline has no latency.
no_latency() {
    expect_deadline_as json 100 "$1" --max-latency 1ms "${@:2}"
    [[ $JSON != *failedExpectations* && $JSON != *allowed* ]] || fail 'expected nothing of the latency'
}

no_latencies() {
    no_latency http "127.0.0.1:$STILL_PORT"
    no_latency tcp --contains x "127.0.0.1:$STILL_PORT"
    no_latency grpc "127.0.0.1:$STILL_PORT"
    no_latency exec -- sleep 60
    no_latency file --contains x "$1"
    no_latency process --pidfile "$1"
    no_latency udp --send x "127.0.0.1:$HUSH_PORT"
}

@test "expect: latency, of every probe" {
    local fifo=$BATS_TEST_TMPDIR/fifo
    mkfifo "$fifo" "$fifo-unwritten"
    beside no_latencies "$fifo-unwritten"
    too_slow http "$S/slow/login"
    too_slow tcp --expect 220 "127.0.0.1:$LATE_PORT"
    too_slow grpc --service drip:2 "127.0.0.1:$RAW_PORT"
    too_slow exec -- sleep 0.1
    too_slow udp --send x "127.0.0.1:$LAG_PORT"
    # The writer comes when the program has opened it to read, and takes its time.
    UNDER=(sh -c '(sleep 0.1; echo "$0") >"$1" & shift; exec "$@"' "$$" "$fifo")
    too_slow file --contains "$$" "$fifo"
    too_slow process --pidfile "$fifo"
    UNDER=()
    join
}

@test "expect: latency that is allowed, and of a failure" {
    expect success '~.*' http --max-latency 10s "$S/login"
    expect success '~.*' grpc --max-latency 10s "127.0.0.1:$RAW_PORT"
    expect success '~.*' process --pid $$ --max-latency 10s
    expect failure '~HTTP probe failed with statuscode: 404; the answer took .* ms, allowed are 50ms' \
        http --max-latency 50ms "$S/slow/absent"
    failed maxLatencyMs
}

@test "expect: the same by spec" {
    local s='"httpGet":{"host":"127.0.0.1","port":'$HTTP_PORT',"path":"/actuator/health"'
    good() {
        probe -o json -f "$1"
        expect_json success '~.*'
    }
    bad() {
        probe -o json -f "$1"
        expect_json failure '~.*'
        failed "${@:2}"
    }
    good "{$s},\"expect\":{\"contains\":\"UP\",\"notContains\":[\"FATAL\"],\"regex\":[\"UP\",\"db\"],\"json\":{\"/status\":\"UP\",\"/components/disk\":{\"status\":\"DOWN\"}},\"headerContains\":\"Content-Type: json\",\"maxLatencyMs\":900}}"
    good "{$s,\"bodyLimit\":\"1MiB\"},\"expect\":{\"contains\":[],\"maxLatency\":\"900ms\"}}"
    good "{$s,\"bodyLimit\":1000},\"expect\":{}}"
    bad "{$s},\"expect\":{\"contains\":[\"A\",\"UP\"],\"notContains\":\"UP\",\"regex\":\"^B\",\"json\":{\"/status\":null}}}" \
        contains notContains json regex
    bad "{$s},\"expect\":{\"headerContains\":[\"Content-Type: html\"]}}" headerContains
    bad '{"exec":{"command":["echo","hi"]},"expect":{"contains":"ho"}}' contains
    bad '{"exec":{"command":["sleep","0.05"]},"expect":{"maxLatencyMs":1}}' maxLatencyMs
    # In the handler too.
    bad "{$s,\"contains\":\"A\",\"json\":{\"/status\":\"UP\"}}}" contains
    bad "{$s,\"contains\":\"A\",\"maxLatencyMs\":900},\"expect\":{\"notContains\":\"UP\"}}" contains notContains
    # Flags add to what the spec expects.
    probe -o json -f "{$s},\"expect\":{\"contains\":\"A\"}}" --contains B
    expect_json failure '~.*'
    failed contains contains
}

# A spec's handler and the probe by flags that it stands for: with expectations that hold, and with some that do not.
same_expectations() {
    same_as_flags "{$1,\"timeout\":\"300ms\",\"expect\":{\"contains\":[\"12\",\"34\"],\"notContains\":\"56\",
        \"regex\":[\"^.12\"],\"json\":{\"/0\":12,\"/1\":34},\"maxLatencyMs\":9000}}" \
        "$2" -t 300ms --contains 12 --contains 34 --not-contains 56 --regex '^.12' --json /0=12 --json /1=34 \
        --max-latency 9s "${@:3}"
    is_status 0
    same_as_flags "{$1,\"timeout\":\"300ms\",\"expect\":{\"contains\":\"56\",\"notContains\":[\"34\",\"12\"],
        \"regex\":\"^12\",\"json\":{\"/0\":\"12\",\"/2\":null},\"maxLatency\":\"9s\"}}" \
        "$2" -t 300ms --contains 56 --not-contains 34 --not-contains 12 --regex '^12' --json '/0="12"' \
        --json /2=null --max-latency 9s "${@:3}"
    is_status 1
}

@test "expect: the same by flags and by spec, on every probe" {
    local at='"host":"127.0.0.1","port":' list=$BATS_TEST_TMPDIR/list
    printf '[12,34]' >"$list"
    beside same_expectations "\"udp\":{$at$ECHO_PORT,\"send\":\"[12,34]\"}" udp --send '[12,34]' "127.0.0.1:$ECHO_PORT"
    same_expectations "\"httpGet\":{$at$HTTP_PORT,\"path\":\"/list\"}" http "$S/list"
    same_expectations '"exec":{"command":["printf","%s","[12,34]"]}' exec -- printf %s '[12,34]'
    same_expectations "\"file\":{\"path\":\"$list\"}" file "$list"
    same_expectations "\"tcpSocket\":{$at$LIST_PORT}" tcp "127.0.0.1:$LIST_PORT"
    same_as_flags "{\"httpGet\":{$at$HTTP_PORT,\"path\":\"/long\",\"bodyLimit\":\"1K\"},
        \"expect\":{\"contains\":\"ready\",\"headerContains\":[\"Content-Type: html\",\"X-Two: one\"]}}" \
        http --body-limit 1K --contains ready --header-contains 'Content-Type: html' --header-contains 'X-Two: one' \
        "$S/long"
    failed contains headerContains
    # What is slow by both.
    same_as_flags "{\"grpc\":{$at$RAW_PORT,\"service\":\"drip:2\"},\"expect\":{\"maxLatency\":\"50ms\"}}" \
        grpc --max-latency 50ms --service drip:2 "127.0.0.1:$RAW_PORT"
    failed maxLatencyMs
    same_as_flags "{\"process\":{\"pid\":$$},\"expect\":{\"maxLatencyMs\":9000}}" process --pid $$ --max-latency 9s
    is_status 0
    join
}

@test "expect: wrong specs" {
    local s='{"httpGet":{"port":1},"expect":'
    expect_usage '.expect: is a string, not an object' -f "$s\"UP\"}"
    expect_usage '.expect.contain: is not a member of expect (did you mean .contains?)' -f "$s{\"contain\":\"UP\"}}"
    expect_usage '.expect.contains: is a number, not a string' -f "$s{\"contains\":1}}"
    expect_usage '.expect.contains[1]: is null, not a string' -f "$s{\"contains\":[\"a\",null]}}"
    expect_usage '.expect.contains: is empty: give a text' -f "$s{\"contains\":\"\"}}"
    expect_usage '.expect.json: is an array, not an object of JSON pointers and values' -f "$s{\"json\":[1]}}"
    expect_usage ".expect.json.status: 'status' is not a JSON pointer: it starts with /, as in /status" \
        -f "$s{\"json\":{\"status\":1}}}"
    expect_usage '.expect.maxLatency: says the same as .maxLatencyMs: give one of them' \
        -f "$s{\"maxLatencyMs\":5,\"maxLatency\":3}}"
    expect_usage '.expect.maxLatencyMs: is a string, not a number' -f "$s{\"maxLatencyMs\":\"5\"}}"
    expect_usage '.expect.contains: is there twice' -f "$s{\"contains\":\"a\",\"contains\":\"b\"}}"
    expect_usage '.httpGet.contain: is not a member of httpGet (did you mean .contains?)' \
        -f '{"httpGet":{"port":1,"contain":"a"}}'
    expect_usage '.tcpSocket.expect: is an object, not a string' \
        -f '{"tcpSocket":{"port":1,"expect":{"contains":"a"}}}'
    expect_usage '.expct: is not a member of a probe (did you mean .expect?)' -f '{"httpGet":{"port":1},"expct":{}}'
    expect_usage '.expect.contains: is not a member of expect' -f '{"process":{"pid":1},"expect":{"contains":"a"}}'
    expect_usage '.expect.headerContains: is not a member of expect' \
        -f '{"exec":{"command":["true"]},"expect":{"headerContains":"a: b"}}'
    expect_usage '--json '"'/a'"' is not POINTER=VALUE, as in /status=UP' http --json /a :1
    expect_usage '--json '"'a'"' is not a JSON pointer: it starts with /, as in /status' http --json a=1 :1
    expect_usage '--json '"'/a~2'"' is not a JSON pointer: after ~ come 0 (for ~) or 1 (for /)' http --json /a~2=1 :1
    expect_usage '--contains is empty: give a text' http --contains '' :1
    expect_usage '--contains is not an option of process: it is for http, tcp, exec, file, udp' process --contains a
    expect_usage '--header-contains needs the form '"'NAME: VALUE'"', with a NAME of letters, digits and -' \
        http --header-contains nonsense :1
}
