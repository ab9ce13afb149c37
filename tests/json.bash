# shellcheck shell=bash
# What the last probe's JSON says. helper.bash loads it.
#
#   parse_json             reads it, strictly, into JSON, a line for each value (/http/status=404), and MEMBERS
#   field POINTER          a value
#   reason_is WORD         the reason
#   timings_are PHASE...   which of the timings are numbers: resolve, connect, tls, firstByte
#   timing_at_least PHASE MS

# Bats loads this within a function.
declare -gA MEMBERS

parse_json() {
    local -
    set +T
    ask_json_reader
}

ask_json_reader() {
    local lines line said reader
    exec {reader}<>"/dev/tcp/127.0.0.1/$JSON_READER_PORT"
    printf '%s\n' "$out" >&"$reader"
    IFS= read -r said <&"$reader" || fail 'expected to be told of the JSON'
    exec {reader}<&-
    [ "$said" = ok ] || fail "expected JSON on one line: $said"
    mapfile -t lines <"$out.flat"
    printf -v JSON '%s\n' "${lines[@]}"
    JSON=${JSON%$'\n'}
    MEMBERS=()
    for line in "${lines[@]}"; do
        MEMBERS[${line%%=*}]=${line#*=}
    done
}

field() {
    [ -n "${MEMBERS[$1]+there}" ] || fail "expected JSON to have $1: $JSON"
    printf '%s\n' "${MEMBERS[$1]}"
}

reason_is() { [ "${MEMBERS[/reason]}" = "$1" ] || fail "expected the reason $1"; }

# Those that are not named are null, and the others make no more than the total.
timings_are() {
    local phase value values=()
    for phase in resolve connect tls firstByte; do
        value=${MEMBERS[/timings/${phase}Ms]}
        if [[ " $* " != *" $phase "* ]]; then
            [ "$value" = null ] || fail "expected no ${phase}Ms"
        else
            [[ $value =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "expected a number of ${phase}Ms"
            values+=("$value")
        fi
    done
    value=${MEMBERS[/timings/totalMs]}
    [ "$value" = "${MEMBERS[/durationMs]}" ] || fail 'expected totalMs to be durationMs'
    awk 'BEGIN { for (i = 2; i < ARGC; i++) sum += ARGV[i]; exit !(ARGV[1] > 0 && sum <= ARGV[1] + 0.001) }' \
        "$value" "${values[@]}" || fail 'expected the phases to make no more than the total'
}

timing_at_least() {
    local value=${MEMBERS[/timings/${1}Ms]}
    [ "${value%%.*}" -ge "$2" ] || fail "expected ${1}Ms to be no less than $2"
}
