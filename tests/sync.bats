#!/usr/bin/env bats
# The option table is the one source of what a user can say: the help, the manual page and the
# completions must know all of it, and nothing else. The program tells the table by --list-options:
# probes, flag, letter, JSON member, kind, words, default and help, with tabs between.

load helper

ROOT=$BATS_TEST_DIRNAME/..

setup() {
    "$PROBECTL" --list-options >"$BATS_TEST_TMPDIR/table"
    table=$BATS_TEST_TMPDIR/table
    put_in_path
    [ -s "$table" ] || fail 'the table is empty, or contradicts itself'
}

# Column $2 of the rows that the probe $1 has, or of all rows when it is empty.
column() {
    awk -F '\t' -v probe="$1" -v n="$2" '(probe == "" || "," $1 "," ~ "," probe ",") && $n != "" { print $n }' \
        "$table" | sort -u
}

probes() { cut -f1 "$table" | tr ',' '\n' | sort -u; }

# same WHAT A B - two lists are the same: the first is the table's.
same() {
    local difference
    difference=$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3")) ||
        fail "$1 (< is missing there, > is not in the table): $difference"
}

@test "sync: --help of each probe has its rows of the table and no others" {
    local probe
    for probe in $(probes); do
        probe "$probe" --help
        same "flags of $probe --help" "$(column "$probe" 2)" \
            "$(grep -oP '^ +(-\w, )?\K--[a-z0-9-]+' "$out" | sort -u)"
        same "letters of $probe --help" "$(column "$probe" 3)" \
            "$(grep -oP '^ +\K-\w(?=, --)' "$out" | sort -u)"
        # A flag's line and the lines that go on with it say what the table says of it.
        local flag kind words initial help text
        while IFS=$'\t' read -r flag kind words initial help; do
            text=$(awk -v flag="$flag" '
                /^ +-/ { found = $1 == flag || $2 == flag }
                !NF { found = 0 }
                found { gsub(/ +/, " "); print }' "$out" | tr '\n' ' ' | tr -s ' ')
            [[ $text == *"$help"* ]] || fail "$probe --help of $flag lacks: $help"
            [[ $text == *"${words//,/, }"* ]] || fail "$probe --help of $flag lacks: $words"
            [[ $text == *"$initial"* ]] || fail "$probe --help of $flag lacks: $initial"
        done < <(awk -F '\t' -v probe="$probe" -v OFS='\t' \
            '("," $1 "," ~ "," probe ",") && $2 != "" { print $2, $5, $6, $7, $8 }' "$table" |
            sed 's/\t\t/\t \t/g; s/\t\t/\t \t/g')
    done
}

@test "sync: --help lists every probe" {
    probe --help
    same 'probes of --help' "$(probes)" \
        "$(grep -oP '^  \K[a-z]+(?= )' "$out" | sort -u)"
}

# The tags of the lists in a section, $1, of the manual page: ".It Fl t Ar DURATION , Fl -timeout".
tags() {
    sed -n "/^\.Sh $1\$/,/^\.Sh /s/^\.It //p" "$ROOT/man/probectl.1"
}

# described PROBE - the tags of the options in the manual page that are the probe's. Its list is below a heading that says
# which probes it is for, ".Ss TLS: http, tcp, grpc" or ".Ss http"; an option's text begins with those that it is for when
# it is for others than that, ".Pq Cm tcp , grpc".
described() {
    awk -v probe="$1" '
        function has(list) { gsub(/ /, "", list); return list == "all" || "," list "," ~ "," probe "," }
        function tell() { if (tag != "" && has(probes)) print tag; tag = "" }
        /^\.Sh / { tell(); inside = $0 == ".Sh OPTIONS" }
        !inside { next }
        /^\.Ss / {
            tell()
            sub(/^\.Ss (.*: )?/, "")
            heading = $0 == "Every probe" ? "all" : $0
            next
        }
        /^\.It / { tell(); tag = substr($0, 5); probes = heading; first = 1; next }
        first && /^\.Pq Cm / { probes = substr($0, 8) }
        first && /^\.Pq all probes$/ { probes = "all" }
        { first = 0 }' "$ROOT/man/probectl.1"
}

# members PROBE - the members of a spec in the manual page that are the probe's. In a table they stand in the first column,
# and whose they are in the second: ".It Li host Ta httpGet, tcpSocket Ta string". Others are for all.
members() {
    local key=$1
    case $1 in
        http) key=httpGet ;;
        tcp) key=tcpSocket ;;
    esac
    # The object that is called "expect" is no row of the table.
    tags SPEC | sed -n '/^Li expect$/d; s/^Li //p' | awk -F ' Ta ' -v key="$key" '
        function has(list) {
            if (sub(/^all but /, "", list)) { gsub(/ and /, ", ", list); return !has(list) }
            return list == "all" || ", " list "," ~ ", " key ","
        }
        NF < 2 || has($2) { print $1 }' | tr -d ' ' | tr ',' '\n' | sort -u
}

@test "sync: the manual page describes every flag, letter and JSON member of each probe, and no others" {
    local probe
    for probe in $(probes); do
        same "flags of $probe in the manual page" "$(column "$probe" 2)" \
            "$(described "$probe" | grep -oP 'Fl -\K[a-z0-9-]+' | sed 's/^/--/' | sort -u)"
        same "letters of $probe in the manual page" "$(column "$probe" 3)" \
            "$(described "$probe" | grep -oP 'Fl \K\w(?=\s|$)' | sed 's/^/-/' | sort -u)"
        same "JSON members of $probe in the manual page" "$(column "$probe" 4)" "$(members "$probe")"
    done
    # What the text mentions must exist too.
    local flag
    while read -r flag; do
        column '' 2 | grep -qx -e "--$flag" || fail "--$flag is not in the table"
    done < <(grep -oP 'Fl -\K[a-z0-9-]+' "$ROOT/man/probectl.1" | sort -u)
}

# A line for each form in the synopsis: the probe's name, and the flags beside it.
forms() {
    sed -n '/^\.Sh SYNOPSIS$/,/^\.Sh /p' "$ROOT/man/probectl.1" | awk '
        /^\.(Nm|Sh)/ { if (line != "") print line; line = ""; next }
        { while (match($0, /^\.Cm [a-z]+$|Fl -[a-z-]+/)) {
              word = substr($0, RSTART, RLENGTH)
              sub(/^\.Cm /, "", word); sub(/^Fl /, "-", word)
              line = line (line == "" ? "" : " ") word
              $0 = substr($0, RSTART + RLENGTH) } }'
}

@test "sync: the synopsis has every probe, with flags that it has" {
    same 'probes of the synopsis' "$(probes)" "$(forms | cut -d ' ' -f1 | sort -u)"
    local probe flags flag
    while read -r probe flags; do
        for flag in $flags; do
            column "$probe" 2 | grep -qx -e "$flag" || fail "$flag is not an option of $probe"
        done
    done < <(forms)
}

@test "sync: the completions of each probe offer its flags and no others" {
    local shell probe
    for shell in bash zsh fish; do
        for probe in $(probes); do
            same "flags of $shell for $probe" "$(column "$probe" 2)" \
                "$(complete_"$shell" "probectl $probe --" | sort -u)"
        done
    done
}

@test "sync: every reason is in the manual page, and no others" {
    # The program has no way to list them: they are read where they are defined.
    local words
    words=$(grep -oP '^\tX\(\w+, "\K\w+' "$ROOT/src/result.h" | sort -u)
    same 'reasons of the manual page' "$words" \
        "$(tags REASONS | sed -n 's/^Li //p' | sort -u)"
}

@test "sync: every reason is expected by a test" {
    local lines word
    lines=$(grep -rhv --include='*.bats' --exclude=sync.bats '^ *#' "$TESTS")
    while read -r word; do
        # No test can bring it about that a library cannot be initialised.
        [ "$word" != InternalError ] || continue
        grep -qw -e "$word" <<<"$lines" || fail "no test expects the reason $word"
    done < <(grep -oP '^\tX\(\w+, "\K\w+' "$ROOT/src/result.h")
}
