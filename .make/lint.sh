#!/bin/bash
# lint.sh CPPFLAGS... - every linter over everything that it understands. One that finds nothing prints a line and no
# more.
# shellcheck disable=SC2317  # run calls the functions
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run NAME COMMAND... - what it said is shown when it found something.
run() {
    local name=$1
    shift
    if "$@" >"$scratch/said" 2>&1; then
        printf '%-13s ok\n' "$name"
    else
        cat "$scratch/said"
        printf '%-13s FAILED\n' "$name"
        failed=1
    fi
}

# Scripts are known by their first line where they have no suffix.
scripts() {
    local file first
    while read -r file; do
        IFS= read -r first <"$file" || true
        case $file:$first in
            *.bats:* | *.bash:* | *.sh:* | *:'#!'*[/\ ]sh | *:'#!'*[/\ ]bash) printf '%s\n' "$file" ;;
        esac
    done < <(find .make .ci completions tests -type f ! -name '*.py' ! -name '.*' | sort)
}

# All warnings are errors by .clang-tidy. One file a process: with several it sees uninitialised va_lists.
tidy() {
    printf '%s\0' "$PWD"/src/*.c | xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p "$scratch" 2>&1 |
        sed '/^[0-9]* warnings\{0,1\} generated/d'
}

# Suppressed: vfork is on purpose (src/command.c), as is the descriptor that main leaves open; the array's bound is in
# the condition, by sizeof; readdir_r is deprecated; flags that are 0 say what is meant; where a variable is declared
# and what binds closer, & or ?:, is a matter of taste.
check() {
    cppcheck --quiet -j "$(nproc)" --enable=warning,style,performance,portability --error-exitcode=1 \
        --inline-suppr --suppress=vforkCalled --suppress=leakReturnValNotUsed:src/main.c \
        --suppress=arrayIndexOutOfBoundsCond:src/probe_exec.c --suppress=clarifyCalculation \
        --suppress=readdirCalled --suppress=badBitmaskCheck --suppress=variableScope \
        --std=c11 --library=posix -D_GNU_SOURCE -DPROBECTL_VERSION='"0"' src
}

# The README's recipes are scripts too.
recipes() {
    awk -v stem="$scratch/recipe" '
        /^```/ { inside = 0 }
        inside && /^#!/ { file = stem (++count) ".sh" }
        inside && file { print > file }
        /^```sh/ { inside = 1; file = "" }' README.md
    shellcheck "$scratch"/recipe*.sh
}

manual() {
    # Whether the manuals that it refers to are installed here is no property of the page.
    ! mandoc -T lint -W style man/probectl.1 | grep -v 'referenced manual not found'
}

printf '%s\n' -std=c11 "$@" >"$scratch/compile_flags.txt"
mapfile -t scripts < <(scripts)

run clang-format clang-format --dry-run -Werror src/*.[ch]
run clang-tidy tidy
run cppcheck check
run shellcheck shellcheck --external-sources "${scripts[@]}"
run recipes recipes
run mandoc manual
exit "$failed"
