#!/usr/bin/env bats
# The README's one-line commands. (callers.bats runs its scripts.)

load helper

@test "readme: every command is one that the program takes" {
    put_in_path
    local line
    while read -r line; do
        COMMAND=("$line")
        status=0
        # The servers of these lines are not there; but wrong usage would speak on stderr.
        stderr=$(timeout 20 sh -c "$line" 2>&1 >/dev/null 3>&-) || status=$?
        [ -z "$stderr" ] || fail 'expected it to be taken'
    done < <(grep -oP '^(\$ )?\Kprobectl .*' "$BATS_TEST_DIRNAME/../README.md" | grep -v -e --help)
}
