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

@test "sync: the manual page describes every flag, letter and JSON member, and no others" {
    same 'flags of the manual page' "$(column '' 2)" \
        "$(tags OPTIONS | grep -oP 'Fl -\K[a-z0-9-]+' | sed 's/^/--/' | sort -u)"
    same 'letters of the manual page' "$(column '' 3)" \
        "$(tags OPTIONS | grep -oP 'Fl \K\w(?=\s|$)' | sed 's/^/-/' | sort -u)"
    # In a table the member stands in the first column: ".It Li host Ta httpGet, tcpSocket Ta string".
    same 'JSON members of the manual page' "$(column '' 4)" \
        "$(tags SPEC | sed -n 's/ Ta .*//; s/^Li //p' | tr -d ' ' | tr ',' '\n' | sort -u)"
    # What the text mentions must exist too.
    local flag
    while read -r flag; do
        column '' 2 | grep -qx -e "--$flag" || fail "--$flag is not in the table"
    done < <(grep -oP 'Fl -\K[a-z0-9-]+' "$ROOT/man/probectl.1" | sort -u)
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
