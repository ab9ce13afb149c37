#!/usr/bin/env bats
# The completions, each loaded and exercised in its real shell.

load helper

setup() {
    put_in_path
    cd "$BATS_TEST_TMPDIR" || exit
    touch spec-one.json spec-two.json
}

# The long flags and letters of the table's rows that $1, a probe, has: of all rows when it is empty.
flags_of() {
    "$PROBECTL" --list-options | awk -F '\t' -v probe="$1" '
        "," $1 "," ~ "," probe "," || probe == "" { print $2; print $3 }' | sed '/^$/d' | LC_ALL=C sort -u
}

# offers LINE WORD... - each of the shells offers just these words after the line.
offers() {
    local -
    set +T
    each_shell_offers "$@"
}

each_shell_offers() {
    local shell line=$1 expected offered
    shift
    expected=$(printf '%s\n' "$@" | LC_ALL=C sort -u)
    for shell in bash zsh fish; do
        # Where nothing begins with what was typed, fish offers what has its letters somewhere.
        offered=$("complete_$shell" "$line" | grep -e "^${line##* }" | LC_ALL=C sort -u)
        [ "$offered" = "$expected" ] || fail "$shell offers after '$line': $offered"
    done
}

@test "completions: the probes" {
    # shellcheck disable=SC2046  # a word each
    offers 'probectl ' $("$PROBECTL" --list-options | cut -f1 | tr ',' '\n' | sort -u)
    offers 'probectl ht' http
    offers 'probectl -q ht' http
    offers 'probectl -t 2s ht' http
    offers 'probectl -t2s ht' http
    offers 'probectl -qt 2s ht' http
    offers 'probectl --timeout=2s ht' http
    offers 'probectl --timeout 2s -- ht' http
    offers 'probectl frob' ''
}

@test "completions: flags" {
    offers 'probectl http --timeout-' --timeout-as
    offers 'probectl http --red' --redirect
    offers 'probectl --exi' --exit-codes
    offers 'probectl http :80 --exi' --exit-codes
    offers 'probectl http -t 2s --exi' --exit-codes
    offers 'probectl tcp --path' ''
    offers 'probectl exec --hos' ''
    offers 'probectl -q tcp --ipv' --ipv4 --ipv6
}

@test "completions: every flag and letter of a probe's rows, and no others" {
    local probe
    for probe in $("$PROBECTL" --list-options | cut -f1 | tr ',' '\n' | sort -u); do
        # shellcheck disable=SC2046
        offers "probectl $probe -" $(flags_of "$probe")
    done
}

@test "completions: before a probe is named, what every probe takes" {
    # shellcheck disable=SC2046
    offers 'probectl --' $("$PROBECTL" --list-options | awk -F '\t' '
        length($1) > length(every) { every = $1 }
        { probes[NR] = $1; flag[NR] = $2 }
        END { for (i in flag) if (probes[i] == every && flag[i] != "") print flag[i] }')
}

@test "completions: beside a spec every flag, for each may override it, and no probe" {
    # shellcheck disable=SC2046
    offers 'probectl -f spec-one.json --' $(flags_of '' | grep -e '^--')
    offers 'probectl --spec spec-one.json ht' ''
    offers 'probectl --spec=spec-one.json ht' ''
    offers 'probectl -qf spec-one.json ht' ''
    offers 'probectl -fspec-one.json ht' ''
}

@test "completions: values" {
    offers 'probectl http --redirect ' same-host follow none
    offers 'probectl http --redirect f' follow
    offers 'probectl tcp --timeout-as ' unknown failure
    offers 'probectl tcp -o js' json
    offers 'probectl tcp -qo js' json
    offers 'probectl -f spec-t' spec-two.json
    offers 'probectl --spec spec-' spec-one.json spec-two.json
    offers 'probectl http --timeout ' ''
    offers 'probectl http --timeout --red' ''
    [[ $(complete_bash 'probectl http --host l') == *localhost* || $(complete_fish 'probectl http --host l') == *localhost* ]] ||
        fail 'nobody offers localhost'
}

@test "completions: a value after =" {
    # That of bash is tried at a terminal, where it splits the word.
    [ "$(complete_zsh 'probectl http --redirect=f')" = follow ] || fail zsh
    [ "$(complete_fish 'probectl http --redirect=f')" = --redirect=follow ] || fail fish
    [ "$(complete_fish 'probectl --spec=spec-t')" = --spec=spec-two.json ] || fail fish
}

@test "completions: after the command of exec they are the command's" {
    # shellcheck disable=SC2046
    offers 'probectl exec -- tru' $(compgen -c tru | sort -u)
    # shellcheck disable=SC2046
    offers 'probectl exec -t 2s tru' $(compgen -c tru | sort -u)
    offers 'probectl exec cat --exit-codes spec-o' spec-one.json
    offers 'probectl exec -t 2s -- cat spec-one.json spec-t' spec-two.json
    # What fish and zsh know of a command, they know of it here too.
    [[ $(complete_zsh 'probectl exec -- chmod --ref') == --reference* ]] || fail zsh
    [[ $(complete_fish 'probectl exec -- chmod --ref') == --reference* ]] || fail fish
}

@test "completions: without the program they offer nothing and say nothing" {
    local shell
    rm "$BATS_TEST_TMPDIR/bin/probectl"
    quiet() {
        for shell in bash zsh fish; do
            output=$("complete_$shell" "$1" 2>&1) || true
            [ -z "$output" ] || fail "$shell says after '$1': $output"
        done
    }
    quiet 'probectl '
    quiet 'probectl http --'
    # One that is there, and is not what it seems.
    printf '#!/bin/sh\necho "$0: broken" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/probectl"
    chmod +x "$BATS_TEST_TMPDIR/bin/probectl"
    quiet 'probectl '
    quiet 'probectl http --'
}

@test "completions: they ask the program that is being completed" {
    mkdir other
    printf '#!/bin/sh\nprintf "http,tcp,new\\t--brand-new\\t-b\\t\\tchoice\\tone,two\\t\\tof [a: kind]\\n"\n' >other/probectl
    chmod +x other/probectl
    offers './other/probectl ' http tcp new
    offers './other/probectl new --' --brand-new
    offers './other/probectl new -b ' one two
    offers 'probectl new --' ''
}

@test "completions: zsh and fish describe the flags" {
    local line help
    help() { "$PROBECTL" --list-options | awk -F '\t' -v flag="$1" '$2 == flag { print $8; exit }'; }
    help=$(help --timeout-as)
    line=$(HOME=$BATS_TEST_TMPDIR fish -c 'source $argv[1]; complete -C "probectl http --timeout-"' \
        "$TESTS/../completions/probectl.fish")
    [ "$line" = "--timeout-as"$'\t'"$help" ] || fail "fish: $line"
    press_tab zsh 'probectl http --ipv' "--ipv4  -- $(help --ipv4)"
}

# The real thing: an interactive shell on a terminal, where somebody presses the tab key.
press_tab() {
    "$PYTHON" "$TESTS/press_tab.py" "$1" "$TESTS/../completions" "${@:2}" || fail "$1: that was not completed"
}

@test "completions: at a terminal" {
    local shell
    for shell in bash zsh fish; do
        press_tab "$shell" \
            'probectl htt' 'probectl http ' \
            'probectl http --redi' 'probectl http --redirect' \
            'probectl http --redirect fo' 'probectl http --redirect follow ' \
            'probectl http --redirect=fo' 'probectl http --redirect=follow ' \
            'probectl -f spec-t' 'probectl -f spec-two.json ' \
            "probectl http -H 'Host: a' --redi" "probectl http -H 'Host: a' --redirect" \
            'probectl --host ::1 ht' 'probectl --host ::1 http ' \
            'probectl exec -- cat spec-t' 'probectl exec -- cat spec-two.json '
    done
}
